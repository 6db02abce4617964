"""A lean HTTP/1.1 client for load: one connection, keep-alive, no more than what our own services answer.

httpx spends about as much time on a request as the service under test; on two shared cores that would measure
httpx. This one understands `Content-Length` bodies only.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Self, cast
from urllib.parse import urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class UnexpectedAnswer(Exception):
    """The service did not answer as it should; a figure made of refusals would be worthless."""


class RawHttp(asyncio.Protocol):
    """One closed-loop client's connection: one request at a time. It is opened again when it was idle too long."""

    def __init__(self, base_url: str) -> None:
        self._url = urlsplit(base_url)
        self._host = self._url.netloc
        self._received = bytearray()
        self._answer: asyncio.Future[Response] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, base_url: str) -> Self:
        connection = cls(base_url)
        await connection._open()
        return connection

    async def get(self, path: str, *, token: str, expect: int = 200) -> Response:
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        return await self._exchange(head.encode(), expect)

    async def post(self, path: str, body: Any, *, token: str = "", key: str = "", expect: int = 200) -> Response:
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(data)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        head += f"Idempotency-Key: {key}\r\n" if key else ""
        return await self._exchange(head.encode() + b"\r\n" + data, expect)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def _open(self) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, self._url.hostname or "", self._url.port or 80)
        return transport

    async def _exchange(self, request: bytes, expect: int) -> Response:
        transport = self._transport or await self._open()
        self._answer = asyncio.get_running_loop().create_future()
        transport.write(request)
        response = await self._answer
        if response.status != expect:
            raise UnexpectedAnswer(f"{response.status} instead of {expect}: {response.body[:300]!r}")
        return response

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or b"0")
        whole = end + len(_END_OF_HEAD) + length
        if len(self._received) >= whole and self._answer is not None:
            body = bytes(self._received[end + len(_END_OF_HEAD) : whole])
            del self._received[:whole]
            self._answer.set_result(Response(int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the connection was closed"))
