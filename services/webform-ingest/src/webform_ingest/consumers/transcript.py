"""Group `web-transcript`: what notifier hands out for the web becomes the transcript of the status page."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.outbound import Outbound, OutboundMessage
from kawal.errors import KawalError, TransientError
from kawal.kafka import InvalidRecords, Record
from webform_ingest.domain.history import Reports, reports_of
from webform_ingest.store import transcript

GROUP = "web-transcript"


class TranscriptHandler:
    """Stores first, then reports: a report that is sent twice is one report, it has a deterministic id."""

    def __init__(self, *, engine: AsyncEngine, reports: Reports, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._reports = reports
        self._now = now

    async def __call__(self, records: Sequence[Record[Outbound]]) -> None:
        messages = _messages(records)
        async with self._engine.begin() as connection:
            await transcript.insert(connection, messages)
        await self._report([message for message in messages if message.wants_receipt])

    async def _report(self, messages: Sequence[OutboundMessage]) -> None:
        try:
            await self._reports.report(reports_of(messages, DeliveryState.SENT, now=self._now()))
        except KawalError as full:
            raise TransientError("The spool takes no reports at the moment") from full


def _messages(records: Sequence[Record[Outbound]]) -> list[OutboundMessage]:
    calls = [record for record in records if not isinstance(record.data, OutboundMessage)]
    if calls:
        raise InvalidRecords([(record, "not_a_message") for record in calls])
    return [record.data for record in records if isinstance(record.data, OutboundMessage)]
