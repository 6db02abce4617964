"""What a participant is told of his place, and whether it is true."""

from datetime import datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core_factories import NOW
from kawal.contracts.words import Channel, Locale
from ticket_core.domain.queueing import FEWEST, Departure, Pace, Place, Told, minutes, places, worth_telling
from ticket_core.domain.routing import Needs, RoutingRules, Waiting, Worker, plan

RULES = RoutingRules(skills={"payment": frozenset({"money"})})
MONEY = Worker("m", capacity=4, skills=frozenset({"money"}), languages=frozenset({Locale.INDONESIAN}))
ENGLISH = Worker("e", capacity=4, languages=frozenset({Locale.ENGLISH}))
NOTHING_SEEN = Pace(departures=(), since=NOW - timedelta(hours=1))


def waiting(case_id: str, **changes: Any) -> Waiting:
    return Waiting(case_id, NOW, Channel.CHAT)._replace(**changes)


def positions(workers: list[Worker], *left: Waiting) -> dict[str, int]:
    found = places(left, workers, rules=RULES, pace=NOTHING_SEEN, now=NOW)
    return {place.case_id: place.position for place in found}


class TestPosition:
    def test_counts_those_who_wait_for_the_same_agents(self) -> None:
        queue = (
            waiting("1"),
            waiting("2", language=Locale.ENGLISH),
            waiting("3", topic="payment"),
            waiting("4", language=Locale.ENGLISH),
        )
        assert positions([MONEY, ENGLISH], *queue) == {"1": 1, "2": 1, "3": 2, "4": 2}

    def test_of_a_case_that_nobody_here_could_take(self) -> None:
        queue = (waiting("1", language=Locale.ENGLISH, topic="payment"), waiting("2"))
        assert positions([MONEY, ENGLISH], *queue) == {"2": 1}

    @given(st.lists(st.sampled_from(Locale), max_size=20))
    def test_never_falls_back_when_somebody_ahead_leaves(self, languages: list[Locale]) -> None:
        queue = [waiting(f"{at:02}", language=language) for at, language in enumerate(languages)]
        before = positions([MONEY, ENGLISH], *queue)
        after = positions([MONEY, ENGLISH], *queue[1:])
        assert all(after[case_id] <= before[case_id] for case_id in after)


class TestExpectedWait:
    def test_nothing_is_said_before_enough_was_seen(self) -> None:
        few = [Departure(NOW - timedelta(minutes=1), Needs(), 2)] * (FEWEST - 1)
        pace = Pace(departures=few, since=NOW - timedelta(hours=1))
        assert places([waiting("1")], [MONEY], rules=RULES, pace=pace, now=NOW) == [Place("1", 1, None)]

    def test_is_what_it_took_those_who_left(self) -> None:
        pace = Pace(departures=[Departure(NOW, Needs(), 2)] * 10, since=NOW - timedelta(minutes=10))
        found = places([waiting("1"), waiting("2")], [MONEY], rules=RULES, pace=pace, now=NOW)
        assert [place.wait for place in found] == [timedelta(minutes=1), timedelta(minutes=2)]

    def test_others_who_left_say_nothing(self) -> None:
        english = [Departure(NOW, Needs(language=Locale.ENGLISH), 2)] * 10
        pace = Pace(departures=english, since=NOW - timedelta(minutes=20))
        assert places([waiting("1")], [MONEY, ENGLISH], rules=RULES, pace=pace, now=NOW)[0].wait is None

    def test_a_queue_that_hardly_moves_promises_nothing(self) -> None:
        pace = Pace(departures=[Departure(NOW, Needs(), 2)] * 5, since=NOW - timedelta(minutes=30))
        queue = [waiting(f"{at:02}") for at in range(90)]
        found = places(queue, [MONEY], rules=RULES, pace=pace, now=NOW)
        assert (found[0].wait, found[-1].wait) == (timedelta(minutes=3), None)

    def test_comes_true(self) -> None:
        """Simulated hours at a busy desk: half of what was said is within a third of what came."""
        errors = _errors(Random(20_261_124))
        assert len(errors) > 100
        assert median(errors) < 1 / 3


def _errors(random: Random) -> list[float]:
    """By what share of the true wait the first word on it was wrong, for each chat of a few hours."""
    workers = [Worker(f"a{index}", capacity=2) for index in range(4)]
    free_at = {worker.agent_id: NOW for worker in workers}
    queue: list[Waiting] = []
    departures: list[Departure] = []
    told: dict[str, tuple[datetime, timedelta]] = {}
    errors: list[float] = []
    for step in range(4 * 240):
        now = NOW + timedelta(seconds=15 * step)
        if random.random() < 0.27:
            queue.append(Waiting(f"{step:04}", now, Channel.CHAT))
        present = [one._replace(load=0 if free_at[one.agent_id] <= now else 2) for one in workers]
        made = plan(present, queue, rules=RULES, now=now)
        for case_id, agent_id in made.assigned:
            free_at[agent_id] = now + timedelta(minutes=random.uniform(2, 6))
            departures.append(Departure(now, Needs(), 2))
            if case_id in told:
                at, said = told[case_id]
                errors.append(abs(said - (now - at)) / max(now - at, timedelta(minutes=1)))
        queue = made.left
        for place in places(queue, workers, rules=RULES, pace=Pace(departures=departures, since=NOW), now=now):
            if place.wait is not None:
                told.setdefault(place.case_id, (now, place.wait))
    return errors


class TestWorthTelling:
    def test_the_first_time_and_never_twice(self) -> None:
        place = Place("1", 8, timedelta(minutes=4))
        assert worth_telling(None, place, now=NOW)
        assert not worth_telling(Told(place, NOW - timedelta(hours=1)), place, now=NOW)
        assert not worth_telling(
            Told(place, NOW - timedelta(hours=1)), place._replace(wait=timedelta(seconds=190)), now=NOW
        )

    def test_each_step_at_the_front_at_once(self) -> None:
        assert worth_telling(Told(Place("1", 4, None), NOW), Place("1", 3, None), now=NOW)

    def test_behind_only_every_now_and_then(self) -> None:
        before = Told(Place("1", 900, None), NOW - timedelta(seconds=59))
        assert not worth_telling(before, Place("1", 800, None), now=NOW)
        assert worth_telling(before, Place("1", 800, None), now=NOW + timedelta(seconds=1))


class TestMinutes:
    def test_are_rounded_up(self) -> None:
        assert [minutes(timedelta(seconds=seconds)) for seconds in (1, 60, 61)] == [1, 1, 2]
        assert minutes(None) is None
