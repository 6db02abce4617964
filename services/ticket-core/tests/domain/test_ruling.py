"""What rules make of entries, without a database."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import BUDI, CHAT, DEWI, PROGRAMME, VOICE, Desk, contact, message, voicemail
from kawal import case_numbers
from kawal.contracts.case_events import CaseState, MessageAdded, case_event_adapter
from kawal.contracts.words import Author, Locale
from rule_factories import rule, show, show_all, timeline
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry, NoteWritten
from ticket_core.domain.evolve import fold
from ticket_core.domain.inputs import MergeCases, MergePersons, Prioritise, Reply, Resolve, TimerFired, TimerKind
from ticket_core.domain.kinds import Priority
from ticket_core.domain.occasions import EVENTS, Occasion, rule_of
from ticket_core.domain.roster import Member, Roster
from ticket_core.domain.rules import LONGEST_CHAIN, MOST_IN_A_WHILE, Rule, chain
from ticket_core.domain.ruling import Outcome, RulesRan
from ticket_core.store.events import case_event


@pytest.fixture
def desk() -> Desk:
    return Desk(policy=PROGRAMME)


@pytest.fixture
def case(desk: Desk) -> Case:
    desk.hear(message("Halo", name="Siti"))
    return desk.cases[0]


def outcomes(ran: RulesRan) -> list[tuple[str, str]]:
    return [(one.rule.key, str(one.outcome)) for one in ran.ran]


def written(desk: Desk) -> list[Entry]:
    return [one for one in timeline(desk, desk.cases[0]) if rule_of(one.author_id)]


def now(desk: Desk) -> Case:
    return desk.cases[0]


class TestActs:
    def test_all_of_them_in_the_name_of_the_rule(self, desk: Desk, case: Case) -> None:
        then = {
            "topic": "account.fraud",
            "fields": {"voucher": "A1", "sure": True},
            "priority": "high",
            "tags": {"add": ["Lihat ini"]},
            "assign": "budi@example.id",
            "note": "{{case.number}} @Budi",
            "reply": {"id": "{{participant.name|Anda}}, {{programme.hotline}}", "en": "…"},
            "state": "on_hold",
            "reason": "bank",
        }
        roster = Roster([Member(BUDI, "budi@example.id")])
        ran = show(desk, timeline(desk, case)[1], rule(then=then), roster=roster)
        assert outcomes(ran) == [("one", "fired")]
        entries = written(desk)
        assert [one.fact.kind for one in entries] == [
            "topic", "fields", "priority", "tags", "assigned", "note", "automatic_answer", "state",
        ]  # fmt: skip
        assert {(one.author, one.author_id, one.about) for one in entries} == {(Author.SYSTEM, "rule:one", 2)}
        assert entries[5].text == f"{case_numbers.display(case.number)} @Budi"
        assert entries[5].fact.mentions == (BUDI.id,)  # type: ignore[union-attr]
        assert entries[6].text == "Siti, Hubungi 0800"
        after = now(desk)
        assert (after.topic, after.priority, after.tags) == ("account.fraud", Priority.HIGH, ("lihat-ini",))
        assert (after.assignee_id, after.state, after.reason) == (BUDI.id, CaseState.ON_HOLD, "bank")
        assert dict(after.fields) == {"voucher": "A1", "sure": True}
        assert fold(timeline(desk, case)) == after

    def test_a_participant_calls_nobody_by_his_name(self, desk: Desk) -> None:
        desk.hear(message("Halo", name="@Budi"))
        roster = Roster([Member(BUDI, "budi@example.id")])
        show(desk, timeline(desk, now(desk))[1], rule(then={"note": "{{participant.name|Anda}}"}), roster=roster)
        assert [(one.text, one.fact) for one in written(desk)] == [("@Budi", NoteWritten())]

    @pytest.mark.parametrize(
        ("then", "before", "after"),
        [
            ({"state": "pending"}, None, CaseState.PENDING),
            ({"state": "open"}, None, CaseState.OPEN),
            ({"state": "resolved", "reason": "fixed"}, None, CaseState.RESOLVED),
            ({"state": "open"}, Resolve, CaseState.OPEN),
        ],
    )
    def test_moves_the_case(self, desk: Desk, case: Case, then: Any, before: Any, after: CaseState) -> None:
        if before is not None:
            desk.give(before(number=case.number, agent=BUDI))
        show(desk, timeline(desk, case)[-1], rule(when=["notice"], then=then))
        assert now(desk).state is after

    def test_none_if_one_is_not_possible(self, desk: Desk, case: Case) -> None:
        then = {"priority": "urgent", "fields": {"voucher": "A1"}}  # which cases without a topic do not have
        ran = show(desk, timeline(desk, case)[1], rule(then=then))
        assert (outcomes(ran), ran.ran[0].refused) == ([("one", "refused")], "field_not_for_topic")
        assert written(desk) == []
        assert desk.world.fired[case.id][0].refused == "field_not_for_topic"

    def test_nothing_when_all_is_so_already(self, desk: Desk, case: Case) -> None:
        desk.give(Prioritise(number=case.number, agent=BUDI, priority=Priority.URGENT))
        assert outcomes(show(desk, timeline(desk, case)[1], rule())) == []

    def test_each_sees_what_those_before_it_did(self, desk: Desk, case: Case) -> None:
        later = rule("later", if_={"tags": ["a"]}, then={"tags": {"add": ["b"]}})
        earlier = rule("earlier", if_={"tags": ["none"]}, then={"tags": {"add": ["a"]}})
        show(desk, timeline(desk, case)[1], later, earlier)
        assert now(desk).tags == ("a",)
        desk.hear(message("Lagi"))
        show(desk, timeline(desk, case)[-1], rule("never", if_={"tags": ["b"]}), earlier, later)
        assert (now(desk).tags, now(desk).priority) == (("a", "b"), Priority.NORMAL)

    @pytest.mark.parametrize("gone", ["closed", "merged"])
    def test_leave_what_is_over_alone(self, desk: Desk, case: Case, gone: str) -> None:
        if gone == "merged":
            other = desk.one(contact(message("Lagi", topic="payment", conversation="chat:bbbbbbbb")))
            desk.give(_one_person(desk), MergeCases(number=other.number, other=case.number, agent=BUDI))
        else:
            desk.give(Resolve(number=case.number, agent=BUDI))
            desk.pass_time(days=30)
            desk.give(TimerFired(case.id, TimerKind.CLOSE, desk.now))
        before = timeline(desk, case)
        assert outcomes(show(desk, before[1], rule())) == []
        assert timeline(desk, case) == before


def _one_person(desk: Desk) -> MergePersons:
    first, other = desk.people
    return MergePersons(participant_id=first, other_id=other, agent=BUDI)


ANSWER = {"reply": {"id": "Sabar ya", "en": "One moment"}}


class TestAnswers:
    def test_are_told_without_the_name_of_the_rule(self, desk: Desk, case: Case) -> None:
        show(desk, timeline(desk, case)[1], rule(then=ANSWER))
        event = case_event_adapter.validate_json(case_event(desk.world.changed.recorded[-1]).value or b"")
        assert isinstance(event, MessageAdded)
        assert (event.author, event.author_name, event.text) == (Author.SYSTEM, None, "Sabar ya")
        assert event.conversation.seq == 3

    def test_in_the_language_of_the_conversation(self, desk: Desk, case: Case) -> None:
        desk.hear(message("Hello", locale=Locale.ENGLISH))
        show(desk, timeline(desk, case)[-1], rule(then=ANSWER))
        assert written(desk)[0].text == "One moment"

    def test_end_no_waiting(self, desk: Desk, case: Case) -> None:
        show(desk, timeline(desk, case)[1], rule(then=ANSWER))
        after = now(desk)
        assert (after.waiting_since, after.state) == (case.waiting_since, CaseState.NEW)
        assert (after.last_kind, after.snippet) == (case.last_kind, "Halo")

    def test_call_nobody(self, desk: Desk) -> None:
        desk.hear(voicemail())
        ran = show(desk, timeline(desk, now(desk))[1], rule(then={**ANSWER, "priority": "high"}))
        assert outcomes(ran) == [("one", "fired")]
        assert [one.fact.kind for one in written(desk)] == ["priority"]
        assert now(desk).conversation_id == VOICE


class TestTeams:
    def test_who_is_there_and_has_least_to_do(self, desk: Desk) -> None:
        roster = Roster(
            [
                Member(BUDI, "budi@example.id", frozenset({"payments"}), available=True, load=1),
                Member(DEWI, "dewi@example.id", frozenset({"payments"}), available=True, load=2),
            ]
        )
        for at in range(4):
            applied = desk.one(contact(message(conversation=f"{CHAT}{at}")))
            show(
                desk,
                timeline(desk, desk.world.cases[applied.case_id])[1],
                rule(then={"team": "payments"}),
                roster=roster,
            )
        assert [one.assignee_id for one in desk.cases] == [BUDI.id, BUDI.id, DEWI.id, BUDI.id]

    def test_nobody_there_or_one_of_them_already(self, desk: Desk, case: Case) -> None:
        away = Roster([Member(BUDI, "budi@example.id", frozenset({"payments"}))])
        assert outcomes(show(desk, timeline(desk, case)[1], rule(then={"team": "payments"}), roster=away)) == []
        show(desk, timeline(desk, case)[1], rule("to_him", then={"assign": BUDI.id}), roster=away)
        there = Roster(
            [
                Member(BUDI, "budi@example.id", frozenset({"payments"}), available=True, load=9),
                Member(DEWI, "dewi@example.id", frozenset({"payments"}), available=True),
            ]
        )
        assert outcomes(show(desk, timeline(desk, case)[1], rule(then={"team": "payments"}), roster=there)) == []
        assert now(desk).assignee_id == BUDI.id

    def test_who_does_not_work_here(self, desk: Desk, case: Case) -> None:
        ran = show(desk, timeline(desk, case)[1], rule(then={"assign": "nobody@example.id"}))
        assert ran.ran[0].refused == "agent_not_found"


class TestOnce:
    def test_shown_twice(self, desk: Desk, case: Case) -> None:
        always = rule(then={"note": "Lagi"})
        first, second = timeline(desk, case)[1], timeline(desk, case)[1]
        assert [outcomes(show(desk, one, always)) for one in (first, second)] == [[("one", "fired")], []]

    def test_on_each_entry_unless_once_per_case(self, desk: Desk, case: Case) -> None:
        always, once = rule("always", then={"note": "a"}), rule("once", then={"note": "b"}, once_per_case=True)
        desk.hear(message("Lagi"))
        show_all(desk, case, always, once)
        assert sorted(one.text for one in written(desk)) == ["a", "a", "b"]


class TestLoops:
    def test_a_rule_is_not_set_off_by_itself(self, desk: Desk, case: Case) -> None:
        ran = show_all(desk, case, rule(when=["contact", "note"], then={"note": "Lagi"}))
        assert [one for each in ran for one in outcomes(each)] == [("one", "fired"), ("one", "loop")]

    def test_nor_by_one_that_it_set_off(self, desk: Desk, case: Case) -> None:
        ping = rule("ping", when=["contact", "priority"], then={"tags": {"add": ["a"], "remove": ["b"]}})
        pong = rule("pong", when=["tags"], then={"priority": "high", "tags": {"add": ["b"], "remove": ["a"]}})
        ran = show_all(desk, case, ping, pong)
        assert [one for each in ran for one in outcomes(each)] == [
            ("ping", "fired"), ("pong", "fired"), ("ping", "loop"),
        ]  # fmt: skip

    def test_a_long_chain_is_cut(self, desk: Desk, case: Case) -> None:
        chained = [
            rule(f"r{at}", when=["note"] if at else ["contact"], if_=_called(at), then={"note": _note(at + 1)})
            for at in range(LONGEST_CHAIN + 2)
        ]
        ran = [one for each in show_all(desk, case, *chained) for one in each.ran]
        assert [one.outcome for one in ran] == [Outcome.FIRED] * LONGEST_CHAIN + [Outcome.LOOP]

    def test_a_circle_through_the_participant_ends_for_an_hour(self, desk: Desk, case: Case) -> None:
        answer = rule(then={"reply": {"id": "Kami tutup", "en": "We are closed"}})
        found = []
        for _ in range(MOST_IN_A_WHILE + 3):
            desk.hear(message("Otomatis: saya sedang cuti"))
            found.append(outcomes(show(desk, _said_last(desk, case), answer))[0][1])
        assert found == ["fired"] * MOST_IN_A_WHILE + ["too_often"] * 3
        desk.pass_time(hours=2)
        desk.hear(message("Masih ada orang?", at=desk.now))
        assert outcomes(show(desk, _said_last(desk, case), answer)) == [("one", "fired")]

    def test_what_was_refused_is_no_part_of_a_circle(self, desk: Desk, case: Case) -> None:
        nobody = rule("nobody", then={"assign": "nobody@example.id"})
        for _ in range(MOST_IN_A_WHILE):
            desk.hear(message("Halo?"))
            assert outcomes(show(desk, _said_last(desk, case), nobody)) == [("nobody", "refused")]
        desk.hear(message("Masih ada orang?"))
        ran = show(desk, _said_last(desk, case), nobody, rule("noted", then={"note": "Lagi"}))
        assert outcomes(ran) == [("nobody", "refused"), ("noted", "fired")]


def _called(at: int) -> dict[str, Any] | None:
    """Each rule waits for what the one before it noted."""
    return {"words": [_note(at)]} if at else None


def _note(at: int) -> str:
    return f"kata ke{'abcdefghij'[at]}"


def _said_last(desk: Desk, case: Case) -> Entry:
    return next(one for one in reversed(timeline(desk, case)) if one.author is Author.PARTICIPANT)


words = st.sampled_from(["a", "b"])
acts = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.builds(lambda add, remove: {"add": [add], "remove": [remove]}, words, words),
        "priority": st.sampled_from(["low", "high"]),
        "note": words,
        "reply": st.just({"id": "Ya", "en": "Yes"}),
        "topic": st.sampled_from(["account", "payment"]),
        "state": st.sampled_from(["open", "pending", "resolved"]),
    },
).filter(bool)
written_rules = st.lists(
    st.tuples(st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=4), acts), min_size=1, max_size=6
)


def _rules(written: list[tuple[list[str], dict[str, Any]]]) -> list[Rule]:
    return [rule(f"rule_{at}", when=when, then=then) for at, (when, then) in enumerate(written)]


def _after_all(written: list[tuple[list[str], dict[str, Any]]]) -> tuple[Desk, list[Rule]]:
    """A case with a contact and an answer, and all that rules made of it until nothing came any more."""
    desk, rules = Desk(policy=PROGRAMME), _rules(written)
    desk.hear(message("Halo"))
    desk.give(Reply(number=desk.cases[0].number, agent=BUDI, text="Baik"))
    show_all(desk, desk.cases[0], *rules)
    return desk, rules


class TestAnyRules:
    @given(written_rules)
    @settings(max_examples=150, deadline=None)
    def test_come_to_an_end_without_a_circle(self, written: list[Any]) -> None:
        desk, _ = _after_all(written)
        (case,) = desk.cases
        fired = desk.world.fired[case.id]
        for entry in timeline(desk, case):
            led = chain(Occasion(entry=entry), fired)
            assert len(led) == len(set(led)) <= LONGEST_CHAIN
        assert sum(one.refused is None for one in fired) <= MOST_IN_A_WHILE

    @given(written_rules)
    @settings(max_examples=75, deadline=None)
    def test_change_nothing_when_they_are_shown_it_again(self, written: list[Any]) -> None:
        desk, rules = _after_all(written)
        (case,) = desk.cases
        entries = timeline(desk, case)
        fired = {(one.seq, one.rule) for one in desk.world.fired[case.id]}
        for entry in entries:
            for one in show(desk, entry, *rules).ran:
                assert (entry.seq, one.rule.key) not in fired

    @given(written_rules)
    @settings(max_examples=75, deadline=None)
    def test_leave_a_timeline_that_adds_up(self, written: list[Any]) -> None:
        desk, _ = _after_all(written)
        (case,) = desk.cases
        assert fold(timeline(desk, case)) == case
