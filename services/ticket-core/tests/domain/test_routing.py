"""Who takes which case: properties over arbitrary desks and queues, and days at the desk."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core_factories import NOW
from kawal.contracts.words import Channel, Locale
from ticket_core.domain.kinds import Priority
from ticket_core.domain.routing import Assignment, Needs, RoutingRules, Waiting, Worker, plan

RULES = RoutingRules(
    skills={"payment": frozenset({"money"}), "fraud": frozenset({"money", "law"})},
    teams={"training": frozenset({"courses"})},
)
SKILLS, TEAMS = ("money", "law"), ("courses", "other")
TOPICS = (None, "payment", "fraud", "training")


def subsets(words: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(words))


@st.composite
def desks(draw: st.DrawFn, *, most: int = 5) -> list[Worker]:
    def worker(index: int) -> Worker:
        capacity = draw(st.integers(0, 12))
        return Worker(
            agent_id=f"agent-{index}",
            capacity=capacity,
            load=draw(st.integers(0, capacity + 3)),  # he may have taken more by himself
            skills=draw(subsets(SKILLS)),
            languages=draw(st.frozensets(st.sampled_from(Locale), min_size=1)),
            teams=draw(subsets(TEAMS)),
            idle_since=draw(st.none() | st.integers(0, 60).map(lambda ago: NOW - timedelta(minutes=ago))),
        )

    return [worker(index) for index in range(draw(st.integers(0, most)))]


@st.composite
def queues(draw: st.DrawFn, *, most: int = 12) -> list[Waiting]:
    def case(index: int) -> Waiting:
        return Waiting(
            case_id=f"case-{index}",
            since=NOW - timedelta(seconds=draw(st.integers(0, 3600))),
            channel=draw(st.sampled_from((Channel.CHAT, Channel.VOICE, Channel.WEB))),
            language=draw(st.sampled_from(Locale)),
            topic=draw(st.sampled_from(TOPICS)),
            priority=draw(st.sampled_from(Priority)),
            last_agent_id=draw(st.none() | st.integers(0, 5).map(lambda at: f"agent-{at}")),
        )

    return [case(index) for index in range(draw(st.integers(0, most)))]


def loads_after(workers: list[Worker], queue: list[Waiting], assigned: list[Assignment]) -> Counter[str]:
    weights = {case.case_id: RULES.weights[case.channel] for case in queue}
    loads = Counter({worker.agent_id: worker.load for worker in workers})
    for case_id, agent_id in assigned:
        loads[agent_id] += weights[case_id]
    return loads


class TestAnyPlan:
    @given(desks(), queues())
    def test_never_exceeds_a_capacity(self, workers: list[Worker], queue: list[Waiting]) -> None:
        assigned = plan(workers, queue, rules=RULES, now=NOW).assigned
        loads = loads_after(workers, queue, assigned)
        given_something = {agent_id for _, agent_id in assigned}
        assert all(loads[one.agent_id] <= one.capacity for one in workers if one.agent_id in given_something)

    @given(desks(), queues())
    def test_respects_skills_languages_and_teams(self, workers: list[Worker], queue: list[Waiting]) -> None:
        people, cases = {one.agent_id: one for one in workers}, {one.case_id: one for one in queue}
        for case_id, agent_id in plan(workers, queue, rules=RULES, now=NOW).assigned:
            case, agent = cases[case_id], people[agent_id]
            assert RULES.skills.get(case.topic or "", frozenset()) <= agent.skills
            assert case.language in agent.languages
            if case.topic == "training" and NOW - case.since < RULES.team_first:
                assert "courses" in agent.teams

    @given(desks(), queues())
    def test_places_each_case_once(self, workers: list[Worker], queue: list[Waiting]) -> None:
        made = plan(workers, queue, rules=RULES, now=NOW)
        found = [one.case_id for one in made.assigned] + [one.case_id for one in made.left]
        assert sorted(found) == sorted(one.case_id for one in queue)
        assert made.left == sorted(made.left, key=RULES.rank)
        assert made.unmatched <= {one.case_id for one in made.left}

    @given(desks(), queues(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_what_it_is_given(
        self, workers: list[Worker], queue: list[Waiting], random: Random
    ) -> None:
        made = plan(workers, queue, rules=RULES, now=NOW)
        shuffled = random.sample(workers, len(workers)), random.sample(queue, len(queue))
        assert plan(*shuffled, rules=RULES, now=NOW) == made

    @given(desks(), queues())
    def test_leaves_nobody_waiting_for_room_that_is_there(self, workers: list[Worker], queue: list[Waiting]) -> None:
        """Unless the room is kept for somebody who waits for more of it."""
        patient = replace(RULES, reserve_after=timedelta(days=1))
        made = plan(workers, queue, rules=patient, now=NOW)
        loads = loads_after(workers, queue, made.assigned)
        for case in made.left:
            needs, weight = patient.needs(case, now=NOW), patient.weights[case.channel]
            free = [one for one in workers if one.able(needs, weight) and loads[one.agent_id] + weight <= one.capacity]
            assert not free

    @given(desks(), queues())
    def test_says_who_cannot_be_helped_by_anybody_here(self, workers: list[Worker], queue: list[Waiting]) -> None:
        made = plan(workers, queue, rules=RULES, now=NOW)
        for case in made.left:
            needs, weight = RULES.needs(case, now=NOW), RULES.weights[case.channel]
            assert (case.case_id in made.unmatched) == (not any(one.able(needs, weight) for one in workers))

    @given(st.integers(1, 6), st.integers(0, 60))
    def test_spreads_equal_cases_evenly_over_equal_agents(self, agents: int, cases: int) -> None:
        workers = [Worker(f"agent-{index}", capacity=20) for index in range(agents)]
        queue = [waiting(f"case-{index:02}") for index in range(cases)]
        counted = Counter(agent for _, agent in plan(workers, queue, rules=RULES, now=NOW).assigned)
        shares = [counted[worker.agent_id] for worker in workers]
        assert max(shares) - min(shares) <= 1


def waiting(case_id: str = "case", *, minutes: float = 0, channel: Channel = Channel.WEB, **changes: Any) -> Waiting:
    return Waiting(case_id, NOW - timedelta(minutes=minutes), channel, **changes)


def chosen(workers: list[Worker], *queue: Waiting, rules: RoutingRules = RULES) -> dict[str, str]:
    return dict(plan(workers, queue, rules=rules, now=NOW).assigned)


class TestWhoIsNext:
    def test_the_least_loaded_as_a_share_of_what_he_can_take(self) -> None:
        busy, idle = Worker("a", capacity=4, load=2), Worker("b", capacity=12, load=4)
        assert chosen([busy, idle], waiting()) == {"case": "b"}

    def test_among_equals_who_was_given_nothing_for_longest(self) -> None:
        lately = Worker("a", capacity=4, idle_since=NOW - timedelta(minutes=1))
        earlier = Worker("b", capacity=4, idle_since=NOW - timedelta(minutes=9))
        assert chosen([lately, earlier], waiting()) == {"case": "b"}
        assert chosen([lately, earlier, Worker("c", capacity=4)], waiting()) == {"case": "c"}

    def test_who_helped_last_before_all_others(self) -> None:
        known, idle = Worker("a", capacity=4, load=3), Worker("b", capacity=4)
        assert chosen([known, idle], waiting(last_agent_id="a")) == {"case": "a"}

    def test_not_who_helped_last_when_he_is_full_or_cannot(self) -> None:
        full, other = Worker("a", capacity=4, load=4), Worker("b", capacity=4)
        assert chosen([full, other], waiting(last_agent_id="a")) == {"case": "b"}
        able = Worker("c", capacity=4, skills=frozenset({"money"}))
        assert chosen([other, able], waiting(topic="payment", last_agent_id="b")) == {"case": "c"}

    def test_a_call_takes_more_room_than_a_form(self) -> None:
        worker = Worker("a", capacity=5)
        assert chosen([worker], waiting("call", channel=Channel.VOICE), waiting("form")) == {"call": "a"}

    def test_an_urgent_case_before_those_that_came_a_little_earlier(self) -> None:
        worker = Worker("a", capacity=1)
        urgent = waiting("urgent", priority=Priority.URGENT)
        assert chosen([worker], waiting("normal", minutes=60), urgent) == {"urgent": "a"}
        assert chosen([worker], waiting("normal", minutes=150), urgent) == {"normal": "a"}

    def test_the_team_first_and_others_later(self) -> None:
        outsider = Worker("a", capacity=4)
        assert plan([outsider], [waiting(topic="training", minutes=9)], rules=RULES, now=NOW).unmatched == {"case"}
        assert chosen([outsider], waiting(topic="training", minutes=11)) == {"case": "a"}

    def test_nobody_whose_capacity_is_nothing(self) -> None:
        assert plan([Worker("a", capacity=0)], [waiting()], rules=RULES, now=NOW).unmatched == {"case"}


class TestNothingStarves:
    """A long day: more comes than can be done, and one case has everything against it."""

    def rounds_until_taken(self, poor: Waiting, stream: Any, *, rules: RoutingRules = RULES) -> float:
        """Minutes until `poor` gets an agent, while `stream(minute)` brings others and each takes ten minutes."""
        queue, busy = [poor], list[tuple[int, str, int]]()
        capacity = {"a": 5, "b": 6}
        for minute in range(12 * 60):
            now = NOW + timedelta(minutes=minute)
            busy = [one for one in busy if one[0] > minute]
            loads = Counter[str]()
            for _, agent_id, weight in busy:
                loads[agent_id] += weight
            queue += stream(minute)
            cases = {case.case_id: case for case in queue}
            workers = [Worker(one, capacity=capacity[one], load=loads[one]) for one in capacity]
            made = plan(workers, queue, rules=rules, now=now)
            if any(case_id == poor.case_id for case_id, _ in made.assigned):
                return minute
            # Not all at once: each gap is as small as it can be.
            busy += [
                (minute + 10 + at % 7, agent_id, rules.weights[cases[case_id].channel])
                for at, (case_id, agent_id) in enumerate(made.assigned)
            ]
            queue = made.left
        raise AssertionError("it waited until the evening")

    @staticmethod
    def forms(minute: int, *, each: int = 3, priority: Priority = Priority.NORMAL) -> list[Waiting]:
        at = NOW + timedelta(minutes=minute)
        return [Waiting(f"{minute}-{index}", at, Channel.WEB, priority=priority) for index in range(each)]

    def test_a_call_behind_forms_that_fill_each_gap(self) -> None:
        call = waiting("call", channel=Channel.VOICE)
        earlier = self.forms(-1, each=40)

        def stream(minute: int) -> list[Waiting]:
            return (earlier if minute == 0 else []) + self.forms(minute)

        assert self.rounds_until_taken(call, stream) < 120
        assert self.rounds_until_taken(call, self.forms) < 20

    def test_without_keeping_room_the_call_would_starve(self) -> None:
        """What the test above would not see otherwise."""
        never = replace(RULES, reserve_after=timedelta(days=30))
        call = waiting("call", channel=Channel.VOICE)
        busy = [waiting(f"first-{index}", minutes=1) for index in range(11)]
        try:
            self.rounds_until_taken(
                call, lambda minute: self.forms(minute, each=2) + (busy if not minute else []), rules=never
            )
        except AssertionError:
            return
        raise AssertionError("there was no need to keep room")

    def test_a_low_case_behind_an_endless_stream_of_urgent_ones(self) -> None:
        low = waiting("low", priority=Priority.LOW)
        head_start = RULES.head_starts[Priority.URGENT] - RULES.head_starts[Priority.LOW]
        taken = self.rounds_until_taken(low, lambda minute: self.forms(minute, each=1, priority=Priority.URGENT))
        # Nobody who came later than the head start goes before it; until then, each case takes its turn.
        assert taken <= 1.5 * head_start / timedelta(minutes=1)

    def test_a_case_of_a_team_of_which_nobody_is_here(self) -> None:
        case = waiting("course", topic="training")
        assert self.rounds_until_taken(case, lambda minute: self.forms(minute, each=1)) < 20


class TestNeeds:
    def test_of_a_topic_that_nothing_is_said_of(self) -> None:
        assert RULES.needs(waiting(topic="account", language=Locale.ENGLISH), now=NOW) == Needs(language=Locale.ENGLISH)
