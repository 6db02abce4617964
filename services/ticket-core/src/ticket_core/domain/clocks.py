"""Clocks: how much business time has passed of what a participant was promised.

One rule for moments that go backwards, as those of participants do: a clock begins at the `at` of the entry that begins
it, and whatever happens to it later happens then or, if that is earlier, when the last thing happened to it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kawal.contracts.words import Channel
from ticket_core.domain.calendars import BusinessCalendar

_NOTHING = timedelta(0)


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Terms:
    """What `policy` promises of one clock: `target` of the calendar's time (`None`: nothing), and when it warns."""

    policy: str
    calendar: BusinessCalendar
    target: timedelta | None = None
    warn_after: timedelta | None = None


class Clock(NamedTuple):
    """`used` is the business time that had passed at `as_of`: since then it runs, is paused, or has ended.

    `due_at` is when the time is, or was (to be), used up; `None` while it is paused before, or nothing is promised.
    `warn_at` is when little is left. `warned` and `breached`: the timeline says so, and it is so by the present terms.
    `channel` is where the participant asked. It is kept as an array: for new members see ADR 24.
    """

    policy: str
    channel: Channel
    begun_at: datetime
    as_of: datetime
    used: timedelta = _NOTHING
    target: timedelta | None = None
    state: ClockState = ClockState.RUNNING
    due_at: datetime | None = None
    warn_at: datetime | None = None
    warned: bool = False
    breached: bool = False

    @property
    def running(self) -> bool:
        return self.state is ClockState.RUNNING

    @property
    def ended(self) -> bool:
        return self.state is ClockState.ENDED

    @property
    def left(self) -> timedelta | None:
        """What was left at `as_of`."""
        return None if self.target is None else max(_NOTHING, self.target - self.used)

    @property
    def rings_at(self) -> datetime | None:
        """When the timeline is to say something of it next."""
        if self.breached or self.ended:
            return None
        if not self.running:
            return self.due_at  # before it was paused, as a recount has found
        return self.due_at if self.warned or self.warn_at is None else self.warn_at

    def overdue(self, now: datetime) -> bool:
        """Whether the time is used up and the timeline does not say so yet."""
        return self.due_at is not None and self.due_at <= now and not self.ended and not self.breached

    def broken(self) -> "Clock":
        """The timeline says that the time is used up: that happened when it was due, whatever comes later."""
        if self.due_at is None or self.target is None:
            raise ValueError("nothing is due")
        if self.due_at <= self.as_of:
            return self._replace(warned=True, breached=True)
        return self._replace(as_of=self.due_at, used=self.target, warned=True, breached=True)


class Clocks(NamedTuple):
    """Those of one case. Of the next responses, the last one."""

    first_response: Clock | None = None
    next_response: Clock | None = None
    resolution: Clock | None = None


class Deadlines(NamedTuple):
    """Of the clocks of a case that run: when the first is due, may be missed, and is to ring."""

    due_at: datetime | None = None
    risk_at: datetime | None = None
    alarm_at: datetime | None = None


def begin(channel: Channel, *, at: datetime, terms: Terms) -> Clock:
    due_at = terms.calendar.add(at, terms.target) if terms.target is not None else None
    warn_at = terms.calendar.add(at, terms.warn_after) if terms.warn_after is not None else None
    return Clock(terms.policy, channel, at, at, _NOTHING, terms.target, ClockState.RUNNING, due_at, warn_at)


def pause(clock: Clock, *, at: datetime, calendar: BusinessCalendar) -> Clock:
    return _stopped(clock, ClockState.PAUSED, at=at, calendar=calendar) if clock.running else clock


def end(clock: Clock, *, at: datetime, calendar: BusinessCalendar) -> Clock:
    if clock.ended:
        return clock
    ended = _stopped(clock, ClockState.ENDED, at=at, calendar=calendar)
    return ended._replace(due_at=clock.due_at, breached=_reached(ended))


def resume(clock: Clock, *, at: datetime, terms: Terms) -> Clock:
    """It runs again, with what was left."""
    if clock.running:
        return clock
    return _promised(clock._replace(state=ClockState.RUNNING, as_of=max(at, clock.as_of)), terms)


def change(clock: Clock, *, at: datetime, before: BusinessCalendar, terms: Terms) -> Clock:
    """Other terms hold from now on; what was used stays used. What has ended stays as it was."""
    if clock.ended:
        return clock
    return _promised(_ticked(clock, at=at, calendar=before) if clock.running else clock, terms)


def _stopped(clock: Clock, state: ClockState, *, at: datetime, calendar: BusinessCalendar) -> Clock:
    ticked = _ticked(clock, at=at, calendar=calendar) if clock.running else clock._replace(as_of=max(at, clock.as_of))
    return ticked._replace(state=state, due_at=clock.due_at if _reached(ticked) else None, warn_at=None)


def _ticked(clock: Clock, *, at: datetime, calendar: BusinessCalendar) -> Clock:
    moment = max(at, clock.as_of)
    if clock.target is not None and clock.due_at is not None and clock.due_at > moment:
        # The same, unless the calendar is another since a restart: until it is counted again, nothing is used up before
        # it was to be due.
        left = calendar.between(moment, clock.due_at)
        return clock._replace(used=max(clock.used, clock.target - left), as_of=moment)
    return clock._replace(used=clock.used + calendar.between(clock.as_of, moment), as_of=moment)


def _reached(clock: Clock) -> bool:
    return clock.due_at is not None and clock.due_at <= clock.as_of


def _promised(clock: Clock, terms: Terms) -> Clock:
    """When the clock is due by `terms`. A warning or a breach that is none by them may come again."""
    target, used = terms.target, clock.used
    over = target is not None and used >= target
    return clock._replace(
        policy=terms.policy,
        target=target,
        due_at=clock.due_at if over and _reached(clock) else _moment(clock, terms.calendar, target),
        warn_at=_moment(clock, terms.calendar, terms.warn_after),
        warned=clock.warned and (over or (terms.warn_after is not None and used >= terms.warn_after)),
        breached=clock.breached and over,
    )


def _moment(clock: Clock, calendar: BusinessCalendar, after: timedelta | None) -> datetime | None:
    """When the clock will have used so much; it does not get there while it stands still."""
    if after is None or not clock.running:
        return None
    return calendar.add(clock.as_of, after - clock.used)
