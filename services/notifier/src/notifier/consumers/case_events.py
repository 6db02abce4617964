"""`kawal.case-events.v1` -> who is told what, in one transaction a batch."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal import inbox, outbox
from kawal.contracts import topics
from kawal.contracts.case_events import CaseChanged, CaseEvent
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.outbound import OutboundCall, OutboundMessage, OutboundQueue
from kawal.contracts.words import Channel
from kawal.kafka import Record
from notifier.consumers.reporting import NO_ADDRESS, SOURCE, report_of
from notifier.domain.deliveries import Delivery
from notifier.domain.routing import Routed, Router, call_of
from notifier.store import deliveries, tables

GROUP = "notifier"
_TRANSCRIPTS = {Channel.CHAT: topics.OUTBOUND_CHAT.name, Channel.WEB: topics.OUTBOUND_WEB.name}


class CaseEventHandler:
    """Routes a batch: new events only, deliveries and outbound messages committed together.

    After the commit `committed` is called for the outbox relay, and `due` for the senders where there is something
    for them, so that neither need wait for its poll. Most batches have nothing for the senders.
    """

    def __init__(
        self, *, engine: AsyncEngine, router: Router, committed: Callable[[], None], due: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._router = router
        self._committed = committed
        self._due = due

    async def __call__(self, records: Sequence[Record[CaseEvent]]) -> None:
        # Most events tell participants nothing; that they were there need not be remembered.
        told = [record for record in records if not isinstance(record.data, CaseChanged)]
        if told:
            await self._tell(told)

    async def _tell(self, records: Sequence[Record[CaseEvent]]) -> None:
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            new = await self._new(connection, records, now=now)
            routed = [(r, self._router.route(r.data, traceparent=r.envelope.traceparent)) for r in new]
            told = [delivery for _, route in routed for delivery in route.deliveries]
            await deliveries.insert(connection, told, now=now)
            messages = [m for record, route in routed for m in _messages(record, route)]
            await outbox.append(connection, tables.outbox, messages)
        self._committed()
        if any(delivery.due_at_once for delivery in told):
            self._due()

    async def _new(
        self, connection: AsyncConnection, records: Sequence[Record[CaseEvent]], *, now: datetime
    ) -> list[Record[CaseEvent]]:
        """Each event once, in order, without those that an earlier batch has dealt with."""
        first: dict[tuple[str, str], Record[CaseEvent]] = {}
        for record in records:
            first.setdefault((record.envelope.source, record.envelope.id), record)
        new = await inbox.insert_new(connection, tables.inbox, events=list(first), now=now)
        return [record for key, record in first.items() if key in new]


def _messages(record: Record[CaseEvent], routed: Routed) -> list[KafkaMessage]:
    """What the edges have to carry for one case event; or that nobody can."""
    traceparent = record.envelope.traceparent
    found: list[KafkaMessage] = []
    if routed.transcript:
        topic = _TRANSCRIPTS[Channel(routed.transcript.conversation_id.partition(":")[0])]
        found.append(_outbound(routed.transcript, topic=topic, at=record.data.at, traceparent=traceparent))
    if routed.place:
        found.append(_queue(routed.place, event_id=record.envelope.id, traceparent=traceparent))
    found += [
        _outbound(call_of(d), topic=topics.OUTBOUND_VOICE.name, at=record.data.at, traceparent=traceparent)
        for d in routed.deliveries
        if _starts_a_call(d)
    ]
    if routed.unreached:
        report = report_of(routed.unreached, state=DeliveryState.FAILED, at=record.data.at, detail=NO_ADDRESS)
        found.append(report)
    return found


def _queue(place: OutboundQueue, *, event_id: str, traceparent: str | None) -> KafkaMessage:
    envelope = Envelope(
        id=event_id,
        source=SOURCE,
        type=f"kawal.outbound.{place.kind}.v1",
        time=place.at,
        partition_key=place.conversation_id,
        traceparent=traceparent,
    )
    data = place.model_dump_json(exclude_none=True).encode()
    return envelope.message(topic=topics.OUTBOUND_CHAT.name, data=data)


def _starts_a_call(delivery: Delivery) -> bool:
    return delivery.channel is Channel.VOICE and delivery.after is None


def _outbound(
    data: OutboundMessage | OutboundCall, *, topic: str, at: datetime, traceparent: str | None
) -> KafkaMessage:
    envelope = Envelope(
        id=data.delivery_id,
        source=SOURCE,
        type=f"kawal.outbound.{data.kind}.v1",
        time=at,
        partition_key=data.conversation_id,
        traceparent=traceparent,
    )
    return envelope.message(topic=topic, data=data.model_dump_json().encode())
