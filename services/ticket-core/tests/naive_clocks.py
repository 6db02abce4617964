"""Oracles: a calendar that is asked each moment whether it is open, and clocks that look at each second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Channel
from ticket_core.domain.calendars import Hours
from ticket_core.domain.case import ACTIVE
from ticket_core.domain.clocks import ClockKind
from ticket_core.domain.entries import (
    CONTRIBUTIONS,
    CaseMerged,
    CaseOpened,
    Entry,
    MergeUndone,
    Priority,
    PriorityChanged,
    TopicChanged,
)

SECOND = timedelta(seconds=1)
TOO_FAR = 200_000
"""So many seconds ahead a naive clock looks for the moment at which it is due."""


class NaiveCalendar:
    """Asks each moment whether the calendar is open then."""

    def __init__(self, zone: tzinfo, hours: dict[int, list[Hours]], holidays: frozenset[date], step: timedelta) -> None:
        self._zone, self._hours, self._holidays, self._step = zone, hours, holidays, step
        self._known: dict[datetime, bool] = {}

    def is_open(self, moment: datetime) -> bool:
        known = self._known.get(moment)
        if known is None:
            known = self._known[moment] = self._is_open(moment)
        return known

    def _is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        ranges = self._hours.get(local.weekday(), [])
        return local.date() not in self._holidays and any(opens <= minute < closes for opens, closes in ranges)

    def between(self, start: datetime, end: datetime) -> timedelta:
        passed = timedelta(0)
        while start < end:
            passed += self._step * self.is_open(start)
            start += self._step
        return passed

    def add(self, start: datetime, amount: timedelta) -> datetime:
        while amount > timedelta(0):
            amount -= self._step * self.is_open(start)
            start += self._step
        return start


class NaivePolicy(NamedTuple):
    """`targets` are seconds."""

    key: str
    calendar: NaiveCalendar
    targets: dict[ClockKind, int]
    topics: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    priorities: tuple[Priority, ...] = ()


def chosen(policies: Iterable[NaivePolicy], topic: str | None, channel: Channel, priority: Priority) -> NaivePolicy:
    """The policy for such a case, by asking for the closest first."""
    group = topic.split(".")[0] if topic else None
    for about in (topic, group, None):
        for by in (channel, None):
            for urgent in (priority, None):
                for policy in policies:
                    fits = (about in policy.topics) if about else not policy.topics
                    fits = fits and ((by in policy.channels) if by else not policy.channels)
                    if fits and ((urgent in policy.priorities) if urgent else not policy.priorities):
                        return policy
    raise LookupError("no policy is for all")


class Moment(NamedTuple):
    """What holds of a clock from `at` on."""

    at: datetime
    running: bool
    over: bool
    policy: NaivePolicy


@dataclass
class Run:
    """One clock, from its begin on."""

    kind: ClockKind
    channel: Channel
    begun_at: datetime
    moments: list[Moment] = field(default_factory=list)

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    def note(self, at: datetime, *, state: CaseState, over: bool, policy: NaivePolicy) -> None:
        """What holds now, if that is anything new. Of a clock that stands still, another policy moves no moment."""
        running = not over and state in ACTIVE and state is not CaseState.PENDING
        if not self.moments:
            self.moments.append(Moment(self.begun_at, running, over, policy))
        elif (running, over, policy) != self.last[1:] and not (over and self.last.over):
            still = not running and not self.last.running and over == self.last.over
            self.moments.append(Moment(self.last.at if still else max(at, self.last.at), running, over, policy))


class Reading(NamedTuple):
    """What a clock says. `due_at` is when its time was used up, or will be if it runs on."""

    used: timedelta
    target: timedelta | None
    due_at: datetime | None
    running: bool
    over: bool


def read(run: Run, *, until: datetime) -> Reading:
    """Look at each second up to `until`, and ahead for the moment at which it is due."""
    coming, now, used, used_until = iter([*run.moments, None]), run.begun_at, 0, 0
    current, following = next(coming), next(coming)
    assert current is not None
    due_at = _due(run.kind, current, used, None, now)
    for _ in range(TOO_FAR):
        while following is not None and following.at <= now:
            current, following = following, next(coming)
            assert current is not None
            due_at = _due(run.kind, current, used, due_at, now)
        if now <= until:
            used_until = used
        if following is None and now >= until and (due_at or not current.running or _target(run, current) is None):
            break
        used += current.running and current.policy.calendar.is_open(now)
        now += SECOND
        due_at = _due(run.kind, current, used, due_at, now)
    target = _target(run, current)
    return Reading(
        timedelta(seconds=used_until),
        timedelta(seconds=target) if target is not None else None,
        due_at,
        current.running,
        current.over,
    )


def _target(run: Run, moment: Moment) -> int | None:
    return moment.policy.targets.get(run.kind)


def _due(kind: ClockKind, moment: Moment, used: int, due_at: datetime | None, now: datetime) -> datetime | None:
    target = moment.policy.targets.get(kind)
    if target is None or used < target:
        return None
    return due_at or (now if moment.running else None)


class _Told:
    """What the entries so far say of a case, as far as its clocks are concerned."""

    def __init__(self, policies: Sequence[NaivePolicy]) -> None:
        self.policies = policies
        self.runs: dict[ClockKind, Run] = {}
        self.topic: str | None = None
        self.priority = Priority.NORMAL
        self.state = CaseState.NEW

    def read(self, entry: Entry) -> None:
        over = {kind: run.last.over for kind, run in self.runs.items()}
        match entry.fact:
            case CaseOpened(topic=topic):
                self.topic = topic
                for kind in (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION):
                    self._begin(kind, entry)
            case CaseMerged() | MergeUndone():
                return
            case TopicChanged(topic=topic):
                self.topic = topic
            case PriorityChanged(priority=priority):
                self.priority = priority
            case fact if isinstance(fact, CONTRIBUTIONS) and entry.author is Author.PARTICIPANT:
                if all(over.get(kind, True) for kind in _RESPONSES):
                    self._begin(ClockKind.NEXT_RESPONSE, entry)
                    over[ClockKind.NEXT_RESPONSE] = False
            case fact if isinstance(fact, CONTRIBUTIONS):
                over |= dict.fromkeys(_RESPONSES, True)
        self._move(entry, over)

    def _begin(self, kind: ClockKind, entry: Entry) -> None:
        assert entry.channel is not None
        self.runs[kind] = Run(kind, entry.channel, entry.at)

    def _move(self, entry: Entry, over: dict[ClockKind, bool]) -> None:
        if entry.state is not None:
            self.state = entry.state
            over = dict.fromkeys(over, True) if entry.state not in ACTIVE else over | {ClockKind.RESOLUTION: False}
        for kind, run in self.runs.items():
            policy = chosen(self.policies, self.topic, run.channel, self.priority)
            run.note(entry.at, state=self.state, over=over.get(kind, False), policy=policy)


_RESPONSES = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE)


def naive_clocks(
    timeline: Iterable[Entry], policies: Sequence[NaivePolicy], *, until: datetime
) -> dict[ClockKind, tuple[Run, Reading]]:
    """The clocks of a case, by what its timeline says."""
    told = _Told(policies)
    for entry in timeline:
        told.read(entry)
    return {kind: (run, read(run, until=until)) for kind, run in told.runs.items()}
