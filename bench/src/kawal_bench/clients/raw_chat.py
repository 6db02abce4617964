"""A lean chat window for load: the WebSocket protocol (RFC 6455) as far as our edge speaks it, one protocol object.

Frames are masked with a key of zeros, which leaves them as they are: allowed, and it costs nothing.
"""

import asyncio
import base64
import json
import os
from collections import deque
from collections.abc import Callable
from typing import Any, Self, cast
from urllib.parse import urlsplit

from kawal_bench.clients.raw_http import UnexpectedAnswer

PATH = "/v1/chat/ws"
SUBPROTOCOL = "kawal.chat.v1"
TEXT, PING, PONG = 0x81, 0x89, 0x8A
_MASK = bytes(4)


def ignore(_frame: bytes) -> None:
    """For a window whose messages nobody reads."""


class RawChat(asyncio.Protocol):
    """An open window. `on_message` is given each `message` frame as it came."""

    def __init__(self, base_url: str, on_message: Callable[[bytes], None]) -> None:
        self._url = urlsplit(base_url)
        self._on_message = on_message
        self._received = bytearray()
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self._upgraded = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(cls, base_url: str, token: str, *, on_message: Callable[[bytes], None] = ignore) -> Self:
        """Open a window and wait for its welcome."""
        window = cls(base_url, on_message)
        await window._open(token)
        return window

    async def _open(self, token: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._url.hostname or "", self._url.port or 80)
        await self._upgraded
        await self._ask({"type": "hello", "session_token": token, "last_seq": 0}, answer=b'"welcome"')

    async def say(self, text: str, *, client_id: str) -> None:
        """Send a message; returns when it is accepted."""
        await self._ask({"type": "message", "client_id": client_id, "text": text}, answer=b'"accepted"')

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def _ask(self, frame: dict[str, Any], *, answer: bytes) -> None:
        if self._transport is None:
            raise ConnectionError("the window is closed")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(_framed(TEXT, json.dumps(frame).encode()))
        told = await future
        if answer not in told:
            raise UnexpectedAnswer(f"{told[:300]!r} instead of {answer!r}")

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = opened = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET {PATH} HTTP/1.1\r\nHost: {self._url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        head += f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        opened.write(head.encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._upgraded.done() and not self._take_head():
            return
        while (frame := self._take_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for future in (self._upgraded, *self._waiting):
            if not future.done():
                future.set_exception(exc or ConnectionError("the window was closed"))

    def _take_head(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self._received[:12])
        del self._received[: end + 4]
        if status == b"HTTP/1.1 101":
            self._upgraded.set_result(None)
            return True
        self._upgraded.set_exception(UnexpectedAnswer(f"{status!r} instead of a WebSocket"))
        return False

    def _take_frame(self) -> tuple[int, bytes] | None:
        received = self._received
        if len(received) < 2:
            return None
        length, begin = received[1], 2
        if length == 126:
            length, begin = int.from_bytes(received[2:4], "big"), 4
        elif length == 127:
            length, begin = int.from_bytes(received[2:10], "big"), 10
        if len(received) < begin + length:
            return None
        frame = received[0], bytes(received[begin : begin + length])
        del received[: begin + length]
        return frame

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING and self._transport is not None:
            self._transport.write(_framed(PONG, payload))
        elif opcode == TEXT and b'"type":"message"' in payload[:40]:
            self._on_message(payload)
        elif opcode == TEXT and self._waiting and not _is_aside(payload):
            self._waiting.popleft().set_result(payload)


def _is_aside(payload: bytes) -> bool:
    """Frames that answer nothing."""
    return any(kind in payload[:40] for kind in (b'"status"', b'"receipt"', b'"queue"'))


def _framed(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((opcode, 0x80 | length)) + _MASK + payload
    return bytes((opcode, 0x80 | 126)) + length.to_bytes(2, "big") + _MASK + payload
