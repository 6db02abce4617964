"""The hotline, turn by turn, on the real flow."""

from datetime import timedelta

import pytest

from kawal.contracts.words import Locale
from voice_factories import CALL, KEY, NOW, flow, number
from voice_ingest.domain import codes, machine
from voice_ingest.domain.machine import (
    Accept,
    Accepted,
    Caller,
    CodeKeyed,
    CodeNotSent,
    CodeSent,
    Event,
    Gather,
    Hangup,
    Keyed,
    NothingRecorded,
    Record,
    Recorded,
    SendCode,
    SentCode,
    Turn,
    WasAccepted,
)

FLOW = flow()
CODE = SentCode("digest", NOW + timedelta(minutes=5))


def play(*events: Event, caller: Caller = Caller.TEXTABLE) -> Turn:
    turn = machine.begin(FLOW, caller=caller)
    for event in events:
        turn = machine.advance(FLOW, turn.state, event)
    return turn


def keys(digits: str) -> tuple[Event, ...]:
    """Each digit as an answer of its own."""
    return tuple(Keyed(digit) for digit in digits)


def spoken(turn: Turn) -> str:
    """All that the caller hears in this turn."""
    says = [say for action in turn.actions for say in (action.says if isinstance(action, Gather) else (action,))]
    return " ".join(say.text for say in says if isinstance(say, machine.Say))


class TestLanguage:
    def test_greets_in_both_languages(self) -> None:
        (gather,) = play().actions
        assert isinstance(gather, Gather)
        assert [say.locale for say in gather.says] == [Locale.INDONESIAN, Locale.ENGLISH]

    @pytest.mark.parametrize(("key", "locale"), [("1", Locale.INDONESIAN), ("2", Locale.ENGLISH)])
    def test_key_chooses(self, key: str, locale: Locale) -> None:
        assert play(Keyed(key)).state.locale is locale

    def test_wrong_key_asks_again(self) -> None:
        turn = play(Keyed("7"))
        assert turn.state.step == "language"
        assert spoken(turn).startswith("Maaf, tombol itu")

    def test_nobody_chooses(self) -> None:
        turn = play(Keyed(""), Keyed(""), Keyed(""))
        assert (turn.state.step, turn.state.locale) == ("subject", Locale.INDONESIAN)


class TestMenu:
    def test_topic_by_key(self) -> None:
        turn = play(*keys("111"))
        assert turn.state.topic == "registration.otp_not_received"
        assert turn.state.path == (("subject", "registration"), ("registration", "otp_not_received"))

    def test_back_and_another_way(self) -> None:
        assert play(*keys("11*31")).state.topic == "incentive.not_paid"

    def test_no_key_repeats_and_then_goes_on(self) -> None:
        waiting = play(Keyed("1"), Keyed(""), Keyed(""))
        assert waiting.state.step == "subject"
        assert spoken(waiting).startswith("Kami belum menerima")
        assert machine.advance(FLOW, waiting.state, Keyed("")).state.step == "proof"

    def test_english_prompts(self) -> None:
        assert "What can we help you with?" in spoken(play(Keyed("2")))


class TestProof:
    offered = keys("111")

    def test_accepting_sends_a_code(self) -> None:
        (send,) = play(*self.offered, Keyed("1")).actions
        assert isinstance(send, SendCode)
        assert "{code}" in send.text

    def test_hash_skips(self) -> None:
        turn = play(*self.offered, Keyed("#"))
        assert (turn.state.step, turn.state.proven) == ("wish", False)

    def test_code_is_gathered_whole(self) -> None:
        (gather,) = play(*self.offered, Keyed("1"), CodeSent(CODE)).actions
        assert isinstance(gather, Gather)
        assert (gather.digits, gather.finish) == (6, "#")

    def test_right_code(self) -> None:
        turn = play(*self.offered, Keyed("1"), CodeSent(CODE), CodeKeyed(right=True))
        assert (turn.state.step, turn.state.proven, turn.state.code) == ("wish", True, None)

    def test_wrong_once_asks_again(self) -> None:
        turn = play(*self.offered, Keyed("1"), CodeSent(CODE), CodeKeyed(right=False))
        assert (turn.state.step, turn.state.code) == ("proof", CODE)

    def test_wrong_twice_goes_on_as_claimed(self) -> None:
        wrong = CodeKeyed(right=False)
        turn = play(*self.offered, Keyed("1"), CodeSent(CODE), wrong, wrong)
        assert (turn.state.step, turn.state.proven) == ("wish", False)

    def test_code_that_could_not_be_sent(self) -> None:
        turn = play(*self.offered, Keyed("1"), CodeNotSent())
        assert turn.state.step == "wish"
        assert "belum bisa dikirim" in spoken(turn)

    @pytest.mark.parametrize("caller", [Caller.HIDDEN, Caller.CALLABLE])
    def test_nobody_to_text(self, caller: Caller) -> None:
        assert play(*self.offered, caller=caller).state.step == "wish"


