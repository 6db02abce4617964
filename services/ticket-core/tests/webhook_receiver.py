"""A subscriber: a small HTTP server that keeps what it gets. And what tests of webhooks do with it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import DEWI, contact, message, number
from kawal.testing.waiting import eventually
from ticket_core.adapters.webhook_sender import WebhookSender
from ticket_core.domain.fold import Applied
from ticket_core.store.store import CaseStore
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks

SENDER = WebhookSender(networks=[ip_network("127.0.0.0/8")])


@dataclass
class Receiver:
    """`answers` makes the status of each request of its place; `raw` is sent instead of an answer."""

    url: str = ""
    answers: Callable[[int], int] = lambda _: 204
    raw: bytes | None = None
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    gone: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        return [one["webhook-id"] for one in self.headers]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone += 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        place = len(self.bodies)
        self.headers.append(headers)
        self.bodies.append(body)
        await self.go_on.wait()
        status = self.answers(place)
        extra = "location: http://127.0.0.1:9/\r\n" if 300 <= status < 400 else ""
        writer.write(self.raw or f"HTTP/1.1 {status} X\r\n{extra}content-length: 0\r\n\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def receiving(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.go_on.set()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"https://localhost:{port}/hook" if tls else f"http://127.0.0.1:{port}/hook?of=desk"
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.close()


async def subscribed(subscriptions: WebhookSubscriptions, receiver: Receiver, *kinds: str) -> tuple[str, str]:
    """The id and the secret of a subscription."""
    view, secret = await subscriptions.add(url=receiver.url, kinds=list(kinds), description="", agent_id=DEWI.id)
    return view.id, secret


async def opened(store: CaseStore, index: int = 1) -> Applied:
    """A case of three entries: opened, message, notice."""
    (applied,) = await store.apply([contact(message(conversation=f"chat:{index:08d}", reference=number(index)))])
    assert isinstance(applied, Applied)
    return applied


async def sent(webhooks: Webhooks, receiver: Receiver, count: int) -> None:
    """Work until so many requests have come."""

    async def there() -> bool:
        await webhooks.step()
        return len(receiver.bodies) >= count

    await eventually(there, timeout=30)


async def run(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))
