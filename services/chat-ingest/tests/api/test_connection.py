"""A connection alone: what it does when the transcript is away, or the live feed leaves a gap."""

from chat_factories import CONVERSATION, outbound
from chat_fakes import Client, FakeTranscript
from chat_ingest.api.connection import Connection
from chat_ingest.consumers.sweep import TranscriptSweep
from kawal.contracts.deliveries import DeliveryState
from kawal.testing import eventually


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
