"""`kawal.deliveries.v1`: what became of deliveries that an edge carries; a failure starts the next channel."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.kafka import Record
from notifier.store import deliveries

GROUP = "notifier-reports"


class ReportHandler:
    """Notes reports. They need no inbox: a state only ever says more, and a fallback becomes due once.

    `due` is called for the senders when one did.
    """

    def __init__(self, *, engine: AsyncEngine, due: Callable[[], None]) -> None:
        self._engine = engine
        self._due = due

    async def __call__(self, records: Sequence[Record[DeliveryReported]]) -> None:
        reports = [record.data for record in records]
        failed = [r.delivery_id for r in reports if r.state is DeliveryState.FAILED]
        async with self._engine.begin() as connection:
            await deliveries.report(connection, reports)
            if failed:
                await deliveries.fall_back(connection, failed, now=datetime.now(UTC))
        if failed:
            self._due()
