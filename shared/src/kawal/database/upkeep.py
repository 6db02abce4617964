"""What a service does to its tables every now and then: days ahead are created, days over are dropped, and the like."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database.outages import is_outage
from kawal.observability.logging import get_logger

log = get_logger()

EVERY_S = 60 * 60
AGAIN_S = 30

Maintain = Callable[[AsyncConnection, datetime], Awaitable[object]]


class Upkeep:
    """A service's task: `maintain` at start and every hour, or `every_s`, one transaction each time.

    Days are created far enough ahead that PostgreSQL may be away for a while.
    """

    def __init__(self, *, engine: AsyncEngine, maintain: Maintain, every_s: float = EVERY_S) -> None:
        self._engine = engine
        self._maintain = maintain
        self._every_s = every_s

    async def run(self) -> None:
        while True:  # noqa: ASYNC110 - it is the clock that is waited for
            await asyncio.sleep(self._every_s if await self._done() else min(AGAIN_S, self._every_s))

    async def _done(self) -> bool:
        try:
            async with self._engine.begin() as connection:
                await self._maintain(connection, datetime.now(UTC))
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("upkeep_postponed", error=error)
            return False
        return True
