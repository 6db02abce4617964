"""When a rule holds: questions about a case and the entry that happened to it, each explained.

The case is as it is when the rule acts; what is measured in time is measured at the entry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ticket_core.domain.calendars import BusinessCalendar
from ticket_core.domain.case import Case
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.occasions import Occasion

NONE, ANYBODY = "none", "anybody"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition as it was found: what was `wanted`, what was `found`, and whether that is so; `parts` likewise."""

    condition: str
    wanted: list[str]
    found: list[str]
    met: bool
    parts: "list[Checked]"


class Condition(Protocol):
    """Something that a case and an occasion are, or are not."""

    def holds(self, case: Case, occasion: Occasion) -> bool: ...

    def explain(self, case: Case, occasion: Occasion) -> Checked: ...


class What(StrEnum):
    """What a case, or the entry, has one or more of."""

    CHANNEL = "channel"
    TOPIC = "topic"
    STATE = "state"
    PRIORITY = "priority"
    TAGS = "tags"
    ASSIGNEE = "assignee"
    TEAM = "team"
    LANGUAGE = "language"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of `wanted` is there; `none` among them means that there is nothing."""

    what: What
    wanted: frozenset[str]

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return not self.wanted.isdisjoint(self._found(case, occasion))

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        found = self._found(case, occasion)
        return _checked(self.what, sorted(self.wanted), sorted(found), met=not self.wanted.isdisjoint(found))

    def _found(self, case: Case, occasion: Occasion) -> frozenset[str]:
        return _FOUND[self.what](case, occasion) or frozenset({NONE})


@dataclass(frozen=True, slots=True)
class Member:
    """The entry says one of `wanted` of itself, e.g. in which state a delivery is."""

    name: str
    wanted: frozenset[str]

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return self.explain(case, occasion).met

    def explain(self, case: Case, occasion: Occasion) -> Checked:  # noqa: ARG002 a condition's signature
        found = occasion.member(self.name) or NONE
        return _checked(f"entry.{self.name}", sorted(self.wanted), [found], met=found in self.wanted)


@dataclass(frozen=True, slots=True)
class FieldIs:
    """The value written down is one of `wanted`; `None` among them means that there is none."""

    key: str
    wanted: tuple[FieldValue | None, ...]

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return self.explain(case, occasion).met

    def explain(self, case: Case, occasion: Occasion) -> Checked:  # noqa: ARG002
        found = dict(case.fields).get(self.key)
        # To Python, 1 and True are the same.
        met = any(found == one and isinstance(found, bool) == isinstance(one, bool) for one in self.wanted)
        return _checked(f"fields.{self.key}", [_word(one) for one in self.wanted], [_word(found)], met=met)


@dataclass(frozen=True, slots=True)
class Says:
    """All words of one of the phrases are in the text, in whatever order. `phrases` are in the lexicon's words."""

    written: tuple[str, ...]
    phrases: tuple[frozenset[str], ...]

    def holds(self, case: Case, occasion: Occasion) -> bool:  # noqa: ARG002
        return any(phrase <= occasion.words for phrase in self.phrases)

    def explain(self, case: Case, occasion: Occasion) -> Checked:  # noqa: ARG002
        pairs = zip(self.written, self.phrases, strict=True)
        found = [written for written, phrase in pairs if phrase <= occasion.words]
        return _checked("words", list(self.written), found, met=bool(found))


@dataclass(frozen=True, slots=True)
class Hours:
    """It happened while the calendar was open, or was not."""

    name: str
    calendar: BusinessCalendar
    open: bool

    def holds(self, case: Case, occasion: Occasion) -> bool:  # noqa: ARG002
        return (self.calendar.between(occasion.at, occasion.at + _TICK) == _TICK) is self.open

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        met = self.holds(case, occasion)
        found = self.open if met else not self.open
        return _checked(f"hours.{self.name}", [_open(self.open)], [_open(found)], met=met)


