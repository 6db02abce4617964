"""A long poll alone: what it does when the live feed leaves a gap that the transcript does not close."""

import asyncio
from types import SimpleNamespace
from typing import Any

from chat_factories import CONVERSATION, NOW, session
from chat_fakes import Client, FakeTranscript
from chat_ingest.api.messages import Messages
from chat_ingest.api.places import Places
from kawal.rates import Buckets, Rate
from kawal.testing import eventually


class Poll:
    """One request that waits for messages, without a server."""

    def __init__(self, transcript: FakeTranscript) -> None:
        self.desk = Client(transcript).desk
        self.draining, self.gone = asyncio.Event(), asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def run(self) -> None:
        token = self.desk.tokens.issue(session(), now=NOW)
        scope = {
            "type": "http",
            "method": "GET",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "query_string": b"wait=30",
            "app": SimpleNamespace(state=SimpleNamespace(draining=self.draining)),
        }
        messages = Messages(self.desk, rates=Buckets(Rate(100, 100)), places=Places(10))
        await messages(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: Any) -> None:
        self.sent.append(event)


class TestGapThatNeverCloses:
    async def test_ends_with_the_service(self) -> None:
        transcript = FakeTranscript()
        poll = Poll(transcript)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(poll.run())
            await eventually(lambda: transcript.asked == 1)
            poll.desk.rooms.expect(CONVERSATION, seq=3)
            await eventually(lambda: transcript.asked > 2)
            poll.draining.set()
        assert poll.sent[0]["status"] == 200

    async def test_ends_when_nobody_waits_any_more(self) -> None:
        transcript = FakeTranscript()
        poll = Poll(transcript)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(poll.run())
            await eventually(lambda: transcript.asked == 1)
            poll.desk.rooms.expect(CONVERSATION, seq=3)
            await eventually(lambda: transcript.asked > 2)
            poll.gone.set()
        assert poll.sent == []
