from datetime import timedelta
from typing import Any

import pytest

from core_factories import (
    BUDI,
    CHAT,
    DEWI,
    NOW,
    PHONE,
    PROGRAMME,
    VOICE,
    WEB,
    Desk,
    callback,
    claimed,
    contact,
    form,
    identity,
    message,
    number,
    read,
    report,
    voicemail,
)
from kawal.contracts.case_events import CaseState, NoticeTemplate
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Author, Channel
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry, FormFilledIn, NoticeGiven, VoicemailRecorded
from ticket_core.domain.errors import CaseClosed, CaseNotFound, CaseNumbersExhausted, ConversationNotFound, UnknownTopic
from ticket_core.domain.fold import Skipped
from ticket_core.domain.inputs import Assign, ChangeTopic, Reopen, Reply, Resolve, TimerFired, TimerKind


@pytest.fixture
def desk() -> Desk:
    return Desk()


def entries(desk: Desk, case: Case) -> list[Entry]:
    return [one.entry for one in desk.world.changed.recorded if one.entry.case_id == case.id]


def last(desk: Desk) -> Entry:
    return desk.world.changed.recorded[-1].entry


def notices(desk: Desk) -> list[NoticeTemplate]:
    facts = [one.entry.fact for one in desk.world.changed.recorded]
    return [fact.template for fact in facts if isinstance(fact, NoticeGiven)]


class TestFirstContact:
    def test_opens_a_case(self, desk: Desk) -> None:
        applied = desk.hear(message("Halo", name="Siti", topic="payment"))
        (case,) = desk.cases
        assert desk.kinds(case.id) == ["opened", "message", "notice"]
        assert (case.state, case.topic, case.subject, case.snippet) == (CaseState.NEW, "payment", "Halo", "Halo")
        assert (case.channels, case.conversation_id) == ((Channel.CHAT,), CHAT)
        assert case.waiting_since == NOW
        assert applied.seq == 1
        assert desk.world.participants[case.participant_id].name == "Siti"

    def test_is_confirmed(self, desk: Desk) -> None:
        desk.hear()
        assert notices(desk) == [NoticeTemplate.RECEIVED]

    def test_takes_the_number_that_was_told(self, desk: Desk) -> None:
        desk.hear(message(reference=number(5)))
        assert desk.cases[0].number == number(5)

    def test_a_wrong_check_digit_is_no_number(self, desk: Desk) -> None:
        wrong = number(5)[:-1] + str((int(number(5)[-1]) + 1) % 10)
        desk.hear(message(reference=wrong))
        assert desk.cases[0].number != wrong

    def test_a_number_that_is_taken(self, desk: Desk) -> None:
        desk.hear(message(reference=number(5)))
        desk.hear(message(conversation=WEB, reference=number(5)))
        assert len({case.number for case in desk.cases}) == 2

    def test_no_numbers_left(self, desk: Desk) -> None:
        desk.world.spare_numbers.clear()
        with pytest.raises(CaseNumbersExhausted):
            desk.hear()
        assert desk.cases == []
        assert desk.world.participants == {}

    def test_the_edges_clock_is_ahead(self, desk: Desk) -> None:
        desk.hear(message(at=NOW + timedelta(hours=1)))
        assert desk.cases[0].waiting_since == NOW


class TestContributions:
    def test_a_form_is_readable_and_keeps_its_structure(self, desk: Desk) -> None:
        desk.hear(form(("Nama", "Siti"), ("Masalah", "Belum cair")))
        entry = entries(desk, desk.cases[0])[1]
        assert entry.text == "Nama: Siti\nMasalah: Belum cair"
        assert isinstance(entry.fact, FormFilledIn)
        assert [answer.value for answer in entry.fact.answers] == ["Siti", "Belum cair"]
        assert entry.conversation_seq == 1

    def test_a_long_form_still_fits_an_event(self, desk: Desk) -> None:
        desk.hear(form(("A", "x" * 9_000), ("B", "y" * 9_000)))
        assert len(entries(desk, desk.cases[0])[1].text) == 10_000

    def test_a_voicemail_can_be_played(self, desk: Desk) -> None:
        desk.hear(voicemail())
        entry = entries(desk, desk.cases[0])[1]
        assert isinstance(entry.fact, VoicemailRecorded)
        assert entry.fact.recording.vault_ref == "recording-1"
        assert desk.cases[0].last_kind == "voicemail"

    def test_a_callback(self, desk: Desk) -> None:
        desk.hear(callback())
        assert desk.kinds(desk.cases[0].id) == ["opened", "callback", "notice"]


