"""A participant at the chat: the protocol of `kawal.chat.v1` as the widget speaks it.

Like the widget it reconnects by itself, sends again what was not accepted (with the same `client_id`), and asks for
what it missed by the last number it saw.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import uuid_utils
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from kawal.contracts.words import Locale

SUBPROTOCOL = "kawal.chat.v1"
Frame = dict[str, Any]


async def open_session(
    client: httpx.AsyncClient, *, locale: Locale = Locale.INDONESIAN, **claims: str
) -> tuple[str, str]:
    """Start a conversation; `claims` are `name`, `email`, `phone`, `identity_token`. Token and conversation id."""
    response = await client.post("/v1/chat/sessions", json={"locale": locale, **claims})
    response.raise_for_status()
    body = response.json()
    return body["session_token"], body["conversation_id"]


@dataclass
class ChatClient:
    """One open chat window. `messages` are the conversation's, in order; `accepted` what the edge has promised."""

    url: str
    session_token: str
    on_message: Callable[[Frame], None] = lambda _: None
    messages: list[Frame] = field(default_factory=list)
    accepted: dict[str, Frame] = field(default_factory=dict)
    unaccepted: dict[str, Frame] = field(default_factory=dict)
    errors: list[Frame] = field(default_factory=list)
    _socket: ClientConnection | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def last_seq(self) -> int:
        return int(self.messages[-1]["seq"]) if self.messages else 0

    async def send(self, text: str) -> str:
        """Hand a message to the window; it is sent as soon as there is a connection. Its client id."""
        client_id = str(uuid_utils.uuid7())
        frame = {"type": "message", "client_id": client_id, "text": text}
        self.unaccepted[client_id] = frame
        if self._socket:
            await self._try(self._socket, frame)
        return client_id

    async def say(self, text: str, *, within_s: float = 30) -> str:
        """Send, and wait until the edge has promised to keep it."""
        client_id = await self.send(text)
        await self.until(lambda: client_id in self.accepted, within_s=within_s)
        return client_id

    async def until(self, condition: Callable[[], bool], *, within_s: float = 30) -> None:
        """Wait for `condition`, checked at every frame.

        Raises:
            TimeoutError: it did not come true.
        """
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    async def _stay_connected(self) -> None:
        pause_s = 0.05
        while True:
            try:
                async with connect(self.url, subprotocols=[SUBPROTOCOL], open_timeout=5) as socket:  # type: ignore[list-item]
                    pause_s = 0.05
                    await self._talk(socket)
            except (OSError, TimeoutError, InvalidHandshake, WebSocketException):
                self._socket = None
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2)

    async def _talk(self, socket: ClientConnection) -> None:
        hello = {"type": "hello", "session_token": self.session_token, "last_seq": self.last_seq}
        await socket.send(json.dumps(hello))
        async for raw in socket:
            frame: Frame = json.loads(raw)
            await self._take(socket, frame)
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, socket: ClientConnection, frame: Frame) -> None:
        match frame["type"]:
            case "welcome":
                self._socket = socket
                for unaccepted in list(self.unaccepted.values()):
                    await self._try(socket, unaccepted)
            case "accepted":
                self.accepted[frame["client_id"]] = frame
                self.unaccepted.pop(frame["client_id"], None)
            case "message" if frame["seq"] > self.last_seq:
                self.messages.append(frame)
                self.on_message(frame)
            case "busy":
                await asyncio.sleep(frame["retry_after_s"])
                for unaccepted in list(self.unaccepted.values()):
                    await self._try(socket, unaccepted)
            case "error":
                self.errors.append(frame)

    async def _try(self, socket: ClientConnection, frame: Frame) -> None:
        try:
            await socket.send(json.dumps(frame))
        except WebSocketException:
            self._socket = None
