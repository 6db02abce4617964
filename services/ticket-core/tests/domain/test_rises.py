"""The detector on simulated weeks: people come as a Poisson process whose rate depends on the hour of the week."""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import NOW
from ticket_core.domain.rates import HOUR, Rates, TopicHour, Usual, learnt
from ticket_core.domain.rises import LEAST_PEOPLE, LOOK_BACK, Seen, calm, chance, rise

JAKARTA = ZoneInfo("Asia/Jakarta")
MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)
START = NOW.replace(minute=0) - 6 * WEEK
TOPICS = {"rare": 0.2, "few": 1.0, "some": 4.0, "many": 15.0, "most": 60.0}


def season(at: datetime) -> float:
    """Days are busy, nights and weekends are not; the mean of a week is about 1."""
    local = at.astimezone(JAKARTA)
    by_day = 0.1 if local.hour < 6 else 1.9 if 8 <= local.hour < 17 else 0.9
    return by_day * (0.4 if local.weekday() >= 5 else 1.2)


def poisson(chances: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chances.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, chances.random()
    while product > limit:
        count += 1
        product *= chances.random()
    return count


def learnt_rates(seed: int, *, weeks: int, topics: dict[str, float]) -> Rates:
    chances = random.Random(seed)
    hours = [START + HOUR * at for at in range(weeks * 7 * 24)]
    counted = [
        TopicHour(topic, hour, poisson(chances, mean * season(hour)))
        for hour in hours
        for topic, mean in topics.items()
    ]
    return learnt(counted, until=START + weeks * WEEK, zone=JAKARTA)


def arrivals(
    chances: random.Random, mean: float, since: datetime, until: datetime, *, times: Callable[[datetime], float]
) -> Iterator[Seen]:
    """Each by a person of his own."""
    at = since
    while at < until:
        for _ in range(poisson(chances, mean * season(at) * times(at) / 60)):
            yield Seen(f"p{chances.getrandbits(64)}", at + MINUTE * chances.random())
        at += MINUTE


def as_usual(_: datetime) -> float:
    return 1.0


def people(count: int, *, until: datetime, over: timedelta, start: int = 0) -> list[Seen]:
    return [Seen(f"p{start + at}", until - over * (at / count)) for at in range(count)]


class TestQuietWeeks:
    @pytest.mark.parametrize("weeks_known", [1, 4])
    def test_at_most_one_false_alarm_in_twenty_weeks_of_a_topic(self, weeks_known: int) -> None:
        """Looked at every five minutes for four weeks, five topics: 20 topic-weeks of noise."""
        alarms = 0
        chances = random.Random(weeks_known)
        rates = learnt_rates(7 + weeks_known, weeks=weeks_known, topics=TOPICS)
        begun = START + weeks_known * WEEK
        for topic, mean in TOPICS.items():
            rising = False
            by_hour: defaultdict[datetime, list[Seen]] = defaultdict(list)
            for one in arrivals(chances, mean, begun, begun + 4 * WEEK, times=as_usual):
                by_hour[one.at.replace(minute=0, second=0, microsecond=0)].append(one)
            now = begun + LOOK_BACK
            while now < begun + 4 * WEEK:
                hour = now.replace(minute=0, second=0, microsecond=0)
                seen = by_hour.get(hour - HOUR, []) + by_hour.get(hour, [])
                found = rise(topic, seen, rates=rates, now=now)
                alarms += found is not None and not rising
                rising = found is not None or (rising and not calm(topic, seen, rates=rates, now=now))
                now += 5 * MINUTE
        assert alarms <= 1

    @pytest.mark.parametrize("seed", range(100))
    def test_any_quiet_hour_raises_nothing(self, seed: int) -> None:
        """A sample of hours: a search for the worst of all arrivals would find one that is unusual."""
        drawn = random.Random(seed)
        topic, minute = drawn.choice(sorted(TOPICS)), drawn.randrange(7 * 24 * 60)
        now = START + 4 * WEEK + minute * MINUTE
        seen = list(arrivals(random.Random(seed), TOPICS[topic], now - LOOK_BACK, now, times=as_usual))
        assert rise(topic, seen, rates=KNOWN, now=now) is None

    def test_monday_morning_is_usual_after_a_weekend(self) -> None:
        monday = datetime(2026, 11, 23, 9, 30, tzinfo=JAKARTA)
        seen = people(round(15 * season(monday)), until=monday, over=HOUR)
        assert rise("many", seen, rates=KNOWN, now=monday) is None
        # As many at night would not be.
        night = monday.replace(hour=3)
        assert rise("many", people(len(seen), until=night, over=HOUR), rates=KNOWN, now=night) is not None


KNOWN = learnt_rates(1, weeks=4, topics=TOPICS)


class TestRise:
    @pytest.mark.parametrize(("topic", "minutes"), [("some", 50), ("many", 25), ("most", 15)])
    @pytest.mark.parametrize("seed", range(30))
    def test_five_times_as_many_are_found_within_minutes(self, seed: int, topic: str, minutes: int) -> None:
        """In working hours: of 9 people an hour within 50 minutes, of 34 within 25, of 137 within 15."""
        begun = datetime(2026, 11, 24, 10, 0, tzinfo=JAKARTA)
        now = begun + minutes * MINUTE
        times = lambda at: 5.0 if at >= begun else 1.0  # noqa: E731
        seen = list(arrivals(random.Random(seed), TOPICS[topic], now - 2 * LOOK_BACK, now, times=times))
        found = next(
            (
                one
                for at in range(minutes + 1)
                if (
                    one := rise(
                        topic, [s for s in seen if s.at <= begun + at * MINUTE], rates=KNOWN, now=begun + at * MINUTE
                    )
                )
            ),
            None,
        )
        assert found is not None
        assert found.per_hour > 2 * found.usual_per_hour
        assert abs(found.since - begun) < max(minutes, 25) * MINUTE

    def test_says_how_many_since_when(self) -> None:
        now = datetime(2026, 11, 24, 11, 0, tzinfo=JAKARTA)
        found = rise("few", people(27, until=now, over=40 * MINUTE), rates=KNOWN, now=now)
        assert found is not None
        assert (found.people, found.since.hour, found.since.minute) == (27, 10, 21)
        assert 38 < found.per_hour < 44
        assert 1 < found.usual_per_hour < 4

    @given(st.integers(1, 500), st.integers(1, LEAST_PEOPLE - 1))
    @settings(max_examples=60, deadline=None)
    def test_few_people_however_often_they_write(self, contacts: int, persons: int) -> None:
        seen = [Seen(f"p{at % persons}", NOW - at * timedelta(seconds=5)) for at in range(contacts)]
        assert rise("new", seen, rates=KNOWN, now=NOW) is None

    @given(st.integers(LEAST_PEOPLE, 60), st.integers(1, 5))
    @settings(max_examples=60, deadline=None)
    def test_writing_again_changes_nothing(self, persons: int, times: int) -> None:
        once = people(persons, until=NOW, over=20 * MINUTE)
        again = [one for one in once for _ in range(times)]
        assert rise("new", again, rates=KNOWN, now=NOW) == rise("new", once, rates=KNOWN, now=NOW)

    def test_a_topic_that_was_never_heard_of(self) -> None:
        found = rise("new", people(12, until=NOW, over=20 * MINUTE), rates=KNOWN, now=NOW)
        assert found is not None
        assert found.people == 12

    def test_nothing_is_usual_before_a_day_was_seen(self) -> None:
        rates = learnt([TopicHour("some", START, 4)], until=START + 23 * HOUR, zone=JAKARTA)
        crowd = people(200, until=START + 23 * HOUR, over=HOUR)
        assert rise("some", crowd, rates=rates, now=START + 23 * HOUR) is None

    def test_is_over_when_few_come(self) -> None:
        assert calm("some", people(3, until=NOW, over=HOUR), rates=KNOWN, now=NOW)
        assert not calm("some", people(60, until=NOW, over=HOUR), rates=KNOWN, now=NOW)


class TestRates:
    def test_an_incident_does_not_become_usual(self) -> None:
        hours = [TopicHour("some", START + at * HOUR, 4) for at in range(3 * 7 * 24)]
        at = START + 3 * WEEK
        before = learnt(hours, until=at, zone=JAKARTA).usual("some", at, at + HOUR)
        after = learnt([*hours, TopicHour("some", at, 400)], until=at + HOUR, zone=JAKARTA)
        assert after.usual("some", at + WEEK, at + WEEK + HOUR).per_hour < 2.5 * before.per_hour

    def test_a_new_usual_is_learnt_within_weeks(self) -> None:
        hours = [TopicHour("some", START + at * HOUR, 4 if at < 7 * 24 else 12) for at in range(5 * 7 * 24)]
        usual = learnt(hours, until=START + 5 * WEEK, zone=JAKARTA).usual("some", NOW, NOW + HOUR)
        assert 9 < usual.per_hour <= 12

    def test_the_hour_of_the_day_counts_from_the_second_day_on(self) -> None:
        by_day = [TopicHour("some", START + at * HOUR, 20) for at in range(48) if 1 <= (START + at * HOUR).hour < 10]
        rates = learnt([TopicHour("some", START, 0), *by_day], until=START + 48 * HOUR, zone=JAKARTA)
        noon, night = (START + 48 * HOUR).replace(hour=5), (START + 48 * HOUR).replace(hour=20)
        assert rates.usual("some", noon, noon + HOUR).per_hour > 3 * rates.usual("some", night, night + HOUR).per_hour

    def test_a_window_over_two_hours_has_its_share_of_both(self) -> None:
        at = NOW.replace(minute=30)
        first, second = (KNOWN.usual("most", at, at + HOUR / 2), KNOWN.usual("most", at + HOUR / 2, at + HOUR))
        assert KNOWN.usual("most", at, at + HOUR).per_hour == pytest.approx((first.per_hour + second.per_hour) / 2)


class TestChance:
    def test_is_the_poisson_tail_when_much_was_seen(self) -> None:
        tail = 1 - sum(math.exp(-4) * 4**k / math.factorial(k) for k in range(12))
        assert chance(12, Usual(4.0, 1e6), hours=1) == pytest.approx(tail, rel=1e-3)

    def test_says_less_when_little_was_seen(self) -> None:
        assert chance(12, Usual(4.0, 1.0), hours=1) > 10 * chance(12, Usual(4.0, 100.0), hours=1)

    def test_of_very_many(self) -> None:
        assert chance(100_000, Usual(1_000.0, 5.0), hours=1) == 0.0