class TestGoingOn:
    def test_in_the_same_conversation(self, desk: Desk) -> None:
        desk.hear()
        desk.hear(message("Masih menunggu"))
        (case,) = desk.cases
        assert desk.kinds(case.id) == ["opened", "message", "notice", "message"]
        assert [one.conversation_seq for one in entries(desk, case)] == [None, 1, 2, 3]
        assert (case.subject, case.snippet) == ("Halo", "Masih menunggu")

    def test_the_participant_is_named_as_he_said_before(self, desk: Desk) -> None:
        desk.hear(message(name="Siti"))
        desk.hear(message("Lagi"))
        assert last(desk).author_name == "Siti"

    def test_on_another_channel_by_a_proven_identity(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),), reference=number(7)))
        (case,) = desk.cases
        assert case.channels == (Channel.CHAT, Channel.WEB)
        assert case.aliases == (number(7),)
        assert case.conversation_id == WEB
        assert desk.world.numbers[number(7)] == case.id
        assert notices(desk) == [NoticeTemplate.RECEIVED, NoticeTemplate.JOINED]

    def test_each_conversation_counts_its_own(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),)))
        desk.hear(message("Lagi"))
        counted = [(one.conversation_id, one.conversation_seq) for one in entries(desk, desk.cases[0])]
        assert counted == [(CHAT, None), (CHAT, 1), (CHAT, 2), (WEB, 1), (WEB, 2), (CHAT, 3)]

    def test_a_typed_number_gets_a_case_of_its_own(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(claimed(),)))
        assert len(desk.cases) == 2
        (suggestion,) = desk.world.changed.suggestions
        assert {suggestion.participant_id, suggestion.other_id} == {case.participant_id for case in desk.cases}
        assert notices(desk) == [NoticeTemplate.RECEIVED, NoticeTemplate.RECEIVED]

    def test_saying_it_again_suggests_nothing_new(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(claimed(),)))
        desk.hear(message("Lagi", conversation=WEB, identities=(claimed(),)))
        assert len(desk.world.changed.suggestions) == 1

    def test_the_topic_becomes_known(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),), topic="payment"))
        assert desk.cases[0].topic == "payment"
        desk.hear(voicemail(identities=(identity(),), topic="account"))
        assert [case.topic for case in desk.cases] == ["payment", "account"]

    def test_ways_to_reach_him_are_the_conversations_own(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(), claimed("a@b.id"))))
        assert desk.world.conversations[CHAT].identities == (identity(),)
        assert desk.world.conversations[WEB].identities == (identity(), claimed("a@b.id"))

    def test_they_become_more_certain_never_less(self, desk: Desk) -> None:
        for said in (claimed(), identity(), claimed()):
            desk.hear(message(identities=(said,)))
        assert desk.world.conversations[CHAT].identities == (identity(),)
        assert len(desk.world.changed.claims) == 1

    def test_they_do_not_grow_without_end(self, desk: Desk) -> None:
        for turn in range(30):
            desk.hear(message(identities=(claimed(f"{PHONE}{turn}"),)))
        assert len(desk.world.conversations[CHAT].identities) == 20


