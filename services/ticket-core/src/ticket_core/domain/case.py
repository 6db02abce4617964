"""What is known about people, conversations and cases at one moment. All immutable; `evolve` makes the next moment.

What is made anew for each event is a named tuple: it is made and changed several times as fast as a frozen dataclass.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Assurance, Channel, Identity, IdentityKind, Locale
from ticket_core.domain.clocks import Clocks
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.kinds import EntryKind, Priority, Relation

ACTIVE = frozenset({CaseState.NEW, CaseState.OPEN, CaseState.PENDING, CaseState.ON_HOLD})
"""The states in which somebody still has something to do. A person has at most one such case per problem."""


def identity_key(kind: IdentityKind, value: str) -> bytes:
    """The 16 bytes under which an identity is found, locked and compared; its value need not be read for that."""
    return hashlib.sha256(f"{kind}:{value}".encode()).digest()[:16]


def mark(incident_id: str, update: int) -> str:
    """What a case remembers of having been told the `update` of an incident."""
    return f"{incident_id}:{update}"


class Fact(NamedTuple):
    """An identity as the world knows it, whoever mentions it.

    `participant_id` is the one who has proven it, or `None` while it was only claimed.
    """

    key: bytes
    kind: IdentityKind
    value: str
    participant_id: str | None = None
    assurance: Assurance = Assurance.CLAIMED


class Participant(NamedTuple):
    """Somebody who came to us. `last_case_id` is the one of his own cases that he was active in last.

    An agent may have found that he is the same person as others: `merged_into` is who he was merged into, if he was,
    and `group_id` is the same for all participants who are one person: the one of them who is merged into nobody.
    """

    id: str
    created_at: datetime
    name: str | None = None
    locale: Locale = Locale.INDONESIAN
    last_case_id: str | None = None
    merged_into: str | None = None
    group_id: str | None = None


class Conversation(NamedTuple):
    """One thread on one channel. `case_id` is the case it is about now; `last_seq` its last participant-visible entry.

    `identities` are the ways to reach its participant, as named in this very conversation and nowhere else.
    `read_seq` is how far the participant has read.
    """

    id: str
    channel: Channel
    participant_id: str
    locale: Locale
    name: str | None = None
    identities: tuple[Identity, ...] = ()
    case_id: str | None = None
    last_seq: int = 0
    read_seq: int = 0


class Merged(NamedTuple):
    """That a case is part of another one, and what it was before: an undo makes it that again."""

    into_id: str
    state: CaseState
    reason: str | None
    resolved_at: datetime | None
    close_at: datetime | None
    waiting_since: datetime | None


class Link(NamedTuple):
    """What the case `case_id` is to the one that has the link."""

    relation: Relation
    case_id: str


class Away(NamedTuple):
    """What was said in the entries `seqs` of a case is the case `case_id`'s, where `conversations` go on.

    `woke`: what was left waits for an answer, so that the case was pending no more.
    """

    case_id: str
    number: str
    seqs: tuple[int, ...]
    conversations: tuple[str, ...]
    woke: bool = False


class Origin(NamedTuple):
    """That a case was split off from the case `case_id`, and whether it is `back` there."""

    case_id: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class Ties:
    """What agents say that a case has to do with others, besides being part of one."""

    links: tuple[Link, ...] = ()
    away: tuple[Away, ...] = ()
    origin: Origin | None = None


class Case(NamedTuple):
    """One problem of one participant: its timeline, folded.

    `activity_at` is when something was last said or decided. `waiting_since` is the time of the first contribution of
    the participant that no agent has answered. `conversation_id` is where the participant spoke last, and where answers
    go. `last_kind` and `snippet` are of the last contribution. `last_seq` is the number of entries in the timeline.
    `gist` and `heard` are what the case is known by, see `fingerprint`.
    `reason` is why it is on hold, or how it was resolved. `fields` are the values written down, by key.
    `told_update` is the last update of an incident that its participant was told, see `mark`. `clocks` say what he was
    promised; a case from before there were any has none.
    """

    id: str
    number: str
    participant_id: str
    opened_at: datetime
    activity_at: datetime
    state: CaseState = CaseState.NEW
    topic: str | None = None
    priority: Priority = Priority.NORMAL
    assignee_id: str | None = None
    subject: str = ""
    snippet: str = ""
    gist: str = ""
    last_kind: EntryKind | None = None
    channels: tuple[Channel, ...] = ()
    aliases: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    conversation_id: str | None = None
    follow_up_of: str | None = None
    waiting_since: datetime | None = None
    resolved_at: datetime | None = None
    close_at: datetime | None = None
    last_seq: int = 0
    tags: tuple[str, ...] = ()
    reason: str | None = None
    fields: tuple[tuple[str, FieldValue], ...] = ()
    merged: Merged | None = None
    incident_id: str | None = None
    told_update: str | None = None
    ties: Ties | None = None
    clocks: Clocks | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        return self.ties.links if self.ties else ()

    @property
    def away(self) -> tuple[Away, ...]:
        return self.ties.away if self.ties else ()

    @property
    def origin(self) -> Origin | None:
        return self.ties.origin if self.ties else None

    @property
    def moved(self) -> frozenset[int]:
        """The entries that are another case's now."""
        return frozenset(seq for away in self.away for seq in away.seqs)

    def tied(self, **changes: Any) -> Ties | None:
        """Its ties with `changes`; `None` for none at all."""
        after = replace(self.ties or Ties(), **changes)
        return after if after != Ties() else None

    @property
    def version(self) -> str:
        """Another one after each entry; with the number, so that a case that takes over a number differs too."""
        return f"{self.number}.{self.last_seq}"

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two participants who may be the same person, because they share `identity`.

    `assurance` is how much the one who mentioned it last had proven. The two are in order, so that each pair is
    suggested once.
    """

    participant_id: str
    other_id: str
    identity: bytes
    assurance: Assurance

    @classmethod
    def between(cls, one: str, two: str, *, identity: bytes, assurance: Assurance) -> "Suggestion":
        first, second = sorted((one, two))
        return cls(first, second, identity, assurance)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts: a person at the console, or a script with a token."""

    id: str
    name: str
    roles: frozenset[str] = field(default_factory=frozenset)
