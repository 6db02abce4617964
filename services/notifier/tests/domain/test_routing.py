"""Who is told what, on which channel, and what comes after a failure."""

import pytest

from kawal.contracts.case_events import CaseChanged, CaseState, NoticeTemplate, QueueMoved
from kawal.contracts.outbound import OutboundQueue
from kawal.contracts.words import Assurance, Author, CaseNumber, Channel, Identity, IdentityKind, Locale
from notifier.domain.routing import NOTHING, Routed, Router, call_of
from notifier_factories import EMAIL, NOW, PHONE, message, notice


class PlainWords:
    """Words that show what they were made from."""

    def notice(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str:
        return f"{template}:{locale}:{case_number}"

    def notice_sms(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str:
        return f"sms:{template}:{locale}:{case_number}"

    def notice_mail(
        self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber, link: str
    ) -> tuple[str, str]:
        return f"{template}", f"{locale}:{case_number}:{link}"

    def answer_mail(self, text: str, *, locale: Locale, case_number: CaseNumber, link: str) -> tuple[str, str]:
        return "answer", f"{text}:{locale}:{case_number}:{link}"

    def answer_sms(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str:
        return f"sms:{text}:{locale}:{case_number}"

    def answer_spoken(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str:
        return f"spoken:{text}:{locale}:{case_number}"


@pytest.fixture
def router() -> Router:
    return Router(words=PlainWords(), link_of=lambda conversation: f"https://portal/{conversation}")


class TestTranscript:
    def test_participants_own_message_is_carried_without_receipt(self, router: Router):
        routed = router.route(message(author=Author.PARTICIPANT, client_id="c-1"))
        assert routed.deliveries == ()
        assert routed.transcript is not None
        assert routed.transcript.client_id == "c-1"
        assert not routed.transcript.wants_receipt

    def test_answer_keeps_the_place_in_the_conversation(self, router: Router):
        transcript = router.route(message()).transcript
        assert transcript is not None
        assert (transcript.seq, transcript.case_seq, transcript.wants_receipt) == (1, 2, True)

    def test_notice_is_put_into_the_participants_language(self, router: Router):
        transcript = router.route(notice(locale=Locale.ENGLISH)).transcript
        assert transcript is not None
        assert transcript.text == "received:en:4829130574"
        assert transcript.author is Author.SYSTEM

    def test_a_call_has_no_transcript(self, router: Router):
        assert router.route(message(Channel.VOICE, identities=(PHONE,))).transcript is None


class TestChannels:
    def test_chat_answer_falls_back_to_mail_then_text(self, router: Router):
        deliveries = router.route(message(identities=(PHONE, EMAIL))).deliveries
        assert [(d.channel, d.after) for d in deliveries] == [
            (Channel.CHAT, None),
            (Channel.EMAIL, "case-1/2/chat"),
            (Channel.SMS, "case-1/2/email"),
        ]

    def test_web_answer_is_also_mailed_at_once(self, router: Router):
        deliveries = router.route(message(Channel.WEB, identities=(EMAIL,))).deliveries
        assert [(d.channel, d.after) for d in deliveries] == [(Channel.WEB, None), (Channel.EMAIL, None)]
        assert "https://portal/web:" in deliveries[1].text

    def test_web_answer_without_address_is_only_on_the_status_page(self, router: Router):
        assert [d.channel for d in router.route(message(Channel.WEB)).deliveries] == [Channel.WEB]

    def test_call_is_answered_by_a_call_then_by_text(self, router: Router):
        first, second = router.route(message(Channel.VOICE, identities=(PHONE,))).deliveries
        assert (first.channel, first.address) == (Channel.VOICE, PHONE.value)
        assert (second.channel, second.after) == (Channel.SMS, first.id)
        assert call_of(first).text.startswith("spoken:")

    def test_notice_after_a_call_is_texted_not_called(self, router: Router):
        (only,) = router.route(notice(Channel.VOICE, identities=(PHONE,))).deliveries
        assert (only.channel, only.after) == (Channel.SMS, None)

    def test_call_from_a_hidden_number_reaches_nobody(self, router: Router):
        routed = router.route(message(Channel.VOICE))
        assert routed.deliveries == ()
        assert routed.unreached is not None
        assert routed.unreached.id == "case-1/2/voice"

    def test_what_is_too_long_to_be_read_out_is_written(self, router: Router):
        (only,) = router.route(message(Channel.VOICE, identities=(PHONE,), text="x" * 10_000)).deliveries
        assert (only.channel, only.after) == (Channel.SMS, None)

    def test_proven_address_comes_before_a_typed_one(self, router: Router):
        proven = Identity(kind=IdentityKind.EMAIL, value="proven@example.org", assurance=Assurance.POSSESSED)
        deliveries = router.route(message(Channel.WEB, identities=(EMAIL, proven))).deliveries
        assert deliveries[1].address == "proven@example.org"

    def test_change_of_the_case_tells_nobody(self, router: Router):
        change = CaseChanged(
            case_id="c", case_number="4829130574", seq=3, at=NOW, change="assigned", state=CaseState.OPEN
        )
        assert router.route(change) == NOTHING

    def test_place_in_the_queue_goes_to_the_chat_and_is_followed_up_by_nobody(self, router: Router):
        moved = QueueMoved(
            case_id="c",
            case_number="4829130574",
            seq=3,
            at=NOW,
            conversation_id="chat:aaaaaaaa",
            position=4,
            wait_minutes=2,
        )
        routed = router.route(moved)
        assert routed == Routed(transcript=None, deliveries=(), place=routed.place)
        place = OutboundQueue(conversation_id="chat:aaaaaaaa", position=4, wait_minutes=2, at=NOW)
        assert routed.place == place


class TestIds:
    def test_routing_twice_gives_the_same_ids(self, router: Router):
        event = message(identities=(EMAIL, PHONE))
        assert router.route(event) == router.route(event)
