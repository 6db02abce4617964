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


class RawHttp:
    """One closed-loop client, one request at a time; a connection that was idle for too long is opened again."""

    def __init__(self, base_url: str) -> None:
        self._url = urlsplit(base_url)
        self._connection: Connection | None = None

    @classmethod
    async def connect(cls, base_url: str) -> Self:
        http = cls(base_url)
        await http._connected()
        return http

    async def get(self, path: str, *, token: str, expect: int = 200) -> Response:
        head = f"GET {path} HTTP/1.1\r\nHost: {self._url.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
        return await self._exchange(head.encode(), expect)

    async def post(self, path: str, body: Any, *, token: str = "", key: str = "", expect: int = 200) -> Response:
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(data)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        head += f"Idempotency-Key: {key}\r\n" if key else ""
        return await self._exchange(head.encode() + b"\r\n" + data, expect)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _exchange(self, request: bytes, expect: int) -> Response:
        response = await (await self._connected()).exchange(request)
        if response.status != expect:
            raise UnexpectedAnswer(f"{response.status} instead of {expect}: {response.body[:300]!r}")
        return response

    async def _connected(self) -> "Connection":
        if self._connection is None or not self._connection.is_open:
            loop = asyncio.get_running_loop()
            host, port = self._url.hostname or "", self._url.port or 80
            _, self._connection = await loop.create_connection(Connection, host, port)
        return self._connection


class Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self) -> None:
        self.is_open = False
        self._received = bytearray()
        self._answer: asyncio.Future[Response] | None = None

    async def exchange(self, request: bytes) -> Response:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # 408: we were silent for too long
            return
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or b"0")
        whole = end + len(_END_OF_HEAD) + length
        if len(self._received) >= whole:
            body = bytes(self._received[end + len(_END_OF_HEAD) : whole])
            del self._received[:whole]
            self._answer.set_result(Response(int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the connection was closed"))
