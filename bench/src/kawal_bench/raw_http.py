"""A lean HTTP/1.1 client for load: one connection, keep-alive, no more than what our own services answer.

httpx spends about as much time on a request as the service under test; on two shared cores that would measure
httpx. This one understands `Content-Length` bodies only.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class RawHttp:
    """One closed-loop client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        reader, writer = await asyncio.open_connection(host, port)
        return cls(reader, writer, f"{host}:{port}")

    async def get(self, path: str, *, token: str) -> Response:
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        return await self._exchange(head.encode())

    async def post(self, path: str, body: Any, *, token: str = "", key: str = "") -> Response:
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(data)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        head += f"Idempotency-Key: {key}\r\n" if key else ""
        return await self._exchange(head.encode() + b"\r\n" + data)

    def close(self) -> None:
        self._writer.close()

    async def _exchange(self, request: bytes) -> Response:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        body = await self._reader.readexactly(length) if length else b""
        return Response(status=int(head[9:12]), body=body)
