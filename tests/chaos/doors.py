"""A participant's or an agent's connection to a service, which may die at any moment.

As the widget does, it sends the same request again until it is answered for good: same body, same key, so that what
was accepted before an answer was lost is not accepted twice.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kawal.testing import eventually

ANSWERS_WITHIN_S = 10.0
INSISTS_FOR_S = 240.0
TRIES_AGAIN_AFTER_S = 0.1
LATER = frozenset({429, 503})
"""What a client is asked to try again; anything else but success is a finding."""


class Refused(Exception):
    """The service answered, and not as it should."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Door:
    """One keep-alive connection (HTTP/1.1), opened again after every failure. One request at a time."""

    def __init__(self, url: str, *, token: str = "") -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, *, token: str = "") -> Answer:
        return await self.insist(self._request("GET", path, b"", token=token))

    async def post(
        self, path: str, body: dict[str, Any], *, token: str = "", key: str = "", later: frozenset[int] = LATER
    ) -> Answer:
        data = json.dumps(body).encode()
        kept = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        return await self.insist(self._request("POST", path, data, token=token, headers=kept), later=later)

    async def insist(self, request: bytes, *, later: frozenset[int] = LATER) -> Answer:
        """The answer to `request`, sent again while there is none or it is one of `later`.

        Raises:
            Refused: any other answer that is not a success.
        """

        async def attempt() -> Answer | None:
            answer = await self._try(request)
            if answer is None or answer.status in later:
                return None
            if answer.status >= 300:
                raise Refused(f"{request.split(b' HTTP')[0].decode()}: {answer.status} {answer.body[:300]!r}")
            return answer

        return await eventually(attempt, timeout=INSISTS_FOR_S, interval=TRIES_AGAIN_AFTER_S)

    async def close(self) -> None:
        if self._streams is None:
            return
        (_, writer), self._streams = self._streams, None
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def request(self, path: str, data: bytes, *, headers: dict[str, str]) -> bytes:
        """A POST with these headers and nothing else."""
        return self._request("POST", path, data, headers=headers)

    def _request(
        self, method: str, path: str, data: bytes, *, token: str = "", headers: dict[str, str] | None = None
    ) -> bytes:
        sent = {"Host": f"{self._host}:{self._port}", "Content-Length": str(len(data)), **(headers or {})}
        if token or self._token:
            sent["Authorization"] = f"Bearer {token or self._token}"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        return "\r\n".join([*lines, "", ""]).encode() + data

    async def _try(self, request: bytes) -> Answer | None:
        """The answer, or `None` when the connection was refused, died, or kept silent."""
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                return await self._exchange(request)
        await self.close()
        return None

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or b"0")
        body = await reader.readexactly(length)
        if b"\r\nconnection: close" in head:
            await self.close()
        return Answer(int(head[9:12]), body)
