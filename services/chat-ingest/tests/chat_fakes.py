"""Stands in for what is around a connection: intake, transcript, and the client at its other end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from chat_factories import NOW, SESSION_KEY, session
from chat_ingest.api.connection import Connection
from chat_ingest.api.desk import Desk, Limits
from chat_ingest.domain.protocol import Accepted
from chat_ingest.domain.refusals import TranscriptAway
from chat_ingest.domain.rooms import Rooms
from chat_ingest.domain.sessions import Session, SessionTokens
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.outbound import OutboundMessage
from kawal.rates import Rate
from kawal.spool import SpoolFull
from kawal.testing import eventually


class FakeIntake:
    """Accepts everything, or is full."""

    def __init__(self) -> None:
        self.full = False
        self.reports: list[tuple[int, DeliveryState]] = []

    def opened(self, conversation_id: str) -> None:
        """Nothing to remember."""

    async def message(self, session: Session, *, client_id: str, text: str, begun: bool) -> Accepted:
        if self.full:
            raise SpoolFull("Try again in a moment")
        return Accepted(client_id=client_id)

    async def read(self, session: Session, *, seq: int) -> None:
        """Nothing to keep."""

    async def report(self, messages: Iterable[OutboundMessage], *, state: DeliveryState) -> None:
        self.reports += [(message.seq, state) for message in messages if message.wants_receipt]


class FakeTranscript:
    """Messages in memory, or away."""

    def __init__(self, *messages: OutboundMessage) -> None:
        self.messages = list(messages)
        self.away = self.broken = False
        self.asked = 0

    async def write(self, messages: Sequence[OutboundMessage]) -> None:
        self.messages += messages

    async def after(self, conversation_id: str, *, seq: int, limit: int) -> Sequence[OutboundMessage]:
        self.asked += 1
        if self.away:
            raise TranscriptAway("Try again in a moment")
        if self.broken:
            raise LookupError("a mistake of ours")
        return [m for m in self.messages if m.conversation_id == conversation_id and m.seq > seq][:limit]

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        found = {m.conversation_id: m.seq for m in self.messages}
        return {key: seq for key, seq in found.items() if key in conversation_ids}

    async def unread(self, conversation_id: str, *, after: int, up_to: int) -> Sequence[OutboundMessage]:
        return [m for m in await self.after(conversation_id, seq=after, limit=100) if m.seq <= up_to]


class Client:
    """The other end of a connection, without a socket."""

    def __init__(self, transcript: FakeTranscript, *, hello_within_s: float = 10) -> None:
        self.intake = FakeIntake()
        self.desk = Desk(
            tokens=SessionTokens(SESSION_KEY, timedelta(days=1)),
            intake=self.intake,
            transcript=transcript,
            rooms=Rooms(per_conversation=8),
            limits=Limits(connections=10, rate=Rate(100, 100), hello_within_s=hello_within_s),
            now=lambda: NOW,
            steady=lambda: 0.0,
        )
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.breaks_at = self.holds_at = 0
        self.go_on = asyncio.Event()

    def say(self, **frame: Any) -> None:
        self.said.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.heard if frame["type"] == "message"]

    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.heard]

    async def send(self, event: Any) -> None:
        if event["type"] == "websocket.close":
            self.close_code = event["code"]
            return
        frame = json.loads(event["text"])
        if frame.get("seq") == self.breaks_at:
            raise OSError("the socket is closed")
        if frame.get("seq") == self.holds_at:
            await self.go_on.wait()
        self.heard.append(frame)

    @asynccontextmanager
    async def connected(self, *, last_seq: int = 0) -> AsyncIterator[None]:
        task = asyncio.create_task(Connection(self.desk, receive=self.said.get, send=self.send).run())
        token = self.desk.tokens.issue(session(), now=NOW)
        self.heard.clear()
        self.say(type="hello", session_token=token, last_seq=last_seq)
        await eventually(lambda: "welcome" in self.kinds())
        yield
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await task
