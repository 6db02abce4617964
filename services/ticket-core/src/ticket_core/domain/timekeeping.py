"""What the entries of a case do to its clocks, and when they ring.

First response: from the first contact to the first answer. Next response: from each contribution of the participant
that nobody has answered, to the answer. Resolution: from the first contact until it is resolved, and on if that did not
last. All stand still while the case is pending. A case that is part of another keeps its clocks as they were, and they
go on after an undo as if they had never been out of sight. A case that was split off has the clocks that it would have
had from the beginning; of the other one, the response follows what is left unanswered there, and after an undo all are
as if nothing had been away (`replay`).
"""

from datetime import datetime
from functools import partial, reduce

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Channel
from ticket_core.domain.calendars import BusinessCalendar
from ticket_core.domain.case import ACTIVE, Case
from ticket_core.domain.clocks import (
    Clock,
    ClockKind,
    Clocks,
    ClockState,
    Deadlines,
    Terms,
    begin,
    change,
    end,
    pause,
    resume,
)
from ticket_core.domain.entries import (
    CONTRIBUTIONS,
    CaseOpened,
    Entry,
    PriorityChanged,
    SlaBreached,
    SlaWarned,
    TopicChanged,
)
from ticket_core.domain.evolve import evolve
from ticket_core.domain.kinds import Priority
from ticket_core.domain.pair_entries import CaseMerged, EntriesMoved, MergeUndone, Said, SplitUndone
from ticket_core.domain.pen import Pen
from ticket_core.domain.sla import SlaPolicies

_TERMS_CHANGED = (TopicChanged, PriorityChanged)
_MEANT = (*CONTRIBUTIONS, *_TERMS_CHANGED, EntriesMoved)
_OUT_OF_SIGHT = (CaseMerged, MergeUndone, SplitUndone)
_RUNNING, _ENDED = ClockState.RUNNING, ClockState.ENDED
_KINDS = tuple(ClockKind)
_FIRST, _NEXT, _RESOLUTION = _KINDS


def clocks_after(case: Case | None, entry: Entry, sla: SlaPolicies) -> Clocks | None:
    """The clocks as they are after `entry`, the next one of `case`; those of the case itself, if it moves none."""
    fact = entry.fact
    if isinstance(fact, CaseOpened):
        return _begun(entry, fact, sla)
    if case is None or case.clocks is None or not sla:
        return None if case is None else case.clocks
    if (entry.state is None and not isinstance(fact, _MEANT)) or isinstance(fact, _OUT_OF_SIGHT):
        return case.clocks
    hands = Hands(case, entry, sla)
    after = case.clocks
    if isinstance(fact, _TERMS_CHANGED):
        after = hands.changed(after)
    elif isinstance(fact, CONTRIBUTIONS):
        after = hands.heard(after)
    elif isinstance(fact, EntriesMoved):
        after = hands.followed(after, fact.said)
    return hands.moved(after, entry.state) if entry.state is not None else after


def timed(case: Case | None, entry: Entry, sla: SlaPolicies) -> Entry:
    """`entry`, the next one of `case`, with the clocks as they are afterwards, where it moves one."""
    if entry.clocks is not None:
        return entry
    after = clocks_after(case, entry, sla)
    return entry if after == (case and case.clocks) else entry._replace(clocks=after)


def rung(case: Case, *, now: datetime, warn: bool) -> list[Entry]:
    """What the timeline is to say of the clocks by `now`: which are overdue and, with `warn`, which will soon be."""
    if case.clocks is None or not any(map(partial(_rings, now=now), case.clocks)) or not case.active:
        return []
    pen, after = Pen.on(case), case.clocks
    for kind, clock in zip(_KINDS, case.clocks, strict=True):
        if clock is None or clock.due_at is None or not _rings(clock, now=now):
            continue
        if clock.overdue(now):
            after = after._replace(**{kind: clock.broken()})
            pen.system(SlaBreached(kind, clock.due_at, clock.policy), at=now, clocks=after)
        elif warn:
            after = after._replace(**{kind: clock._replace(warned=True)})
            pen.system(SlaWarned(kind, clock.due_at, clock.policy), at=now, clocks=after)
    return pen.entries


def _rings(clock: Clock | None, *, now: datetime) -> bool:
    rings_at = clock.rings_at if clock is not None else None
    return rings_at is not None and rings_at <= now


def caught_up(case: Case, *, now: datetime) -> tuple[list[Entry], Case]:
    """What is overdue is said before anything else ends it, however late its timer may be."""
    late = rung(case, now=now, warn=False)
    return late, reduce(evolve, late, case)