class TestAnswers:
    def test_a_reply_waits_for_the_participant(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Reply(number=applied.number, agent=BUDI, text="Kami periksa"))
        (case,) = desk.cases
        assert (case.state, case.waiting_since, case.snippet) == (CaseState.PENDING, None, "Kami periksa")
        entry = last(desk)
        assert (entry.author, entry.author_name, entry.conversation_seq) == (Author.AGENT, "Budi", 3)

    def test_goes_to_where_the_participant_spoke_last(self, desk: Desk) -> None:
        applied = desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),)))
        desk.one(Reply(number=applied.number, agent=BUDI, text="Baik"))
        assert last(desk).conversation_id == WEB

    def test_or_to_the_conversation_that_is_named(self, desk: Desk) -> None:
        applied = desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),)))
        desk.one(Reply(number=applied.number, agent=BUDI, text="Baik", conversation_id=CHAT))
        assert (last(desk).conversation_id, last(desk).conversation_seq) == (CHAT, 3)

    def test_never_to_somebody_elses(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.hear(message(conversation=WEB))
        with pytest.raises(ConversationNotFound):
            desk.one(Reply(number=applied.number, agent=BUDI, text="Baik", conversation_id=WEB))

    def test_by_an_alias(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.hear(form(identities=(identity(),), reference=number(7)))
        assert desk.one(Reply(number=number(7), agent=BUDI, text="Baik")).number == desk.cases[0].number

    def test_no_such_case(self, desk: Desk) -> None:
        with pytest.raises(CaseNotFound):
            desk.one(Reply(number=number(1), agent=BUDI, text="Baik"))

    def test_the_participant_answers(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Reply(number=applied.number, agent=BUDI, text="Baik"))
        desk.pass_time(minutes=5)
        desk.hear(message("Terima kasih", at=desk.now))
        (case,) = desk.cases
        assert (case.state, case.waiting_since) == (CaseState.OPEN, desk.now)


class TestResolving:
    def test_tells_the_participant(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        (case,) = desk.cases
        assert (case.state, case.resolved_at) == (CaseState.RESOLVED, desk.now)
        assert case.close_at == desk.now + desk.policy.close_after
        assert case.waiting_since is None
        assert notices(desk)[-1] is NoticeTemplate.RESOLVED

    def test_twice_changes_nothing(self, desk: Desk) -> None:
        applied = desk.hear()
        first = desk.one(Resolve(number=applied.number, agent=BUDI))
        second = desk.one(Resolve(number=applied.number, agent=DEWI))
        assert second.seq == first.seq + 1 == desk.cases[0].last_seq

    def test_a_message_reopens(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.pass_time(days=6)
        desk.hear(message("Belum beres", at=desk.now))
        (case,) = desk.cases
        assert (case.state, case.resolved_at, case.close_at) == (CaseState.OPEN, None, None)
        assert notices(desk)[-1] is NoticeTemplate.REOPENED

    def test_a_late_message_opens_a_follow_up(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.pass_time(days=8)
        desk.hear(message("Belum beres", at=desk.now))
        old, new = desk.cases
        assert new.follow_up_of == old.id
        assert desk.world.conversations[CHAT].case_id == new.id
        assert last(desk).conversation_seq == 5

    def test_an_agent_reopens(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.one(Reopen(number=applied.number, agent=DEWI))
        assert desk.cases[0].state is CaseState.OPEN
        assert notices(desk)[-1] is NoticeTemplate.REOPENED

    def test_reopening_an_open_case_changes_nothing(self, desk: Desk) -> None:
        applied = desk.hear()
        assert desk.one(Reopen(number=applied.number, agent=DEWI)).seq == 3

    def test_is_closed_when_its_time_has_come(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.pass_time(days=14)
        desk.one(TimerFired(applied.case_id, TimerKind.CLOSE, desk.now))
        (case,) = desk.cases
        assert (case.state, case.close_at, case.resolved_at) == (CaseState.CLOSED, None, NOW)

    def test_a_stale_timer_changes_nothing(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.pass_time(days=13)
        assert desk.give(TimerFired(applied.case_id, TimerKind.CLOSE, desk.now)) == [Skipped()]
        assert desk.cases[0].state is CaseState.RESOLVED

    @pytest.mark.parametrize("command", [Resolve, Reopen, Reply, Assign, ChangeTopic])
    def test_a_closed_case_is_over(self, desk: Desk, command: type) -> None:
        applied = desk.hear()
        desk.one(Resolve(number=applied.number, agent=BUDI))
        desk.pass_time(days=15)
        desk.one(TimerFired(applied.case_id, TimerKind.CLOSE, desk.now))
        needed: dict[type, dict[str, Any]] = {
            Reply: {"text": "Baik"},
            Assign: {"assignee": None},
            ChangeTopic: {"topic": None},
        }
        with pytest.raises(CaseClosed):
            desk.one(command(number=applied.number, agent=BUDI, **needed.get(command, {})))


class TestAdministration:
    def test_assigning(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(Assign(number=applied.number, agent=BUDI, assignee=DEWI))
        assert desk.cases[0].assignee_id == DEWI.id
        desk.one(Assign(number=applied.number, agent=BUDI, assignee=DEWI))
        assert desk.cases[0].last_seq == 4
        desk.one(Assign(number=applied.number, agent=BUDI, assignee=None))
        assert desk.cases[0].assignee_id is None

    def test_a_topic_that_the_programme_does_not_have(self, desk: Desk) -> None:
        applied = desk.hear()
        with pytest.raises(UnknownTopic):
            desk.one(ChangeTopic(number=applied.number, agent=BUDI, topic="weather"))

    def test_changing_the_topic(self) -> None:
        desk = Desk(policy=PROGRAMME)
        applied = desk.hear()
        desk.one(ChangeTopic(number=applied.number, agent=BUDI, topic="account"))
        desk.one(ChangeTopic(number=applied.number, agent=BUDI, topic="account"))
        assert (desk.cases[0].topic, desk.cases[0].last_seq) == ("account", 4)


class TestDeliveries:
    def test_is_noted_about_its_entry(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(report(applied.case_id, 3))
        assert (last(desk).about, last(desk).fact.kind, last(desk).channel) == (3, "delivery", Channel.CHAT)
        assert desk.cases[0].activity_at == NOW

    def test_late_and_repeated_reports_change_nothing(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(report(applied.case_id, 3, DeliveryState.READ))
        for state in DeliveryState:
            desk.one(report(applied.case_id, 3, state))
        assert desk.cases[0].last_seq == 4

    def test_each_channel_for_itself(self, desk: Desk) -> None:
        applied = desk.hear()
        desk.one(report(applied.case_id, 3, DeliveryState.FAILED))
        desk.one(report(applied.case_id, 3, DeliveryState.SENT, channel=Channel.EMAIL))
        assert desk.cases[0].last_seq == 5

    def test_of_an_unknown_case_or_entry(self, desk: Desk) -> None:
        applied = desk.hear()
        assert desk.give(report("nobody", 1)) == [Skipped()]
        desk.one(report(applied.case_id, 99))
        assert desk.cases[0].last_seq == 3


class TestReading:
    def test_is_noted_once(self, desk: Desk) -> None:
        desk.hear()
        desk.give(contact(read(2)), contact(read(2)), contact(read(1)))
        assert desk.kinds(desk.cases[0].id)[-2:] == ["notice", "read"]
        assert desk.world.conversations[CHAT].read_seq == 2

    def test_not_more_than_there_is(self, desk: Desk) -> None:
        desk.hear()
        desk.give(contact(read(2_000_000_000_000)))
        assert desk.world.conversations[CHAT].read_seq == 2

    def test_of_an_unknown_conversation(self, desk: Desk) -> None:
        assert desk.give(contact(read(1))) == [Skipped()]
        assert desk.cases == []


class TestRepeat:
    def test_another_number_leads_to_the_case(self, desk: Desk) -> None:
        first = contact(form(reference=number(1)), event_id="one")
        desk.one(first)
        again = contact(form(conversation="web:dddddddd", reference=number(2)), event_id="one")
        desk.repeat(again)
        assert desk.cases[0].aliases == (number(2),)
        assert desk.world.numbers[number(2)] == desk.cases[0].id

    def test_the_same_number(self, desk: Desk) -> None:
        first = contact(form(reference=number(1)), event_id="one")
        desk.one(first)
        assert desk.repeat(first) == Skipped()

    def test_a_number_where_there_was_none(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(),)))
        desk.one(contact(message("Lagi"), event_id="one"))
        desk.repeat(contact(message("Lagi", reference=number(3)), event_id="one"))
        assert desk.cases[0].aliases == (number(3),)


class TestIsolation:
    def test_what_fails_leaves_no_trace(self, desk: Desk) -> None:
        applied = desk.hear()
        before = len(desk.world.changed.recorded)
        with pytest.raises(TypeError):
            desk.hear(message(at=NOW.replace(tzinfo=None)))
        assert len(desk.world.changed.recorded) == before
        assert desk.world.cases[applied.case_id].last_seq == 3
        assert VOICE not in desk.world.conversations
