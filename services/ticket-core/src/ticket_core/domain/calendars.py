"""Business time: what passes only while a calendar is open."""

from collections.abc import Collection, Container, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

Hours = tuple[int, int]
"""From and until, in minutes of the local day, 0 to 1440."""
Opening = tuple[datetime, datetime]

DAY = 24 * 60
_NOTHING = timedelta(0)
_TOMORROW = timedelta(days=1)
_FARTHEST = timedelta(days=3_653)
_REMEMBERED = 100


class NotOpenEnough(ValueError):
    """So much business time is never, or not in this decade."""


class _Added(NamedTuple):
    """That an amount from `start` leads to `end`: from a bit later to a bit later, in the same openings."""

    start: datetime
    end: datetime
    first: Opening
    last: Opening

    def shifted(self, start: datetime) -> datetime | None:
        """The end for another start, where that is as simple."""
        if not self.first[0] <= start < self.first[1]:
            return None
        end = self.end + (start - self.start)
        return end if self.last[0] < end <= self.last[1] else None


class BusinessCalendar:
    """Opening hours by weekday (0 is Monday), on local days of `zone` that are not in `holidays`.

    Times that are given know their zone; those that are answered are in UTC. Where a zone changes its clocks, a day's
    business time is what really passes between its hours.

    Raises:
        ValueError: it is never open, or hours overlap or go beyond the day.
    """

    def __init__(
        self, zone: tzinfo, hours: Mapping[int, Collection[Hours]], *, holidays: Container[date] = frozenset()
    ) -> None:
        self._zone = zone
        self._hours = {weekday: _in_order(ranges) for weekday, ranges in hours.items() if ranges}
        self._holidays = holidays
        self._openings: dict[date, tuple[Opening, ...]] = {}
        self._added: dict[timedelta, _Added] = {}
        if not self._hours:
            raise ValueError("it is never open")

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The first moment at which `amount` of business time has passed since `start`; `start` for nothing or less.

        Raises:
            NotOpenEnough: that is more than ten years away.
        """
        start, left, first = start.astimezone(UTC), amount, None
        if left <= _NOTHING:
            return start
        known = self._added.get(amount)
        if known and (end := known.shifted(start)):
            return end
        for opening in self._from(start, start + _FARTHEST):
            opened, closed = opening
            begin = max(opened, start)
            first = opening if opened <= start < closed else first
            if left <= closed - begin:
                end = begin + left
                if first and (known or len(self._added) < _REMEMBERED):
                    self._added[amount] = _Added(start, end, first, opening)
                return end
            left -= max(_NOTHING, closed - begin)
        raise NotOpenEnough(f"{amount} do not pass within ten years")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The business time that passes from `start` to `end`; nothing, when `end` is not after it."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        passed = _NOTHING
        if end <= start:
            return passed
        for opened, closed in self._from(start, end):
            if opened >= end:
                break
            passed += max(_NOTHING, min(closed, end) - max(opened, start))
        return passed

    def _from(self, start: datetime, end: datetime) -> Iterator[Opening]:
        """All openings of the local days from that of `start` to that of `end`."""
        day, last = (moment.astimezone(self._zone).date() for moment in (start, end))
        while day <= last:
            openings = self._openings.get(day)
            if openings is None:
                openings = self._openings[day] = tuple(self._of(day))
            yield from openings
            day += _TOMORROW

    def _of(self, day: date) -> Iterator[Opening]:
        for opens, closes in self._hours.get(day.weekday(), ()):
            opened, closed = self._moment(day, opens), self._moment(day, closes)
            if day not in self._holidays and opened < closed:
                yield opened, closed

    def _moment(self, day: date, minute: int) -> datetime:
        if minute == DAY:
            return self._moment(day + _TOMORROW, 0)
        local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=self._zone)
        return local.astimezone(UTC)


def _in_order(ranges: Collection[Hours]) -> tuple[Hours, ...]:
    ordered = tuple(sorted(ranges))
    minutes = [minute for hours in ordered for minute in hours]
    if minutes != sorted(set(minutes)) or not 0 <= minutes[0] < minutes[-1] <= DAY:
        raise ValueError("opening hours overlap, touch, or do not lie within the day")
    return ordered
