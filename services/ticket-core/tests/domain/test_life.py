"""The life of a case, by what agents do to it; the arbitrary stories are in test_replay."""

from collections.abc import Callable
from typing import Any

import pytest

from core_factories import BUDI, DEWI, PROGRAMME, Desk, contact, message
from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case
from ticket_core.domain.errors import CaseClosed, IllegalStep, InvalidFieldValue, UnknownReason
from ticket_core.domain.fold import Skipped
from ticket_core.domain.inputs import (
    Assign,
    ChangeTags,
    Hold,
    Pend,
    Prioritise,
    Reopen,
    Resolve,
    Resume,
    RouteCase,
    SetFields,
    TimerFired,
    TimerKind,
    WriteNote,
)
from ticket_core.domain.kinds import Priority

Do = Callable[..., Case]


@pytest.fixture
def desk() -> Desk:
    desk = Desk(policy=PROGRAMME)
    desk.hear()
    return desk


@pytest.fixture
def do(desk: Desk) -> Do:
    def do(command: Any, **arguments: Any) -> Case:
        """The case, after an agent's command."""
        desk.one(command(number=desk.cases[0].number, agent=BUDI, **arguments))
        return desk.cases[0]

    return do


class TestRouting:
    def test_holds_only_for_the_case_that_routing_saw(self, desk: Desk, do: Do) -> None:
        case = desk.cases[0]
        do(Assign, assignee=DEWI)
        assert desk.give(RouteCase(case.id, None, BUDI)) == [Skipped()]
        assert desk.cases[0].assignee_id == DEWI.id
        desk.one(RouteCase(case.id, DEWI.id, BUDI))
        assert desk.cases[0].assignee_id == BUDI.id
        desk.one(RouteCase(case.id, BUDI.id, None))
        assert desk.cases[0].assignee_id is None

    def test_gives_nobody_what_waits_for_somebody_else(self, desk: Desk, do: Do) -> None:
        case = do(Pend)
        assert desk.give(RouteCase(case.id, None, BUDI)) == [Skipped()]


class TestWaiting:
    def test_on_the_participant_until_he_writes(self, desk: Desk, do: Do) -> None:
        assert do(Pend).state is CaseState.PENDING
        desk.hear()
        assert desk.cases[0].state is CaseState.OPEN

    def test_on_a_third_party_for_a_reason(self, do: Do) -> None:
        held = do(Hold, reason="bank")
        assert (held.state, held.reason) == (CaseState.ON_HOLD, "bank")
        assert do(Hold, reason="office").reason == "office"
        resumed = do(Resume)
        assert (resumed.state, resumed.reason) == (CaseState.OPEN, None)

    def test_a_message_ends_the_reason_too(self, desk: Desk, do: Do) -> None:
        do(Hold, reason="bank")
        desk.hear()
        assert (desk.cases[0].state, desk.cases[0].reason) == (CaseState.OPEN, None)

    @pytest.mark.parametrize(("command", "arguments"), [(Pend, {}), (Hold, {"reason": "bank"}), (Resume, {})])
    def test_twice_is_once(self, do: Do, command: Any, arguments: dict[str, str]) -> None:
        assert do(command, **arguments) == do(command, **arguments)

    def test_a_reason_that_the_programme_does_not_have(self, do: Do) -> None:
        with pytest.raises(UnknownReason):
            do(Hold, reason="fixed")
        with pytest.raises(UnknownReason):
            do(Resolve, reason="bank")

    def test_tells_the_participant_nothing(self, desk: Desk, do: Do) -> None:
        before = next(iter(desk.world.conversations.values())).last_seq
        for command, arguments in ((Pend, {}), (Hold, {"reason": "bank"}), (Resume, {})):
            do(command, **arguments)
        assert next(iter(desk.world.conversations.values())).last_seq == before

    @pytest.mark.parametrize(("command", "arguments"), [(Pend, {}), (Hold, {"reason": "bank"})])
    def test_not_when_it_is_resolved(self, desk: Desk, do: Do, command: Any, arguments: dict[str, str]) -> None:
        before = do(Resolve)
        with pytest.raises(IllegalStep) as refused:
            do(command, **arguments)
        assert (refused.value.status, refused.value.code) == (409, "case_resolved")
        assert desk.cases[0] == before