class TestMessage:
    wished = keys("111#1")

    def test_records_after_the_prompt(self) -> None:
        *says, record = play(*self.wished).actions
        assert says
        assert record == Record(max_s=180, silence_s=8)

    def test_recording_is_accepted(self) -> None:
        assert play(*self.wished, Recorded()).actions == (Accept(Accepted.VOICEMAIL),)

    def test_number_is_said_digit_by_digit(self) -> None:
        turn = play(*self.wished, Recorded(), WasAccepted("4829130574"))
        assert "4 8 2, 9 1 3, 0 5 7 4" in spoken(turn)

    def test_no_number_at_hand(self) -> None:
        turn = play(*self.wished, Recorded(), WasAccepted(None))
        assert "Nomor laporan menyusul" in spoken(turn)

    def test_number_again(self) -> None:
        accepted = (*self.wished, Recorded(), WasAccepted(number(1)))
        again = play(*accepted, Keyed("1"))
        assert again.state.step == "receipt"
        assert machine.spell(number(1)) in spoken(again)

    def test_goodbye(self) -> None:
        turn = play(*self.wished, Recorded(), WasAccepted(number(1)), Keyed(""))
        assert isinstance(turn.actions[-1], Hangup)

    def test_nothing_said(self) -> None:
        silence = NothingRecorded()
        assert isinstance(play(*self.wished, silence).actions[-1], Record)
        assert play(*self.wished, silence, silence, silence).state.step == "nothing"


class TestCallback:
    def test_is_accepted(self) -> None:
        assert play(*keys("111#2")).actions == (Accept(Accepted.CALLBACK),)

    def test_hidden_number_leads_to_a_message(self) -> None:
        turn = play(*keys("1112"), caller=Caller.HIDDEN)
        assert turn.state.step == "message"
        assert spoken(turn).startswith("Nomor Anda tidak tampil")


class TestAdvance:
    def test_is_pure(self) -> None:
        state = play(*keys("11")).state
        assert machine.advance(FLOW, state, Keyed("1")) == machine.advance(FLOW, state, Keyed("1"))

    def test_event_that_does_not_fit_asks_again(self) -> None:
        assert play(*keys("1"), Recorded()).state.step == "subject"


class TestCodes:
    def test_six_digits(self) -> None:
        assert codes.new_code(lambda _: 7) == "000007"

    def test_right_and_wrong(self) -> None:
        sent = codes.sent_code("123456", call_id=CALL, key=KEY, now=NOW)
        assert codes.matches(sent, "123456", call_id=CALL, key=KEY, now=NOW)
        assert not codes.matches(sent, "123457", call_id=CALL, key=KEY, now=NOW)

    def test_digest_holds_no_digits(self) -> None:
        assert "123456" not in codes.sent_code("123456", call_id=CALL, key=KEY, now=NOW).digest

    def test_code_of_another_call(self) -> None:
        sent = codes.sent_code("123456", call_id=CALL, key=KEY, now=NOW)
        assert not codes.matches(sent, "123456", call_id="CA" + "2" * 32, key=KEY, now=NOW)

    def test_expires(self) -> None:
        sent = codes.sent_code("123456", call_id=CALL, key=KEY, now=NOW)
        assert not codes.matches(sent, "123456", call_id=CALL, key=KEY, now=NOW + codes.LIFETIME)