def deadlines(case: Case) -> Deadlines:
    """Of the clocks that somebody can still do something about."""
    if case.clocks is None or not case.active:
        return Deadlines()
    due_at = risk_at = alarm_at = None
    for clock in case.clocks:
        if clock is None or clock.state is _ENDED:
            continue
        alarm_at = _earlier(alarm_at, clock.rings_at)
        if clock.state is _RUNNING:
            due_at = _earlier(due_at, clock.due_at)
            risk_at = _earlier(risk_at, clock.warn_at)
    return Deadlines(due_at, risk_at, alarm_at)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return other if one is None or (other is not None and other < one) else one


def _begun(entry: Entry, opened: CaseOpened, sla: SlaPolicies) -> Clocks | None:
    if not sla or entry.channel is None:
        return None
    channel, at = entry.channel, entry.at
    terms = sla.policy(opened.topic, channel, Priority.NORMAL).terms
    return Clocks(begin(channel, at=at, terms=terms[_FIRST]), None, begin(channel, at=at, terms=terms[_RESOLUTION]))


class Hands:
    """What one entry of a case does to its clocks. Each has the terms of the policy for the channel it began on."""

    def __init__(self, case: Case, entry: Entry, sla: SlaPolicies) -> None:
        self._case = case
        self._entry = entry
        self._sla = sla

    def changed(self, before: Clocks) -> Clocks:
        """The case has another topic or priority: other terms may hold."""
        fact = self._entry.fact
        topic = fact.topic if isinstance(fact, TopicChanged) else self._case.topic
        priority = fact.priority if isinstance(fact, PriorityChanged) else self._case.priority
        pairs = zip(_KINDS, before, strict=True)
        return Clocks(*(self._changed(kind, clock, topic, priority) for kind, clock in pairs))

    def _changed(self, kind: ClockKind, clock: Clock | None, topic: str | None, priority: Priority) -> Clock | None:
        if clock is None:
            return None
        before = self._terms(kind, clock.channel)
        terms = self._sla.policy(topic, clock.channel, priority).terms[kind]
        return clock if terms is before else change(clock, at=self._entry.at, before=before.calendar, terms=terms)

    def heard(self, before: Clocks) -> Clocks:
        """Somebody has contributed: the participant waits, or waits no more."""
        entry, (first, following, resolution) = self._entry, before
        if entry.author is not Author.PARTICIPANT:
            first = first and end(first, at=entry.at, calendar=self._calendar(_FIRST, first))
            following = following and end(following, at=entry.at, calendar=self._calendar(_NEXT, following))
        elif entry.channel and _over(first) and _over(following):
            following = begin(entry.channel, at=entry.at, terms=self._terms(_NEXT, entry.channel))
        return Clocks(first, following, resolution)

    def followed(self, before: Clocks, said: Said) -> Clocks:
        """What was said is another case's now, or is back: he may wait since another moment, or no more."""
        first, following, resolution = before
        state = self._entry.state or self._case.state
        since = said.waiting_since if state in ACTIVE else None
        if since is None:
            first = first and end(first, at=self._entry.at, calendar=self._calendar(_FIRST, first))
            following = following if _over(following) else None
        elif _over(first) and (following is None or following.ended or following.begun_at != since):
            channel = said.channels[-1] if following is None or following.ended else following.channel
            following = begin(channel, at=since, terms=self._terms(_NEXT, channel))
            following = self._moved(_NEXT, following, state)
        return Clocks(first, following, resolution)

    def moved(self, before: Clocks, state: CaseState) -> Clocks:
        """The case is in another state."""
        return Clocks(*(self._moved(kind, clock, state) for kind, clock in zip(_KINDS, before, strict=True)))

    def _moved(self, kind: ClockKind, clock: Clock | None, state: CaseState) -> Clock | None:
        if clock is None:
            return None
        if state is CaseState.PENDING:
            return pause(clock, at=self._entry.at, calendar=self._calendar(kind, clock))
        if state not in ACTIVE:
            return end(clock, at=self._entry.at, calendar=self._calendar(kind, clock))
        if clock.ended and kind is not _RESOLUTION:
            return clock
        return resume(clock, at=self._entry.at, terms=self._terms(kind, clock.channel))

    def _terms(self, kind: ClockKind, channel: Channel) -> Terms:
        return self._sla.policy(self._case.topic, channel, self._case.priority).terms[kind]

    def _calendar(self, kind: ClockKind, clock: Clock) -> BusinessCalendar:
        return self._terms(kind, clock.channel).calendar


def _over(clock: Clock | None) -> bool:
    return clock is None or clock.ended
