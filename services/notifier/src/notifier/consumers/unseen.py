"""Chat answers that nobody has been there to see: after a while they go out on the next channel as well."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import is_outage
from kawal.observability.logging import get_logger
from notifier.store import deliveries

log = get_logger()

EVERY_S = 10.0


class UnseenWatch:
    """Looks every ten seconds; apart from the senders, because the look reads a day of chat answers."""

    def __init__(self, *, engine: AsyncEngine, unseen_for: timedelta, found: Callable[[], None]) -> None:
        self._engine = engine
        self._unseen_for = unseen_for
        self._found = found

    async def run(self) -> None:
        """Look until cancelled; replicas may look at the same time."""
        while True:
            await self._look()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        try:
            async with self._engine.begin() as connection:
                now = datetime.now(UTC)
                due = await deliveries.fall_back_unseen(connection, now=now, unseen_for=self._unseen_for)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("unseen_not_looked_for", error=error)
            return
        if due:
            self._found()
