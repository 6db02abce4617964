import json
from typing import Any

import pytest

from chat_factories import outbound
from chat_ingest.domain import protocol
from chat_ingest.domain.protocol import (
    Accepted,
    Hello,
    Message,
    Read,
    SendMessage,
    Typing,
    encode,
    parse,
    parse_message,
)
from chat_ingest.domain.refusals import (
    ChatRefusal,
    ControlCharacters,
    EmptyMessage,
    InvalidFrame,
    MalformedFrame,
    MessageTooLong,
    UnknownFrame,
)


def message(**changes: Any) -> str:
    return json.dumps({"type": "message", "client_id": "c1", "text": "Halo", **changes})


class TestParse:
    def test_all_frames(self) -> None:
        assert parse('{"type":"hello","session_token":"t","last_seq":3}') == Hello(session_token="t", last_seq=3)
        assert parse(message()) == SendMessage(client_id="c1", text="Halo")
        assert parse(message(attachments=[])) == SendMessage(client_id="c1", text="Halo")
        assert parse('{"type":"typing"}') == Typing()
        assert parse('{"type":"read","seq":4}') == Read(seq=4)

    def test_last_seq_may_be_left_out(self) -> None:
        frame = parse('{"type":"hello","session_token":"t"}')
        assert isinstance(frame, Hello)
        assert frame.last_seq == 0

    @pytest.mark.parametrize(
        "text", ["", "{", "null", "[]", "7", '"hello"', "{'type':'hello'}", "[" * 5_000, '{"type":"typing"}x', "\x00"]
    )
    def test_not_a_json_object(self, text: str) -> None:
        with pytest.raises(MalformedFrame):
            parse(text)

    @pytest.mark.parametrize("text", ["{}", '{"type":"shout"}', '{"type":null}', '{"type":{}}', '{"type":1}'])
    def test_unknown_type(self, text: str) -> None:
        with pytest.raises(UnknownFrame):
            parse(text)

    @pytest.mark.parametrize(
        "text",
        [
            message(extra=1),
            message(client_id=7),
            message(client_id=""),
            message(client_id="a b"),
            message(client_id="x" * 65),
            message(text=None),
            message(text=["Halo"]),
            message(attachments=[{"vault_ref": "someone-elses"}]),
            '{"type":"message"}',
            '{"type":"read","seq":"4"}',
            '{"type":"read","seq":0}',
            '{"type":"read","seq":1.5}',
            '{"type":"read","seq":99999999999}',
            '{"type":"hello","session_token":"t","last_seq":-1}',
            '{"type":"hello","session_token":"t","last_seq":true}',
            '{"type":"typing","on":true}',
        ],
    )
    def test_wrong_field(self, text: str) -> None:
        with pytest.raises(InvalidFrame):
            parse(text)

    def test_refusal_does_not_repeat_what_was_sent(self) -> None:
        with pytest.raises(InvalidFrame) as refused:
            parse(message(**{"081234567890": "secret"}))
        assert "0812" not in str(refused.value)
        assert "secret" not in str(refused.value)

    def test_text_too_long(self) -> None:
        assert parse(message(text="x" * protocol.MAX_TEXT))
        with pytest.raises(MessageTooLong):
            parse(message(text="x" * (protocol.MAX_TEXT + 1)))

    @pytest.mark.parametrize("text", ["", "   ", "\n\t\r\n", "\u00a0"])
    def test_empty_text(self, text: str) -> None:
        with pytest.raises(EmptyMessage):
            parse(message(text=text))

    @pytest.mark.parametrize("text", ["a\x00", "\x07b", "c\x1b[0m", "d\x7f", "e\x85", "\x9f"])
    def test_control_characters(self, text: str) -> None:
        with pytest.raises(ControlCharacters):
            parse(message(text=text))

    @pytest.mark.parametrize("text", ["dua\nbaris", "tab\tdi sini", "\r\n ya", "😀 👨‍👩‍👧", "العربية", "ก็ได้"])
    def test_what_people_write(self, text: str) -> None:
        frame = parse(message(text=text))
        assert isinstance(frame, SendMessage)
        assert frame.text == text

    def test_lone_surrogate(self) -> None:
        with pytest.raises(ChatRefusal):
            parse('{"type":"message","client_id":"c","text":"\\ud800"}')


class TestParseMessage:
    def test_type_may_be_left_out(self) -> None:
        assert parse_message(b'{"client_id":"c1","text":"Halo"}') == SendMessage(client_id="c1", text="Halo")

    def test_bad_utf8(self) -> None:
        with pytest.raises(MalformedFrame):
            parse_message(b'{"client_id":"c1","text":"\xff"}')


class TestEncode:
    def test_leaves_out_what_is_not_there(self) -> None:
        assert json.loads(encode(Accepted(client_id="c1"))) == {"type": "accepted", "client_id": "c1"}

    def test_message(self) -> None:
        frame = json.loads(encode(Message.of(outbound(4, client_id=None))))
        assert frame == {
            "type": "message",
            "seq": 4,
            "id": "message-4",
            "author": "agent",
            "name": "Rina",
            "text": "Jawaban 4",
            "at": "2026-11-24T07:00:00Z",
        }
