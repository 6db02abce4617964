"""A connection alone: what it does when the transcript is away, or the live feed leaves a gap."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from chat_factories import CONVERSATION, NOW, SESSION_KEY, outbound, session
from chat_ingest.api.connection import Connection
from chat_ingest.api.desk import Desk, Limits
from chat_ingest.consumers.sweep import TranscriptSweep
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


class TestTranscriptAway:
    async def test_welcome_and_accepting_go_on(self) -> None:
        transcript = FakeTranscript()
        transcript.away = True
        client = Client(transcript)
        async with client.connected(last_seq=4):
            assert client.heard[0] == {"type": "welcome", "conversation_id": CONVERSATION, "last_seq": 4}
            client.say(type="message", client_id="c1", text="Halo")
            await eventually(lambda: "accepted" in client.kinds())

    async def test_live_messages_that_leave_no_gap_are_told_at_once(self) -> None:
        transcript = FakeTranscript()
        transcript.away = True
        client = Client(transcript)
        async with client.connected(last_seq=4):
            client.desk.rooms.publish(outbound(5))
            await eventually(lambda: client.seqs() == [5])

    async def test_catches_up_when_it_is_back(self) -> None:
        transcript = FakeTranscript(outbound(1), outbound(2))
        transcript.away = True
        client = Client(transcript)
        async with client.connected():
            client.desk.rooms.publish(outbound(3))
            transcript.away = False
            await eventually(lambda: client.seqs() == [1, 2, 3])
            await eventually(lambda: client.heard[-1] == {"type": "status", "state": "live"})


class TestGap:
    async def test_is_filled_from_the_transcript(self) -> None:
        transcript = FakeTranscript()
        client = Client(transcript)
        async with client.connected():
            client.desk.rooms.publish(outbound(3))
            await transcript.write([outbound(1), outbound(2), outbound(3)])
            await eventually(lambda: client.seqs() == [1, 2, 3])

    async def test_what_was_written_is_reported(self) -> None:
        client = Client(FakeTranscript(outbound(1), outbound(2, wants_receipt=False)))
        async with client.connected():
            await eventually(lambda: client.intake.reports == [(1, DeliveryState.DELIVERED)])

    async def test_that_never_closes_is_not_asked_for_without_a_pause(self) -> None:
        transcript = FakeTranscript(*(outbound(seq) for seq in range(2, 202)))
        client = Client(transcript)
        async with client.connected():
            await eventually(lambda: transcript.asked >= 3)
            assert transcript.asked < 10
            assert client.seqs() == []


class TestMistake:
    async def test_while_catching_up_ends_the_connection(self) -> None:
        """Rather than leaving a window open that is told nothing more."""
        transcript = FakeTranscript()
        client = Client(transcript)
        async with client.connected():
            transcript.broken = True
            client.desk.rooms.publish(outbound(3))
            await eventually(lambda: client.desk.rooms.conversations == [])


class TestReceipts:
    async def test_what_was_written_before_the_socket_broke(self) -> None:
        client = Client(FakeTranscript(outbound(1), outbound(2)))
        client.breaks_at = 2
        async with client.connected():
            await eventually(lambda: client.intake.reports == [(1, DeliveryState.DELIVERED)])

    async def test_read_before_the_rest_of_a_burst_is_written(self) -> None:
        client = Client(FakeTranscript(outbound(1), outbound(2)))
        client.holds_at = 2
        async with client.connected():
            await eventually(lambda: client.seqs() == [1])
            client.say(type="read", seq=1)
            await eventually(lambda: (1, DeliveryState.READ) in client.intake.reports)
            client.go_on.set()

    async def test_read_again_after_a_reconnect_is_reported_once(self) -> None:
        client = Client(FakeTranscript(outbound(1), outbound(2)))
        for seq in (1, 1, 2):
            async with client.connected(last_seq=2):
                client.say(type="read", seq=seq)
                client.say(type="message", client_id="after-it", text="Halo")
                await eventually(lambda: client.kinds()[-1] == "accepted")
        assert client.intake.reports == [(1, DeliveryState.READ), (2, DeliveryState.READ)]

    async def test_read_while_the_transcript_is_away_is_reported_later(self) -> None:
        transcript = FakeTranscript(outbound(1), outbound(2))
        client = Client(transcript)
        for away in (True, False):
            transcript.away = away
            async with client.connected(last_seq=2):
                client.say(type="read", seq=2)
                client.say(type="message", client_id="after-it", text="Halo")
                await eventually(lambda: client.kinds()[-1] == "accepted")
        assert sorted(client.intake.reports) == [(1, DeliveryState.READ), (2, DeliveryState.READ)]


class TestSweep:
    async def test_finds_what_the_live_feed_passed_over(self) -> None:
        transcript = FakeTranscript()
        client = Client(transcript)
        async with client.connected():
            await transcript.write([outbound(1), outbound(2)])
            await TranscriptSweep(transcript, rooms=client.desk.rooms).sweep()
            await eventually(lambda: client.seqs() == [1, 2])


class TestBusy:
    async def test_full_spool(self) -> None:
        client = Client(FakeTranscript())
        client.intake.full = True
        async with client.connected():
            client.say(type="message", client_id="c1", text="Halo")
            await eventually(lambda: client.heard[-1] == {"type": "busy", "retry_after_s": 30})
            client.intake.full = False
            client.say(type="message", client_id="c1", text="Halo")
            await eventually(lambda: "accepted" in client.kinds())


class TestHello:
    async def test_never_comes(self) -> None:
        client = Client(FakeTranscript(), hello_within_s=0.01)
        await Connection(client.desk, receive=client.said.get, send=client.send).run()
        assert (client.heard[-1]["code"], client.close_code) == ("hello_timeout", 1008)
