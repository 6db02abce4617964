"""Business time against an oracle that looks at each minute, or each second, by itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naive_clocks import NaiveCalendar
from ticket_core.domain.calendars import DAY, BusinessCalendar, Hours, NotOpenEnough

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
JAKARTA, MAKASSAR, JAYAPURA = (ZoneInfo(f"Asia/{city}") for city in ("Jakarta", "Makassar", "Jayapura"))
BERLIN = ZoneInfo("Europe/Berlin")  # its clocks change on 2026-03-29 and 2026-10-25, at night
OFFICE = {weekday: [(8 * 60, 17 * 60)] for weekday in range(5)}
MONDAY = datetime(2026, 11, 23, tzinfo=JAKARTA)


def _ranges(minutes: list[int]) -> list[Hours]:
    ordered = sorted(minutes)
    return list(zip(ordered[::2], ordered[1::2], strict=True))


some_hours = st.lists(st.integers(0, DAY), unique=True, max_size=6).filter(lambda they: len(they) % 2 == 0).map(_ranges)
weeks = st.dictionaries(st.integers(0, 6), some_hours, min_size=1).filter(lambda week: any(week.values()))
zones = st.sampled_from([JAKARTA, MAKASSAR, JAYAPURA])
days = st.integers(0, 20).map(lambda day: date(2026, 3, 20) + timedelta(days=day))
holidays = st.frozensets(days, max_size=5)
minutes = st.integers(0, 10 * DAY).map(lambda minute: datetime(2026, 3, 22, tzinfo=UTC) + minute * MINUTE)


class TestAgainstEachMinute:
    @given(zones, weeks, holidays, minutes, minutes)
    @settings(max_examples=60, deadline=None)
    def test_between(
        self, zone: ZoneInfo, week: dict[int, list[Hours]], off: frozenset[date], start: datetime, end: datetime
    ) -> None:
        found = BusinessCalendar(zone, week, holidays=off).between(start, end)
        assert found == NaiveCalendar(zone, week, off, MINUTE).between(start, end)

    @given(zones, weeks, holidays, minutes, st.integers(0, 3000))
    @settings(max_examples=60, deadline=None)
    def test_add(
        self, zone: ZoneInfo, week: dict[int, list[Hours]], off: frozenset[date], start: datetime, amount: int
    ) -> None:
        calendar = BusinessCalendar(zone, week, holidays=off)
        due = calendar.add(start, amount * MINUTE)
        assert calendar.between(start, due) == amount * MINUTE
        if due - start < timedelta(days=30):  # further than that, the oracle is too slow
            assert due == NaiveCalendar(zone, week, off, MINUTE).add(start, amount * MINUTE)

    @given(zones, weeks, holidays, st.lists(minutes, max_size=12), st.sampled_from([1, 20, 300, 900]))
    @settings(max_examples=60, deadline=None)
    def test_the_same_amount_again_and_again(
        self, zone: ZoneInfo, week: dict[int, list[Hours]], off: frozenset[date], starts: list[datetime], amount: int
    ) -> None:
        calendar = BusinessCalendar(zone, week, holidays=off)
        near = [start + near * MINUTE for start in starts for near in (0, 1, 7, 400)]
        for start in near:
            due = calendar.add(start, amount * MINUTE)
            assert due == BusinessCalendar(zone, week, holidays=off).add(start, amount * MINUTE)
            assert calendar.between(start, due) == amount * MINUTE

    @given(minutes, st.integers(0, 5000))
    @settings(max_examples=20, deadline=None)
    def test_where_clocks_change(self, start: datetime, amount: int) -> None:
        """Open around the clock on two days, and in the daytime on the others: 23 hours on the last Sunday of March."""
        week = {weekday: [(0, DAY)] if weekday in (5, 6) else [(6 * 60, 22 * 60)] for weekday in range(7)}
        naive = NaiveCalendar(BERLIN, week, frozenset(), MINUTE)
        assert BusinessCalendar(BERLIN, week).add(start, amount * MINUTE) == naive.add(start, amount * MINUTE)


class TestAgainstEachSecond:
    @given(st.integers(0, 86_400), st.integers(0, 40_000))
    @settings(max_examples=15, deadline=None)
    def test_add(self, start: int, amount: int) -> None:
        begin, span = MONDAY + start * SECOND, amount * SECOND
        naive = NaiveCalendar(JAKARTA, {0: [(1, 481), (540, 1439)], 1: [(0, DAY)]}, frozenset(), SECOND)
        calendar = BusinessCalendar(JAKARTA, {0: [(1, 481), (540, 1439)], 1: [(0, DAY)]})
        due = calendar.add(begin, span)
        assert due == naive.add(begin, span)
        assert calendar.between(begin, due) == naive.between(begin, due) == span


class TestBusinessCalendar:
    @pytest.mark.parametrize(
        ("start", "hours", "due"),
        [
            (MONDAY.replace(hour=9), 4, MONDAY.replace(hour=13)),
            (MONDAY.replace(hour=9), 8, MONDAY.replace(hour=17)),
            (MONDAY.replace(hour=9), 9, MONDAY.replace(day=24, hour=9)),
            (MONDAY.replace(hour=3), 1, MONDAY.replace(hour=9)),
            (MONDAY.replace(day=27, hour=16), 2, MONDAY.replace(day=30, hour=9)),
            (MONDAY.replace(day=28, hour=12), 0, MONDAY.replace(day=28, hour=12)),
        ],
    )
    def test_office_hours(self, start: datetime, hours: int, due: datetime) -> None:
        found = BusinessCalendar(JAKARTA, OFFICE).add(start, timedelta(hours=hours))
        assert (found, found.tzinfo) == (due, UTC)

    def test_the_same_hour_is_another_moment_further_east(self) -> None:
        dues = [
            BusinessCalendar(zone, OFFICE).add(datetime(2026, 11, 23, tzinfo=UTC), timedelta(hours=9))
            for zone in (JAYAPURA, MAKASSAR, JAKARTA)
        ]
        assert [due.hour for due in dues] == [0, 9, 10]
        assert dues[0].day == 24  # it was 9 o'clock in Jayapura already

    def test_nothing_passes_on_a_holiday(self) -> None:
        calendar = BusinessCalendar(JAKARTA, OFFICE, holidays={date(2026, 11, 24)})
        assert calendar.add(MONDAY.replace(hour=16), timedelta(hours=2)) == MONDAY.replace(day=25, hour=9)

    def test_nothing_passes_backwards(self) -> None:
        assert BusinessCalendar(JAKARTA, OFFICE).between(MONDAY.replace(hour=12), MONDAY) == timedelta(0)

    def test_open_on_holidays_only_it_does_not_search_for_ever(self) -> None:
        class Always:
            def __contains__(self, day: object) -> bool:
                return True

        calendar = BusinessCalendar(JAKARTA, OFFICE, holidays=Always())
        with pytest.raises(NotOpenEnough):
            calendar.add(MONDAY, timedelta(minutes=1))
        assert calendar.between(MONDAY, MONDAY.replace(year=2027)) == timedelta(0)

    @pytest.mark.parametrize("week", [{}, {0: []}])
    def test_never_open(self, week: dict[int, list[Hours]]) -> None:
        with pytest.raises(ValueError, match="never open"):
            BusinessCalendar(JAKARTA, week)

    @pytest.mark.parametrize(
        "ranges", [[(60, 60)], [(120, 60)], [(0, 60), (30, 90)], [(0, DAY + 1)], [(0, 9), (9, 12)]]
    )
    def test_hours_that_are_none(self, ranges: list[Hours]) -> None:
        with pytest.raises(ValueError, match="overlap"):
            BusinessCalendar(JAKARTA, {0: ranges})
