from typing import Any

import pytest

from core_factories import (
    BUDI,
    CHAT,
    NOW,
    PROGRAMME,
    WEB,
    Desk,
    form,
    identity,
    message,
    number,
    voicemail,
)
from kawal.contracts.case_events import CaseState
from rule_factories import occasion, timeline
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Original
from ticket_core.domain.errors import (
    CaseClosed,
    CaseNotActive,
    CaseNotMerged,
    CasesMerged,
    EntryMoved,
    EntryNotFound,
    NothingToSplit,
    NotSaid,
    NotSplit,
    SplitFurther,
    SplitUndoneAlready,
    UnknownTopic,
    WholeCase,
)
from ticket_core.domain.inputs import (
    GoesOn,
    MergeCases,
    Pend,
    Reply,
    Resolve,
    SplitCase,
    TimerFired,
    TimerKind,
    UndoMerge,
    UndoSplit,
)

FIRST = number(1)
INCENTIVE, TRAINING = "Insentif saya belum cair dari bulan lalu", "Sertifikat pelatihan belum terbit di akun saya"
ASKED, ANSWERED, OTHER_ASKED, OTHER_ANSWERED = 2, 4, 5, 6
"""The entries of a case: opened, what was asked, the notice, the answer, another problem, the answer to that."""


def split(*entries: int, at: str = FIRST, **changes: Any) -> SplitCase:
    return SplitCase(**{"number": at, "entries": entries, "agent": BUDI, "reason": "Dua kendala"} | changes)


def undo(desk: Desk, case: Case | None = None) -> UndoSplit:
    return UndoSplit(number=(case or desk.cases[-1]).number, agent=BUDI)


def reply(text: str = "Baik", *, at: str = FIRST) -> Reply:
    return Reply(number=at, agent=BUDI, text=text)


@pytest.fixture
def desk() -> Desk:
    found = Desk(policy=PROGRAMME)
    found.hear(message(INCENTIVE, reference=FIRST))
    found.pass_time(minutes=5)
    found.give(reply("Kami periksa"))
    found.pass_time(minutes=5)
    found.hear(message(TRAINING, at=found.now))
    found.pass_time(minutes=5)
    found.give(reply("Segera terbit"))
    return found


