"""The clocks of a case equal those that look at each second, whatever contacts and commands come in between."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core_factories import BUDI, CHAT, WEB, Desk, contact, identity, message
from core_stories import ring, run, splits, steps, timelines
from kawal.errors import KawalError
from naive_clocks import Reading, Run, naive_clocks
from sla_factories import (
    AFTERNOON,
    ALWAYS,
    BEFORE_THE_HOLIDAY,
    FIRST,
    JAKARTA,
    NEXT,
    OTHER_PROMISES,
    PROMISES,
    RESOLUTION,
    Calendars,
    Promise,
    policy,
    promise,
)
from ticket_core.domain.calendars import DAY
from ticket_core.domain.case import Case
from ticket_core.domain.clocks import Clock, ClockKind, Clocks
from ticket_core.domain.entries import CONTRIBUTIONS, Priority, SlaBreached, SlaWarned
from ticket_core.domain.evolve import fold
from ticket_core.domain.fold import Skipped
from ticket_core.domain.inputs import (
    ChangeTopic,
    Hold,
    Input,
    JoinIncident,
    MergeCases,
    Pend,
    Prioritise,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetClocks,
    SplitCase,
    TellUpdate,
    TimerFired,
    TimerKind,
    UndoMerge,
    UndoSplit,
)
from ticket_core.domain.recompute import recomputed
from ticket_core.domain.timekeeping import deadlines

seconds = st.sampled_from([1, 20, 40, 59, 60, 90, 150, 225, 300, 900])
late = st.sampled_from([0, 0, 1, 45, 700])
topics = [None, None, None, "payment", "account.fraud"]
places = st.sampled_from([0, 0, 0, 0, 1, 2])
usual = [
    (Reply, {"text": "Baik"}),
    (Reply, {"text": "Baik"}),
    (Pend, {}),
    (Hold, {"reason": "bank"}),
    (Resume, {}),
    (Resolve, {}),
    (Reopen, {}),
]
changes = [
    *((ChangeTopic, {"topic": topic}) for topic in ("payment", "account.fraud", None)),
    *((Prioritise, {"priority": priority}) for priority in (Priority.URGENT, Priority.LOW)),
]
joins = st.tuples(st.sampled_from([MergeCases, UndoMerge]), st.integers(0, 2), st.integers(0, 2))


def stories(
    commands: Sequence[Any] = (*usual, *changes), topics: Sequence[str | None] = topics
) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """Mostly of one case, that agents do something with, for long enough that clocks are due."""
    details = {
        "contact": st.tuples(st.sampled_from([CHAT, WEB]), st.sampled_from(topics), late),
        "command": st.tuples(st.sampled_from(commands), places),
        "time": seconds,
        "alarm": places,
        "join": joins,
    }
    kinds = st.sampled_from(["contact"] * 2 + ["command"] * 4 + ["time"] * 5 + ["alarm", "join"])
    step = kinds.flatmap(lambda kind: st.tuples(st.just(kind), details[kind]))
    first = st.sampled_from([[("contact", (CHAT, None, 0))], [("contact", (WEB, None, 0))]])
    return st.tuples(first, st.lists(step, min_size=10, max_size=35)).map(lambda parts: parts[0] + parts[1])


starts = st.sampled_from([AFTERNOON, BEFORE_THE_HOLIDAY])
TWICE_AT_ONCE = [
    step
    for behind in (0, 700, 700)
    for step in (("contact", (CHAT, None, behind)), ("command", ((Reply, {"text": "Baik"}), 0)))
]
"""Two clocks of one case that begin at the same moment, one after the other."""


def told(start: datetime, story: list[tuple[str, Any]], promises: tuple[Promise, ...] = PROMISES) -> Desk:
    """Let a story happen; what is refused is refused. At the end, all alarms ring."""
    desk = Desk(policy=policy(promises))
    desk.now = start
    for kind, detail in story:
        try:
            desk.give(*_inputs(desk, kind, detail))
        except KawalError:
            assert kind in ("command", "join")
    ring(desk)
    return desk


def _inputs(desk: Desk, kind: str, detail: Any) -> list[Input]:
    match kind, detail:
        case "time", int(passed):
            desk.pass_time(seconds=passed)
        case "contact", (conversation, topic, behind):
            said = {"conversation": conversation, "topic": topic, "at": desk.now - timedelta(seconds=behind)}
            return [contact(message("Ya", identities=(identity(),), **said))]
        case "alarm", place if place < len(desk.cases):
            return [TimerFired(desk.cases[place].id, TimerKind.SLA, desk.now)]
        case "command", ((command, arguments), place) if place < len(desk.cases):
            return [command(number=desk.cases[place].number, agent=BUDI, **arguments)]
        case "join", (command, place, other) if max(place, other) < len(desk.cases):
            return [command(number=desk.cases[place].number, other=desk.cases[other].number, agent=BUDI)]
    return []


def seen(clock: Clock, case: Case) -> dict[str, Any]:
    """What is to be compared. Of a clock that stands still, what was used; what is said of it, once it can be said."""
    found: dict[str, Any] = {
        "begun_at": clock.begun_at,
        "channel": clock.channel,
        "running": clock.running,
        "over": clock.ended,
        "target": clock.target,
        "due_at": None if clock.ended else clock.due_at,
        "used": None if clock.running else clock.used,
    }
    return found if case.merged else found | {"breached": clock.breached}


def expected(run: Run, reading: Reading, case: Case, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {
        "begun_at": run.begun_at,
        "channel": run.channel,
        "running": reading.running,
        "over": reading.over,
        "target": reading.target,
        "due_at": None if reading.over else reading.due_at,
        "used": None if reading.running else reading.used,
    }
    breached = reading.due_at is not None and reading.due_at <= now
    return found if case.merged else found | {"breached": breached}


def assert_as_the_oracle_says(desk: Desk, promises: Sequence[Promise]) -> None:
    policies = [one.naive for one in promises]
    for case in desk.cases:
        naive = naive_clocks(timelines(desk)[case.id], policies, until=desk.now)
        assert case.clocks is not None
        clocks = {kind: clock for kind, clock in zip(ClockKind, case.clocks, strict=True) if clock}
        assert {kind: seen(clock, case) for kind, clock in clocks.items()} == {
            kind: expected(run, reading, case, desk.now) for kind, (run, reading) in naive.items()
        }


class TestAgainstEachSecond:
    @given(starts, stories())
    @settings(max_examples=150, deadline=None)
    def test_clocks(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        assert_as_the_oracle_says(told(start, story), PROMISES)

    @given(starts, stories())
    @settings(max_examples=75, deadline=None)
    def test_breaches(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        """Each is true when it is said, and none is said again before it was taken back."""
        desk = told(start, story)
        for entries in timelines(desk).values():
            for place, entry in enumerate(entries):
                if isinstance(entry.fact, SlaBreached):
                    naive = naive_clocks(entries[:place], [one.naive for one in PROMISES], until=entry.at)
                    _, reading = naive[entry.fact.clock]
                    assert (reading.running, reading.due_at) == (True, entry.fact.due_at)
                    assert entry.fact.due_at <= entry.at
                    before = getattr(fold(entries[:place]).clocks, entry.fact.clock)
                    assert not before.breached

    @given(starts, stories(usual, [None]))
    @example(AFTERNOON, TWICE_AT_ONCE)
    @settings(max_examples=75, deadline=None)
    def test_a_breach_fires_once(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        """Where the terms stay the same: exactly one for each clock that is, or was when it ended, overdue."""
        desk = told(start, story)
        for entries in timelines(desk).values():
            fired, overdue, before, begun = Counter[Any](), set[Any](), Clocks(), 0
            for entry in entries:
                clocks = entry.clocks or before
                # What is late may begin a second clock at the very moment at which the first one began.
                following, last = clocks.next_response, before.next_response
                begun += following is not None and not following.ended and (last is None or last.ended)
                overdue |= {
                    (kind, begun * (kind == NEXT))
                    for kind in ClockKind
                    if (clock := getattr(clocks, kind)) and clock.breached
                }
                if isinstance(entry.fact, SlaBreached):
                    fired[entry.fact.clock, begun * (entry.fact.clock == NEXT)] += 1
                before = clocks
            assert fired == Counter(overdue)

    @given(starts, stories())
    @settings(max_examples=75, deadline=None)
    def test_all_alarms_have_rung(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        desk = told(start, story)
        for case in desk.cases:
            alarm_at = deadlines(case).alarm_at
            assert alarm_at is None or alarm_at > desk.now
        before = dict(desk.world.cases)
        ring(desk)
        assert desk.world.cases == before

    @given(starts, stories())
    @settings(max_examples=75, deadline=None)
    def test_a_warning_comes_before_the_breach(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(told(start, story)).values():
            for entry in entries:
                if isinstance(entry.fact, SlaWarned):
                    assert entry.at < entry.fact.due_at


class TestAnyStory:
    """With everything else that can happen to cases: merges, splits, rules, incidents, other people."""

    @given(steps | splits)
    @settings(max_examples=150, deadline=None)
    def test_a_response_is_due_while_the_participant_waits(self, story: list[tuple[str, Any]]) -> None:
        for case in run(story).cases:
            if case.active:
                assert case.clocks is not None
                responses = [clock for clock in case.clocks[:2] if clock and not clock.ended]
                assert (case.waiting_since is not None) == (len(responses) == 1)

    @given(steps | splits)
    @settings(max_examples=150, deadline=None)
    def test_counting_again_by_the_same_policies_changes_nothing(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        entries, sla = timelines(desk), desk.policy.sla
        assert not any(recomputed(case, entries[case.id], sla=sla, now=desk.now) for case in desk.cases)

    @given(steps)
    @settings(max_examples=100, deadline=None)
    def test_counting_again_by_other_policies_is_done_once(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        desk.policy = policy(OTHER_PROMISES)
        for _ in range(2):
            entries, sla = timelines(desk), desk.policy.sla
            desk.give(*filter(None, [recomputed(one, entries[one.id], sla=sla, now=desk.now) for one in desk.cases]))
            ring(desk)
        for case in desk.cases:
            assert desk.kinds(case.id).count("sla_changed") <= 1
            alarm_at = deadlines(case).alarm_at
            assert alarm_at is None or alarm_at > desk.now


class TestAnUndoneSplit:
    def test_an_answer_in_the_other_case_ended_the_clock_when_it_was_given(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0)), ("time", 20), ("contact", (CHAT, None, 0))])
        case = desk.cases[0]
        second = max(entry.seq for entry in timelines(desk)[case.id] if isinstance(entry.fact, CONTRIBUTIONS))
        desk.give(SplitCase(number=case.number, entries=(second,), agent=BUDI, reason="Dua kendala"))
        number, answered_at = desk.cases[1].number, desk.now
        desk.give(Reply(number=number, agent=BUDI, text="Baik"))
        desk.pass_time(seconds=20)
        assert desk.cases[0].clocks is not None
        assert desk.cases[0].clocks.first_response is not None
        assert desk.cases[0].clocks.first_response.running
        desk.give(UndoSplit(number=number, agent=BUDI))
        first = desk.cases[0].clocks.first_response
        assert (first.ended, first.as_of) == (True, answered_at)


class TestRecomputed:
    @given(starts, stories())
    @settings(max_examples=100, deadline=None)
    def test_by_the_same_policies_nothing_changes(self, start: datetime, story: list[tuple[str, Any]]) -> None:
        desk = told(start, story)
        assert [self.recomputed(desk, case) for case in desk.cases] == [None] * len(desk.cases)

    @given(starts, stories(), stories())
    @settings(max_examples=100, deadline=None)
    def test_by_other_policies_it_is_as_if_they_had_always_held(
        self, start: datetime, before: list[tuple[str, Any]], after: list[tuple[str, Any]]
    ) -> None:
        desk = told(start, before)
        desk.policy, active = policy(OTHER_PROMISES), {case.id for case in desk.cases if case.active}
        desk.give(*filter(None, [self.recomputed(desk, case) for case in desk.cases]))
        assert [self.recomputed(desk, case) for case in desk.cases] == [None] * len(desk.cases)
        for kind, detail in [step for step in after if step[0] != "join"]:
            try:
                desk.give(*_inputs(desk, kind, detail))
            except KawalError:
                assert kind == "command"
        ring(desk)
        for case in desk.cases:
            if case.id in active:
                self.assert_as_if(desk, case)
        # What was over when it was counted again went on with the time that it had used, until it is counted again.
        desk.give(*filter(None, [self.recomputed(desk, case) for case in desk.cases]))
        ring(desk)
        for case in desk.cases:
            if case.active:
                self.assert_as_if(desk, case)

    def assert_as_if(self, desk: Desk, case: Case) -> None:
        naive = naive_clocks(timelines(desk)[case.id], [one.naive for one in OTHER_PROMISES], until=desk.now)
        for kind, (counted, reading) in naive.items():
            clock = getattr(case.clocks, kind)
            if not clock.ended:
                assert seen(clock, case) == expected(counted, reading, case, desk.now)

    def recomputed(self, desk: Desk, case: Case) -> SetClocks | None:
        return recomputed(case, timelines(desk)[case.id], sla=desk.policy.sla, now=desk.now)


class TestOneByOne:
    def test_a_writer_whose_clock_is_behind_brings_no_second_breach(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0)), ("time", 200), ("alarm", 0)])
        desk.pass_time(seconds=-2)
        desk.give(Pend(number=desk.cases[0].number, agent=BUDI), Resume(number=desk.cases[0].number, agent=BUDI))
        desk.pass_time(seconds=100)
        ring(desk)
        assert desk.kinds(desk.cases[0].id).count("sla_breached") == 1

    def test_an_answer_at_the_very_moment_is_late(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0)), ("time", 199)])
        assert "sla_breached" not in desk.kinds(desk.cases[0].id)
        desk.pass_time(seconds=1)
        desk.give(Reply(number=desk.cases[0].number, agent=BUDI, text="Baik"))
        assert desk.kinds(desk.cases[0].id)[-2:] == ["sla_breached", "message"]

    def test_an_update_of_an_incident_answers_nobody(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0))])
        number, texts = desk.cases[0].number, {"id": "Pulih", "en": "Back"}
        title = {"id": "Mati", "en": "Down"}
        desk.give(JoinIncident(number=number, agent=BUDI, incident_id="i1", title=title))
        desk.give(TellUpdate(number=number, agent=BUDI, incident_id="i1", update=1, texts=texts))
        clocks = desk.cases[0].clocks
        assert clocks is not None
        assert clocks.first_response is not None
        assert clocks.first_response.running

    def test_a_case_from_before_there_were_promises_gets_its_clocks_by_a_recount(self) -> None:
        desk = Desk()
        desk.hear()
        desk.policy = policy()
        desk.give(Reply(number=desk.cases[0].number, agent=BUDI, text="Baik"))
        assert desk.cases[0].clocks is None
        again = recomputed(desk.cases[0], timelines(desk)[desk.cases[0].id], sla=desk.policy.sla, now=desk.now)
        assert again is not None
        desk.give(again)
        assert desk.cases[0].clocks is not None
        assert desk.cases[0].clocks.first_response is not None
        assert desk.cases[0].clocks.first_response.ended

    def test_a_recount_holds_only_for_the_case_that_was_counted(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0))])
        sla = policy(OTHER_PROMISES).sla
        again = recomputed(desk.cases[0], timelines(desk)[desk.cases[0].id], sla=sla, now=desk.now)
        assert again is not None
        desk.hear()
        assert desk.give(again) == [Skipped()]

    def test_a_recount_finds_a_paused_clock_overdue_and_that_is_said_once(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0)), ("time", 150), ("command", ((Pend, {}), 0))])
        desk.policy = policy((promise("all", ALWAYS, {FIRST: 100, RESOLUTION: 5_000}),))
        for _ in range(2):
            self.count_again(desk)
            ring(desk)
            assert desk.kinds(desk.cases[0].id).count("sla_breached") == 1
        desk.give(Resume(number=desk.cases[0].number, agent=BUDI))
        desk.give(Reply(number=desk.cases[0].number, agent=BUDI, text="Baik"))
        ring(desk)
        assert desk.kinds(desk.cases[0].id).count("sla_breached") == 1
        assert desk.kinds(desk.cases[0].id).count("sla_changed") == 1

    def test_a_recount_while_it_is_paused_brings_no_second_warning(self) -> None:
        desk = told(AFTERNOON, [("contact", (CHAT, None, 0)), ("time", 190), ("alarm", 0)])
        desk.give(Pend(number=desk.cases[0].number, agent=BUDI))
        desk.policy = policy((promise("all", ALWAYS, {FIRST: 210, RESOLUTION: 5_000}),))
        self.count_again(desk)
        desk.give(Resume(number=desk.cases[0].number, agent=BUDI))
        ring(desk)
        assert desk.kinds(desk.cases[0].id).count("sla_warned") == 1

    def test_another_calendar_after_a_restart_uses_nothing_up_in_arrears(self) -> None:
        evening = Calendars.of(JAKARTA, [(20 * 60, DAY)])
        story = [("contact", (CHAT, None, 0)), ("time", 900)]
        desk = told(AFTERNOON, story, (promise("all", evening, {FIRST: 600}),))
        desk.policy = policy((promise("all", ALWAYS, {FIRST: 600}),))
        desk.give(Pend(number=desk.cases[0].number, agent=BUDI), Resume(number=desk.cases[0].number, agent=BUDI))
        assert deadlines(desk.cases[0]).due_at == desk.now + timedelta(seconds=600)

    def count_again(self, desk: Desk) -> None:
        entries, sla = timelines(desk), desk.policy.sla
        desk.give(*filter(None, [recomputed(one, entries[one.id], sla=sla, now=desk.now) for one in desk.cases]))