class TestResolve:
    def test_keeps_how_until_it_is_reopened(self, desk: Desk, do: Do) -> None:
        assert do(Resolve, reason="fixed").reason == "fixed"
        assert do(Reopen).reason is None

    def test_keeps_how_when_it_is_closed(self, desk: Desk, do: Do) -> None:
        closing = do(Resolve, reason="fixed")
        desk.pass_time(days=15)
        desk.one(TimerFired(closing.id, TimerKind.CLOSE, desk.now))
        assert (desk.cases[0].state, desk.cases[0].reason) == (CaseState.CLOSED, "fixed")

    def test_a_message_after_the_close_follows_up(self, desk: Desk, do: Do) -> None:
        closed = do(Resolve)
        desk.pass_time(days=15)
        desk.one(TimerFired(closed.id, TimerKind.CLOSE, desk.now))
        desk.one(contact(message(at=desk.now)))
        assert [case.follow_up_of for case in desk.cases] == [None, closed.id]

    @pytest.mark.parametrize(
        ("command", "arguments"),
        [
            (Pend, {}),
            (Hold, {"reason": "bank"}),
            (Resume, {}),
            (WriteNote, {"text": "x"}),
            (Prioritise, {"priority": Priority.HIGH}),
            (ChangeTags, {"add": ("x",)}),
            (SetFields, {"values": {"amount": 1}}),
        ],
    )
    def test_nothing_is_done_to_a_closed_case(
        self, desk: Desk, do: Do, command: Any, arguments: dict[str, Any]
    ) -> None:
        resolved = do(Resolve)
        desk.pass_time(days=15)
        desk.one(TimerFired(resolved.id, TimerKind.CLOSE, desk.now))
        with pytest.raises(CaseClosed):
            do(command, **arguments)


class TestDetails:
    def test_notes_change_nothing_but_the_timeline(self, desk: Desk, do: Do) -> None:
        before = desk.cases[0]
        desk.pass_time(minutes=1)
        noted = do(WriteNote, text="Cek ke bank", mentions=(DEWI.id,))
        assert noted == before._replace(last_seq=before.last_seq + 1, activity_at=desk.now)
        last = desk.world.changed.recorded[-1].entry
        assert (last.text, last.author_id, last.conversation_id) == ("Cek ke bank", BUDI.id, None)

    def test_a_note_on_a_resolved_case(self, do: Do) -> None:
        resolved = do(Resolve)
        assert do(WriteNote, text="Sudah transfer").close_at == resolved.close_at

    def test_priority(self, do: Do) -> None:
        assert do(Prioritise, priority=Priority.URGENT).priority is Priority.URGENT
        assert do(Prioritise, priority=Priority.URGENT).last_seq == do(Prioritise, priority=Priority.URGENT).last_seq

    def test_tags(self, do: Do) -> None:
        assert do(ChangeTags, add=("VIP", "Gelombang 12")).tags == ("vip", "gelombang-12")
        after = do(ChangeTags, add=("vip",), remove=("gelombang 12",))
        assert (after.tags, do(ChangeTags, add=("vip",)).last_seq) == (("vip",), after.last_seq)

    def test_fields(self, do: Do) -> None:
        assert do(SetFields, values={"sure": True, "amount": 2}).fields == (("amount", 2), ("sure", True))
        assert do(SetFields, values={"amount": None}).fields == (("sure", True),)
        after = do(SetFields, values={"sure": True, "amount": None})
        assert after.last_seq == 5

    def test_one_wrong_field_keeps_none(self, desk: Desk, do: Do) -> None:
        with pytest.raises(InvalidFieldValue):
            do(SetFields, values={"amount": 2, "sure": "maybe"})
        assert desk.cases[0].fields == ()