class TestSplit:
    def test_both_are_as_if_it_had_been_so_from_the_beginning(self, desk: Desk) -> None:
        applied = desk.one(split(OTHER_ASKED, OTHER_ANSWERED, topic="training"))
        old, new = desk.cases
        assert (applied.case_id, applied.seq, applied.last_seq) == (new.id, 1, 4)
        assert desk.kinds(new.id) == ["opened", "message", "message", "split_off"]
        assert (new.subject, new.gist, new.snippet) == (TRAINING, TRAINING, "Segera terbit")
        assert (new.topic, new.state, new.waiting_since) == ("training", CaseState.PENDING, None)
        assert (new.participant_id, new.conversation_id) == (old.participant_id, CHAT)
        assert (old.subject, old.gist, old.snippet) == (INCENTIVE, INCENTIVE, "Kami periksa")
        assert old.moved == {OTHER_ASKED, OTHER_ANSWERED}
        assert len(old.heard) == len(new.heard) == 1

    def test_the_participants_transcript_stays_as_it_is(self, desk: Desk) -> None:
        before = desk.world.conversations[CHAT]
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED))
        assert desk.world.conversations[CHAT] == before
        copies = [one.entry for one in desk.world.changed.recorded if one.entry.case_id == desk.cases[-1].id]
        assert {entry.conversation_seq for entry in copies} == {None}
        assert [getattr(entry.fact, "of", None) for entry in copies[1:3]] == [
            Original(desk.cases[0].id, OTHER_ASKED),
            Original(desk.cases[0].id, OTHER_ANSWERED),
        ]
        assert desk.hear(message("Lagi", at=desk.now)).seq == 5
        assert desk.world.conversations[CHAT].last_seq == before.last_seq + 2

    def test_no_rule_answers_to_what_was_moved(self, desk: Desk) -> None:
        """It happened where it was said."""
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED))
        old, new = desk.cases
        assert occasion(desk, timeline(desk, old)[OTHER_ASKED - 1]).events == {"message", "contact", "state"}
        assert [occasion(desk, entry).events for entry in timeline(desk, new)] == [set(), set(), set(), {"split_off"}]

    def test_what_is_left_without_an_answer_waits(self, desk: Desk) -> None:
        """The answer that had been given was to the other problem."""
        desk.give(split(OTHER_ASKED, ANSWERED))
        old, new = desk.cases
        assert (old.state, old.waiting_since) == (CaseState.PENDING, None)  # answered by what is there still
        desk.give(undo(desk), split(OTHER_ASKED, ANSWERED, OTHER_ANSWERED))
        old, *_, new = desk.cases
        assert (old.state, old.waiting_since) == (CaseState.OPEN, NOW)
        assert (new.state, new.waiting_since) == (CaseState.PENDING, None)

    def test_what_waits_waits_there(self, desk: Desk) -> None:
        asked = desk.now
        desk.hear(message("Order TRX-8823177 belum masuk", at=asked))
        desk.give(split(7))
        old, new = desk.cases
        assert (old.state, old.waiting_since) == (CaseState.OPEN, None)
        assert (new.state, new.waiting_since, new.opened_at) == (CaseState.NEW, asked, asked)

    def test_onwards(self, desk: Desk) -> None:
        desk.hear(form(("Masalah", TRAINING), topic="payment", at=desk.now))
        desk.hear(message("Lagi", at=desk.now))
        desk.give(split(OTHER_ASKED, onwards=True))
        assert desk.cases[0].moved == {OTHER_ASKED, OTHER_ANSWERED, desk.cases[0].last_seq - 1}

    def test_the_same_words_again_are_heard_there(self, desk: Desk) -> None:
        known = (identity(),)
        desk.hear(message("Ini nomor saya", at=desk.now, identities=known))
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED, goes_on=GoesOn.THIS_CASE))
        again = message(TRAINING, conversation="chat:dddddddd", identities=known, at=desk.now)
        assert desk.hear(again).case_id == desk.cases[-1].id
        assert desk.kinds(desk.cases[-1].id)[-2:] == ["repeated", "notice"]

    @pytest.mark.parametrize(
        ("entries", "changes", "error"),
        [
            ((1,), {}, NotSaid),
            ((3,), {}, NotSaid),
            ((9,), {}, EntryNotFound),
            ((0,), {}, EntryNotFound),
            ((ANSWERED,), {}, NothingToSplit),
            ((), {}, NothingToSplit),
            ((ASKED, OTHER_ASKED), {}, WholeCase),
            ((ASKED,), {"onwards": True}, WholeCase),
            ((OTHER_ASKED,), {"topic": "weather"}, UnknownTopic),
        ],
    )
    def test_refused(self, desk: Desk, entries: tuple[int, ...], changes: dict[str, Any], error: type) -> None:
        with pytest.raises(error):
            desk.give(split(*entries, **changes))
        assert len(desk.cases) == 1

    def test_what_was_moved_already(self, desk: Desk) -> None:
        desk.give(split(OTHER_ASKED))
        with pytest.raises(EntryMoved, match=desk.cases[-1].number):
            desk.give(split(OTHER_ASKED))

    def test_of_a_case_that_is_over(self, desk: Desk) -> None:
        desk.give(Resolve(number=FIRST, agent=BUDI))
        desk.give(split(OTHER_ASKED))
        desk.pass_time(days=15)
        desk.give(TimerFired(desk.cases[0].id, TimerKind.CLOSE, desk.now))
        with pytest.raises(CaseClosed):
            desk.give(split(ASKED))

    def test_of_a_part_that_was_split_off(self, desk: Desk) -> None:
        desk.hear(message("Order TRX-8823177 belum masuk", at=desk.now))
        desk.give(split(OTHER_ASKED, onwards=True))
        middle = desk.cases[-1]
        desk.give(split(4, at=middle.number))
        last = desk.cases[-1]
        assert last.subject == "Order TRX-8823177 belum masuk"
        assert desk.hear(message("Ada kabar?", at=desk.now)).case_id == last.id
        with pytest.raises(SplitFurther):
            desk.give(undo(desk, middle))
        desk.give(undo(desk), undo(desk, middle))
        assert desk.cases[0].moved == frozenset()


class TestGoesOn:
    @pytest.mark.parametrize(
        ("entries", "goes_on", "moves"),
        [
            ((OTHER_ASKED, OTHER_ANSWERED), GoesOn.NEWEST, True),
            ((OTHER_ASKED,), GoesOn.NEWEST, False),
            ((OTHER_ASKED,), GoesOn.NEW_CASE, True),
            ((OTHER_ASKED, OTHER_ANSWERED), GoesOn.THIS_CASE, False),
        ],
    )
    def test_where_the_newest_entry_is_or_as_the_agent_says(
        self, desk: Desk, entries: tuple[int, ...], goes_on: GoesOn, *, moves: bool
    ) -> None:
        desk.give(split(*entries, goes_on=goes_on))
        old, new = desk.cases
        assert desk.hear(message("Ada kabar?", at=desk.now)).case_id == (new.id if moves else old.id)

    def test_where_it_was_heard_last(self, desk: Desk) -> None:
        """Whoever was heard in the old case again goes on there, whatever was said of the conversation."""
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED))
        old, new = desk.cases
        desk.give(MergeCases(number=FIRST, other=new.number, agent=BUDI))
        assert desk.hear(message("Ada kabar?", at=desk.now)).case_id == old.id
        desk.give(UndoMerge(number=FIRST, other=new.number, agent=BUDI))
        assert desk.hear(message("Halo?", at=desk.now)).case_id == old.id

    def test_another_conversation_stays(self, desk: Desk) -> None:
        known = (identity(),)
        desk.hear(message("Ini nomor saya", at=desk.now, identities=known))
        desk.hear(voicemail(at=desk.now, identities=known))
        desk.give(split(OTHER_ASKED, onwards=True, goes_on=GoesOn.NEW_CASE))
        assert desk.hear(voicemail(at=desk.now)).number == FIRST