class Moment(StrEnum):
    OPENED = "opened"
    WAITING = "waiting"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Since:
    """So much time, of the calendar if there is one, had passed since a moment of the case; never, if it had none."""

    moment: Moment
    at_least: timedelta | None = None
    at_most: timedelta | None = None
    calendar: BusinessCalendar | None = None

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return self._met(self._passed(case, occasion))

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        passed = self._passed(case, occasion)
        bounds = [
            f"{sign}{_hours(one)}" for sign, one in (("≥", self.at_least), ("≤", self.at_most)) if one is not None
        ]
        found = NONE if passed is None else _hours(passed)
        return _checked(f"since.{self.moment}", bounds, [found], met=self._met(passed))

    def _met(self, passed: timedelta | None) -> bool:
        if passed is None:
            return False
        low, high = self.at_least, self.at_most
        return (low is None or passed >= low) and (high is None or passed <= high)

    def _passed(self, case: Case, occasion: Occasion) -> timedelta | None:
        began = _BEGAN[self.moment](case)
        if began is None:
            return None
        return self.calendar.between(began, occasion.at) if self.calendar else occasion.at - began


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them; none at all is always so."""

    parts: tuple[Condition, ...] = ()

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return all(part.holds(case, occasion) for part in self.parts)

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        return _parts("all", self.parts, case, occasion, met=all)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them."""

    parts: tuple[Condition, ...]

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return any(part.holds(case, occasion) for part in self.parts)

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        return _parts("any", self.parts, case, occasion, met=any)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def holds(self, case: Case, occasion: Occasion) -> bool:
        return not self.part.holds(case, occasion)

    def explain(self, case: Case, occasion: Occasion) -> Checked:
        return _parts("not", (self.part,), case, occasion, met=lambda found: not all(found))


def failed(checked: Checked) -> list[Checked]:
    """The simple conditions because of which it is not met."""
    if checked.met:
        return []
    found = [one for part in checked.parts for one in failed(part)]
    return found or [checked]


def _parts(
    name: str,
    parts: Sequence[Condition],
    case: Case,
    occasion: Occasion,
    *,
    met: Callable[[list[bool]], bool],
) -> Checked:
    found = [part.explain(case, occasion) for part in parts]
    return Checked(name, [], [], met([one.met for one in found]), found)


def _checked(name: str, wanted: list[str], found: list[str], *, met: bool) -> Checked:
    return Checked(name, wanted, found, met, [])


def _channel(case: Case, occasion: Occasion) -> frozenset[str]:
    """Of the entry; of one outside of any conversation, where the participant spoke last."""
    spoken = (case.conversation_id or "").partition(":")[0]
    found = occasion.channel or spoken
    return frozenset({str(found)} if found else ())


def _topic(case: Case, _: Occasion) -> frozenset[str]:
    """The topic, and its group."""
    return frozenset({case.topic, case.topic.partition(".")[0]} if case.topic else ())


def _assignee(case: Case, occasion: Occasion) -> frozenset[str]:
    return occasion.roster.names(case.assignee_id) | {ANYBODY} if case.assignee_id else frozenset()


def _team(case: Case, occasion: Occasion) -> frozenset[str]:
    return occasion.roster.teams(case.assignee_id) if case.assignee_id else frozenset()


_FOUND: Mapping[What, Callable[[Case, Occasion], frozenset[str]]] = {
    What.CHANNEL: _channel,
    What.TOPIC: _topic,
    What.STATE: lambda case, _: frozenset({str(case.state)}),
    What.PRIORITY: lambda case, _: frozenset({str(case.priority)}),
    What.TAGS: lambda case, _: frozenset(case.tags),
    What.ASSIGNEE: _assignee,
    What.TEAM: _team,
    What.LANGUAGE: lambda _, occasion: frozenset({str(occasion.language)} if occasion.language else ()),
    What.AUTHOR: lambda _, occasion: frozenset({occasion.author}),
}
_BEGAN: Mapping[Moment, Callable[[Case], datetime | None]] = {
    Moment.OPENED: lambda case: case.opened_at,
    Moment.WAITING: lambda case: case.waiting_since,
    Moment.RESOLVED: lambda case: case.resolved_at,
}


def _word(value: FieldValue | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value is None else str(value)


def _open(open_: bool) -> str:  # noqa: FBT001
    return "open" if open_ else "closed"


def _hours(amount: timedelta) -> str:
    return f"{amount.total_seconds() / 3_600:.2f} h"
