"""What a rule or a macro does to a case, as its author wrote it. `doing` makes commands of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Locale
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.kinds import Priority


@dataclass(frozen=True, slots=True)
class SetTopic:
    topic: str | None


@dataclass(frozen=True, slots=True)
class WriteDown:
    """Values by the field's key; `None` takes one away."""

    values: Mapping[str, FieldValue | None]


@dataclass(frozen=True, slots=True)
class SetPriority:
    priority: Priority


@dataclass(frozen=True, slots=True)
class Tag:
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveTo:
    """An agent's id or address; `None` gives the case back."""

    who: str | None


@dataclass(frozen=True, slots=True)
class GiveToTeam:
    """To whom of the team is available and has least to do; nobody there: to nobody."""

    team: str


@dataclass(frozen=True, slots=True)
class Note:
    """For the desk. May have placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """For the participant, in his language. May have placeholders."""

    texts: Mapping[Locale, str]


@dataclass(frozen=True, slots=True)
class Move:
    """To another state; `reason` is a key of `programme/reasons.yaml`."""

    state: CaseState
    reason: str | None = None


Act = SetTopic | WriteDown | SetPriority | Tag | GiveTo | GiveToTeam | Note | Answer | Move