class TestUndo:
    def test_it_is_part_of_the_one_it_was_split_off_from(self, desk: Desk) -> None:
        before = desk.cases[0]
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED))
        new = desk.cases[-1]
        applied = desk.one(undo(desk))
        old = desk.cases[0]
        assert (applied.case_id, desk.world.numbers[new.number]) == (old.id, old.id)
        assert old._replace(last_seq=before.last_seq, aliases=()) == before
        assert old.aliases == (new.number,)
        assert (desk.cases[-1].state, desk.cases[-1].waiting_since) == (CaseState.CLOSED, None)
        assert desk.hear(message("Ada kabar?", at=desk.now)).case_id == old.id

    def test_what_came_in_between_is_not_lost(self, desk: Desk) -> None:
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED))
        desk.pass_time(minutes=1)
        asked = desk.now
        desk.hear(message("Ada kabar?", at=asked))
        assert (desk.cases[0].state, desk.cases[0].waiting_since) == (CaseState.PENDING, None)
        desk.give(undo(desk))
        assert (desk.cases[0].state, desk.cases[0].waiting_since) == (CaseState.OPEN, asked)
        assert desk.hear(message("Halo?", at=desk.now)).case_id == desk.cases[0].id
        desk.give(split(OTHER_ASKED))
        assert desk.cases[0].waiting_since == asked

    def test_what_was_answered_in_between_is_answered(self, desk: Desk) -> None:
        desk.hear(message("Order TRX-8823177 belum masuk", at=desk.now))
        desk.give(split(7))
        desk.pass_time(minutes=1)
        desk.give(reply(at=desk.cases[-1].number), undo(desk))
        assert desk.cases[0].waiting_since is None

    def test_what_was_woken_waits_for_the_participant_again(self, desk: Desk) -> None:
        desk.give(split(ANSWERED, OTHER_ASKED, OTHER_ANSWERED))
        assert desk.cases[0].state is CaseState.OPEN
        desk.give(undo(desk))
        assert (desk.cases[0].state, desk.cases[0].waiting_since) == (CaseState.PENDING, None)

    def test_refused(self, desk: Desk) -> None:
        with pytest.raises(NotSplit):
            desk.give(undo(desk))
        desk.give(split(OTHER_ASKED))
        new = desk.cases[-1]
        desk.give(undo(desk))
        with pytest.raises(NotSplit):
            desk.give(undo(desk))
        with pytest.raises(SplitUndoneAlready):
            desk.give(UndoMerge(number=FIRST, other=new.number, agent=BUDI))
        with pytest.raises(CaseNotMerged):
            desk.give(UndoMerge(number=FIRST, other=number(77), agent=BUDI))

    def test_merged_since(self, desk: Desk) -> None:
        known = (identity(),)
        desk.hear(message("Ini nomor saya", at=desk.now, identities=known))
        text = "Order TRX-8823177 belum masuk"
        other = desk.hear(form(("Masalah", text), at=desk.now, identities=known, conversation=WEB))
        desk.give(split(OTHER_ASKED))
        new = desk.cases[-1]
        desk.give(MergeCases(number=other.number, other=FIRST, agent=BUDI))
        with pytest.raises(CasesMerged):
            desk.give(undo(desk, new))
        desk.give(UndoMerge(number=other.number, other=FIRST, agent=BUDI))
        desk.give(MergeCases(number=other.number, other=new.number, agent=BUDI))
        with pytest.raises(NotSplit):
            desk.give(undo(desk, new))

    @pytest.mark.parametrize("heard", [True, False])
    def test_into_a_case_that_is_resolved(self, desk: Desk, *, heard: bool) -> None:
        """Only if nothing would be lost in it."""
        desk.give(split(OTHER_ASKED, OTHER_ANSWERED), Resolve(number=FIRST, agent=BUDI))
        if heard:
            desk.hear(message("Ada kabar?", at=desk.now))
            with pytest.raises(CaseNotActive):
                desk.give(undo(desk))
        else:
            desk.give(undo(desk))
            assert desk.cases[0].state is CaseState.RESOLVED

    def test_of_a_case_that_is_over(self, desk: Desk) -> None:
        desk.give(split(OTHER_ASKED))
        new = desk.cases[-1]
        desk.give(Resolve(number=new.number, agent=BUDI))
        desk.pass_time(days=15)
        desk.give(TimerFired(new.id, TimerKind.CLOSE, desk.now))
        with pytest.raises(CaseClosed):
            desk.give(undo(desk))

    def test_in_any_order(self, desk: Desk) -> None:
        before = desk.cases[0]
        desk.hear(message("Order TRX-8823177 belum masuk", at=desk.now))
        desk.give(split(OTHER_ASKED), split(7))
        _, one, other = desk.cases
        desk.give(Pend(number=one.number, agent=BUDI), undo(desk, one))
        assert desk.cases[0].moved == {7}
        desk.give(undo(desk, other))
        assert desk.cases[0].gist.startswith(before.gist)
        assert desk.cases[0].ties is None
