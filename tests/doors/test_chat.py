"""Bad input at the chat's doors."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from doors.marks import EMAIL, NAME, NIK, PHONE, STORY
from doors.refusals import BROKEN_JSON, JSON, assert_problem
from e2e.drivers.people import Participant, identity_token
from kawal import links
from kawal.testing import eventually
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

Knock = Callable[[str], httpx.AsyncClient]
Frame = dict[str, Any]
SESSIONS, MESSAGES = "/v1/chat/sessions", "/v1/chat/messages"
MARKED = Participant(number=NIK, name=NAME, phone=PHONE, email=EMAIL)
# By RFC 6455, section 7.4.1, and docs/contracts.
POLICY, TOO_BIG, NOT_TEXT, BAD_TEXT = 1008, 1009, 1003, 1007


@pytest.fixture
async def chat(knock: Knock) -> httpx.AsyncClient:
    return knock("chat-ingest")


@pytest.fixture
async def token(chat: httpx.AsyncClient) -> str:
    """Of a conversation that tells personal data."""
    opened = await chat.post(SESSIONS, json={"locale": "id", "name": NAME, "phone": PHONE, "email": EMAIL})
    assert opened.status_code == 201, opened.text
    return str(opened.json()["session_token"])


def bearer(token: str) -> dict[str, str]:
    return JSON | {"Authorization": f"Bearer {token}"}


async def still_works(chat: httpx.AsyncClient, token: str, *, client_id: str = "good-message") -> None:
    """A good message is accepted and comes back numbered, once."""
    message = {"client_id": client_id, "text": f"{STORY} {NIK}"}
    assert (await chat.post(MESSAGES, json=message, headers=bearer(token))).status_code == 202

    async def shown() -> bool:
        page = (await chat.get(MESSAGES, headers=bearer(token))).json()["items"]
        return [item["text"] for item in page if item.get("client_id") == client_id] == [message["text"]]

    await eventually(shown, timeout=30)


class TestSessions:
    @pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
    async def test_broken_body(self, chat: httpx.AsyncClient, body: bytes) -> None:
        assert_problem(await chat.post(SESSIONS, content=body, headers=JSON))

    @pytest.mark.parametrize(
        "changes",
        [
            {"nickname": NAME},
            {"name": 17},
            {"name": [NAME]},
            {"name": NAME * 100},
            {"name": f"{NAME}\u0007"},
            {"locale": "jv"},
            {"locale": None},
            {"phone": f"{PHONE}99999999999"},
            {"phone": {"number": PHONE}},
            {"email": f"{EMAIL}@"},
            {"identity_token": 17},
        ],
        ids=str,
    )
    async def test_wrong_field(self, chat: httpx.AsyncClient, changes: Frame) -> None:
        assert_problem(await chat.post(SESSIONS, json={"locale": "id"} | changes), status=[400, 422])

    async def test_another_media_type(self, chat: httpx.AsyncClient) -> None:
        assert_problem(await chat.post(SESSIONS, content=b"locale=id", headers={"Content-Type": "text/plain"}))

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"exp": 1_600_000_000}, 401),
            ({"aud": "somebody-else"}, 401),
            ({"sub": ""}, 401),
            ({"sub": 17}, 401),
            ({"exp": "tomorrow"}, 401),
            ({"jti": None}, 401),
        ],
        ids=str,
    )
    async def test_identity_token_that_does_not_hold(
        self, chat: httpx.AsyncClient, stack: StackProcess, changes: Frame, status: int
    ) -> None:
        made = identity_token(MARKED, stack.facts["host_site"], **changes)
        assert_problem(await chat.post(SESSIONS, json={"locale": "id", "identity_token": made}), status=[status])

    async def test_forged_identity_token(self, chat: httpx.AsyncClient, stack: StackProcess) -> None:
        site = stack.facts["host_site"] | {"jwt_key": "k" * 43}
        forged = identity_token(MARKED, site)
        assert_problem(await chat.post(SESSIONS, json={"locale": "id", "identity_token": forged}), status=[401])

    async def test_replayed_identity_token_is_the_same_conversation(
        self, chat: httpx.AsyncClient, stack: StackProcess
    ) -> None:
        made = identity_token(MARKED, stack.facts["host_site"])
        opened = [await chat.post(SESSIONS, json={"locale": "id", "identity_token": made}) for _ in range(2)]
        assert len({answer.json()["conversation_id"] for answer in opened}) == 1
        await still_works(chat, opened[1].json()["session_token"])


class TestMessages:
    @pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
    async def test_broken_body(self, chat: httpx.AsyncClient, token: str, body: bytes) -> None:
        assert_problem(await chat.post(MESSAGES, content=body, headers=bearer(token)))
        await still_works(chat, token)

    @pytest.mark.parametrize(
        "changes",
        [
            {"text": ""},
            {"text": " \n"},
            {"text": 17},
            {"text": None},
            {"text": f"{STORY}\u0000"},
            {"text": f"{STORY}\u0085"},
            {"text": STORY * 400},
            {"client_id": ""},
            {"client_id": 17},
            {"client_id": STORY * 10},
            {"author": "agent"},
            {"seq": 1},
        ],
        ids=lambda changes: str(changes)[:40],
    )
    async def test_wrong_field(self, chat: httpx.AsyncClient, token: str, changes: Frame) -> None:
        message = {"client_id": "client-id", "text": STORY} | changes
        assert_problem(await chat.post(MESSAGES, json=message, headers=bearer(token)), status=[400, 422])
        await still_works(chat, token)

    async def test_client_id_of_another_message(self, chat: httpx.AsyncClient, token: str) -> None:
        await still_works(chat, token)
        message = {"client_id": "good-message", "text": "Something else"}
        assert_problem(await chat.post(MESSAGES, json=message, headers=bearer(token)), status=[409])
        await still_works(chat, token)

    @pytest.mark.parametrize("made", ["", "a.b", "x" * 5_000, "Ümlaut"])
    async def test_made_up_token(self, chat: httpx.AsyncClient, made: str) -> None:
        headers = [
            (b"Authorization", f"Bearer {made}".strip().encode("latin-1")),
            (b"Content-Type", b"application/json"),
        ]
        message = {"client_id": "client-id", "text": STORY}
        assert_problem(await chat.post(MESSAGES, content=json.dumps(message).encode(), headers=headers))

    async def test_forged_and_expired_tokens(
        self, chat: httpx.AsyncClient, token: str, secrets: dict[str, Any]
    ) -> None:
        for bad in (forged(token), expired(secrets)):
            assert_problem(await chat.get(MESSAGES, headers=bearer(bad)), status=[401])
        await still_works(chat, token)

    @pytest.mark.parametrize(
        "query", ["after=-1", "after=x", "wait=NaN", "wait=-5", "after=99999999999999999999", "after=%ff"]
    )
    async def test_bad_query(self, chat: httpx.AsyncClient, token: str, query: str) -> None:
        assert_problem(await chat.get(f"{MESSAGES}?{query}", headers=bearer(token)), status=[400, 422])


def forged(token: str) -> str:
    """Another conversation under the same signature."""
    payload, _, mac = token.partition(".")
    return f"{payload[:-4]}AAAA.{mac}"


def expired(secrets: dict[str, Any]) -> str:
    claims = {"c": "chat:0123456789abcdef", "l": "id", "i": []}
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return links.sign(claims, key=secrets["chat_session_key"], purpose="chat-session", expires_at=yesterday)


class TestSocket:
    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ("{", "malformed_frame"),
            ("[]", "malformed_frame"),
            ('{"type": "shout"}', "unknown_frame"),
            (json.dumps({"type": "message", "client_id": "client-id"}), "invalid_frame"),
            (json.dumps({"type": "message", "client_id": "client-id", "text": STORY, "name": NAME}), "invalid_frame"),
            (json.dumps({"type": "message", "client_id": "client-id", "text": 17}), "invalid_frame"),
            (json.dumps({"type": "message", "client_id": "client-id", "text": "\u0000"}), "control_characters"),
            (json.dumps({"type": "message", "client_id": "client-id", "text": " "}), "empty_message"),
            (json.dumps({"type": "read", "seq": -1}), "invalid_frame"),
        ],
        ids=lambda value: value[:40],
    )
    async def test_bad_frame_is_told(
        self, stack: StackProcess, chat: httpx.AsyncClient, token: str, frame: str, code: str
    ) -> None:
        async with window(stack, token) as socket:
            await socket.send(frame)
            assert (await frame_of(socket, "error"))["code"] == code
            await socket.send(json.dumps({"type": "message", "client_id": "after-it", "text": STORY}))
            assert (await frame_of(socket, "accepted"))["client_id"] == "after-it"
        await still_works(chat, token)

    @pytest.mark.parametrize(
        ("sent", "text", "code"),
        [
            (STORY.encode() + b"\xff", True, BAD_TEXT),
            (STORY.encode(), False, NOT_TEXT),
            (b"x" * 70_000, True, TOO_BIG),
        ],
        ids=["not UTF-8", "binary", "oversize"],
    )
    async def test_bad_bytes_end_it(
        self, stack: StackProcess, chat: httpx.AsyncClient, token: str, sent: bytes, *, text: bool, code: int
    ) -> None:
        async with window(stack, token) as socket:
            await socket.send(sent, text=text)
            assert await close_code(socket) == code
        await still_works(chat, token)

    async def test_no_token_that_holds(self, stack: StackProcess, token: str, secrets: dict[str, Any]) -> None:
        for bad in ("", "a.b", forged(token), expired(secrets)):
            async with opened(stack) as socket:
                await socket.send(json.dumps({"type": "hello", "session_token": bad, "last_seq": 0}))
                assert await close_code(socket) == POLICY

    async def test_no_hello(self, stack: StackProcess) -> None:
        async with opened(stack) as socket:
            await socket.send(json.dumps({"type": "message", "client_id": "client-id", "text": STORY}))
            assert await close_code(socket) == POLICY


@asynccontextmanager
async def opened(stack: StackProcess) -> AsyncIterator[ClientConnection]:
    url = stack.url("chat-ingest").replace("http", "ws", 1)
    async with connect(f"{url}/v1/chat/ws", subprotocols=[Subprotocol("kawal.chat.v1")], proxy=None) as socket:
        yield socket


@asynccontextmanager
async def window(stack: StackProcess, token: str) -> AsyncIterator[ClientConnection]:
    async with opened(stack) as socket:
        await socket.send(json.dumps({"type": "hello", "session_token": token, "last_seq": 0}))
        await frame_of(socket, "welcome")
        yield socket


async def frame_of(socket: ClientConnection, kind: str) -> Frame:
    async for raw in socket:
        frame: Frame = json.loads(raw)
        if frame["type"] == kind:
            return frame
    raise AssertionError(f"the socket closed with {socket.close_code} before {kind}")


async def close_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        return socket.close_code
