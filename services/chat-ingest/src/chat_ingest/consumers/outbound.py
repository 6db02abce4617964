"""`kawal.outbound.chat.v1`: one group writes it down, every replica passes it on to the sockets that it holds."""

from collections.abc import Sequence

from chat_ingest.domain.ports import Intake, Transcript
from chat_ingest.domain.rooms import Rooms
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.outbound import OutboundCall, OutboundMessage, OutboundQueue
from kawal.errors import KawalError, TransientError
from kawal.kafka import InvalidRecords, Record

GROUP = "chat-ingest"

Outbound = OutboundMessage | OutboundCall | OutboundQueue


class TranscriptWriter:
    """Writes batches to the transcript, then says that they are stored. Repeating a batch changes nothing."""

    def __init__(self, transcript: Transcript, *, intake: Intake, rooms: Rooms) -> None:
        self._transcript = transcript
        self._intake = intake
        self._rooms = rooms

    async def handle(self, records: Sequence[Record[Outbound]]) -> None:
        """See `kawal.kafka.Consumer`.

        Raises:
            InvalidRecords: calls, which no chat can carry.
            TransientError: PostgreSQL is away, or the spool is full.
        """
        messages = _messages(records)
        try:
            await self._transcript.write(messages)
            await self._intake.report(messages, state=DeliveryState.SENT)
        except KawalError as away:
            raise TransientError(away.code) from away
        for message in messages:
            # For sockets that asked before this was written, while the live feed had not begun yet.
            self._rooms.publish(message)


class LivePush:
    """Offers each message to those who have its conversation open on this replica."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def handle(self, records: Sequence[Record[Outbound]]) -> None:
        """See `kawal.kafka.Broadcast`; never fails, the transcript is the safe way."""
        for record in records:
            if isinstance(record.data, OutboundMessage):
                self._rooms.publish(record.data)
            elif isinstance(record.data, OutboundQueue):
                self._rooms.place(record.data)


def _messages(records: Sequence[Record[Outbound]]) -> list[OutboundMessage]:
    """What belongs into the transcript; places in the queue do not: they are over when the next one comes."""
    calls = [record for record in records if isinstance(record.data, OutboundCall)]
    if calls:
        raise InvalidRecords([(record, "not a chat message") for record in calls])
    return [record.data for record in records if isinstance(record.data, OutboundMessage)]
