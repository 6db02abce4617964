"""Shows what waits for the senders: a provider that takes nothing for hours must be seen before it is complained of."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.words import Channel
from kawal.database import is_outage
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from notifier.store import deliveries

log = get_logger()

EVERY_S = 10.0
CHANNELS = (Channel.EMAIL, Channel.SMS)


class BacklogWatch:
    """Counts every ten seconds."""

    def __init__(self, *, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self) -> None:
        """Count until cancelled; while PostgreSQL is away the last figures stay."""
        while True:
            try:
                await self.count()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("backlog_not_counted", error=error)
            await asyncio.sleep(EVERY_S)

    async def count(self) -> None:
        async with self._engine.begin() as connection:
            found = await deliveries.backlog(connection)
        now = datetime.now(UTC)
        for channel in CHANNELS:
            here = found.get(channel)
            metrics.DELIVERIES_WAITING.labels(channel).set(here.waiting if here else 0)
            oldest_s = (now - here.oldest_at).total_seconds() if here else 0
            metrics.DELIVERIES_OLDEST_SECONDS.labels(channel).set(oldest_s)
