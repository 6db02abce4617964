import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from chat_factories import SESSION_KEY, outbound, place, session, window
from chat_ingest.domain.sessions import SessionTokens
from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestHandshake:
    @pytest.mark.parametrize(
        ("options", "status"),
        [
            ({"origin": "https://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"origin": "http://["}, 403),
            ({"subprotocols": None}, 400),
            ({"subprotocols": ["kawal.chat.v9"]}, 400),
        ],
    )
    async def test_refused_before_it_is_accepted(self, edge: Any, options: dict[str, Any], status: int) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with window(edge.url, **options):
                pass
        assert refused.value.response.status_code == status

    async def test_allowed_origin(self, edge: Any) -> None:
        async with window(edge.url, origin="https://host.example") as chat:
            assert chat.socket.subprotocol == "kawal.chat.v1"

    async def test_own_page(self, edge: Any) -> None:
        async with window(edge.url, origin=edge.url):
            pass


class TestQueue:
    async def test_place_is_told_as_it_moves_and_to_who_comes_back(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(place(3, conversation_id=conversation_id, wait_minutes=7))
            told = await chat.hear("queue")
            assert told == {"type": "queue", "position": 3, "wait_minutes": 7}
        async with window(edge.url) as chat:
            await chat.hello(token)
            assert (await chat.hear("queue"))["position"] == 3
            await edge.send_out(place(0, conversation_id=conversation_id))
            assert await chat.hear("queue") == {"type": "queue", "position": 0}

    async def test_is_no_part_of_the_transcript(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(place(3, conversation_id=conversation_id), outbound(1, conversation_id=conversation_id))
            await chat.messages(1)
        await eventually(lambda: edge.has_written(conversation_id, 1))


class TestHello:
    async def test_welcome(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            welcome = await chat.hello(token)
        assert welcome == {"type": "welcome", "conversation_id": conversation_id, "last_seq": 0}

    @pytest.mark.parametrize("text", ["{", '{"type":"typing"}', '{"type":"shout"}', '{"type":"hello"}'])
    async def test_anything_else_first(self, edge: Any, text: str) -> None:
        async with window(edge.url) as chat:
            await chat.socket.send(text)
            assert (await chat.hear("error"))["code"]
            assert (await chat.closed())[0] == 1008

    async def test_twice(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.say(type="hello", session_token=token)
            assert await chat.closed() == (1008, "hello_expected")

    async def test_forged_session(self, edge: Any) -> None:
        token = SessionTokens("x" * 40, timedelta(days=1)).issue(session(), now=datetime.now(UTC))
        async with window(edge.url) as chat:
            await chat.say(type="hello", session_token=token)
            assert await chat.closed() == (1008, "invalid_session")

    async def test_expired_session(self, edge: Any) -> None:
        token = SessionTokens(SESSION_KEY, timedelta(days=-1)).issue(session(), now=datetime.now(UTC))
        async with window(edge.url) as chat:
            await chat.say(type="hello", session_token=token)
            assert await chat.closed() == (1008, "expired_session")

    async def test_too_many_sockets_of_one_conversation(self, edge: Any) -> None:
        token, _ = await edge.session()
        windows = [window(edge.url) for _ in range(9)]
        chats = [await one.__aenter__() for one in windows]
        for chat in chats[:8]:
            await chat.hello(token)
        await chats[8].say(type="hello", session_token=token)
        assert await chats[8].closed() == (1008, "too_many_sockets")
        for one in windows:
            await one.__aexit__(None, None, None)


class TestMessage:
    async def test_accepted(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.say(type="message", client_id="c1", text="Halo")
            assert (await chat.hear("accepted"))["client_id"] == "c1"

    async def test_again_is_accepted_again(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            for _ in range(2):
                await chat.say(type="message", client_id="c1", text="Halo")
                assert (await chat.hear("accepted"))["client_id"] == "c1"

    async def test_same_id_for_another_text(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            for client_id in ("first", "second"):
                await chat.say(type="message", client_id=client_id, text="Halo")
                await chat.hear("accepted")
                await chat.say(type="message", client_id=client_id, text="Lain")
                error = await chat.hear("error")
                assert (error["code"], error["client_id"]) == ("client_id_conflict", client_id)

    async def test_typing_is_taken(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.say(type="typing")
            await chat.say(type="message", client_id="c1", text="Halo")
            await chat.hear("accepted")
        assert [frame["type"] for frame in chat.frames] == ["welcome", "accepted"]


class TestBadFrames:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("not json", "malformed_frame"),
            ("[]", "malformed_frame"),
            ('{"type":"shout"}', "unknown_frame"),
            ('{"type":"message","client_id":"c","text":"x","admin":1}', "invalid_frame"),
            ('{"type":"message","client_id":7,"text":"x"}', "invalid_frame"),
            ('{"type":"message","client_id":"c","text":"a\\u0000b"}', "control_characters"),
            ('{"type":"message","client_id":"c","text":" "}', "empty_message"),
            (json.dumps({"type": "message", "client_id": "c", "text": "x" * 10_001}), "message_too_long"),
        ],
    )
    async def test_error_and_the_chat_goes_on(self, edge: Any, text: str, code: str) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.socket.send(text)
            assert (await chat.hear("error"))["code"] == code
            await chat.say(type="message", client_id="c1", text="Halo")
            await chat.hear("accepted")

    async def test_oversize(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.socket.send("x" * (64 * 1024 + 1))
            assert (await chat.closed())[0] == 1009

    async def test_largest_frame(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.socket.send("x" * 64 * 1024)
            assert (await chat.hear("error"))["code"] == "malformed_frame"

    async def test_bad_utf8(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.socket.send(b"\xff\xfe", text=True)
            assert (await chat.closed())[0] == 1007

    async def test_binary(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await chat.socket.send(b"{}")
            assert await chat.closed() == (1003, "text_frames_only")

    async def test_flood(self, edge: Any) -> None:
        token, _ = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            for _ in range(100):
                await chat.say(type="typing")
            assert (await chat.hear("error"))["code"] == "rate_limited"
            assert await chat.closed() == (1008, "rate_limited")


class TestLive:
    async def test_pushed_to_all_windows_of_the_conversation(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as phone, window(edge.url) as laptop:
            await phone.hello(token)
            await laptop.hello(token)
            await edge.send_out(*(outbound(seq, conversation_id=conversation_id) for seq in (1, 2)))
            assert await phone.messages(2) == [1, 2]
            assert await laptop.messages(2) == [1, 2]
            assert phone.frames[-1]["text"] == "Jawaban 2"

    async def test_sent_twice_is_told_once(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            first, second = (outbound(seq, conversation_id=conversation_id) for seq in (1, 2))
            await edge.send_out(first, first, second)
            assert await chat.messages(2) == [1, 2]

    async def test_read_is_told_to_the_other_window(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as phone, window(edge.url) as laptop:
            await phone.hello(token)
            await laptop.hello(token)
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            await phone.messages(1)
            await phone.say(type="read", seq=1)
            assert (await laptop.hear("receipt"))["seq"] == 1


class TestResync:
    async def test_exactly_what_was_missed(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(*(outbound(seq, conversation_id=conversation_id) for seq in range(1, 4)))
            await chat.messages(3)
        await edge.send_out(*(outbound(seq, conversation_id=conversation_id) for seq in range(4, 7)))
        await eventually(lambda: edge.has_written(conversation_id, 6))
        async with window(edge.url) as chat:
            assert (await chat.hello(token, last_seq=3))["last_seq"] == 6
            assert await chat.messages(3) == [4, 5, 6]

    async def test_long_conversation_comes_in_pages(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        await edge.send_out(*(outbound(seq, conversation_id=conversation_id) for seq in range(1, 351)))
        await eventually(lambda: edge.has_written(conversation_id, 350))
        async with window(edge.url) as chat:
            await chat.hello(token)
            assert await chat.messages(350) == list(range(1, 351))
            assert (await chat.hear("status"))["state"] == "live"

    async def test_reconnecting_all_the_time_leaves_no_gap(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        seen: list[int] = []
        for start in range(1, 61, 6):
            async with window(edge.url) as chat:
                await chat.hello(token, last_seq=seen[-1] if seen else 0)
                batch = (outbound(seq, conversation_id=conversation_id) for seq in range(start, start + 6))
                await edge.send_out(*batch)
                seen += await chat.messages(start % 5 + 1)
        async with window(edge.url) as chat:
            await chat.hello(token, last_seq=seen[-1])
            seen += await chat.messages(60 - seen[-1])
        assert seen == list(range(1, 61))
