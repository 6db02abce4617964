"""What a service does to its tables every now and then: days ahead are created, days over are dropped, and the like."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database.rounds import rounds

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

    async def run(self) -> NoReturn:
        await rounds("upkeep", self._round, after_outage_s=min(AGAIN_S, self._every_s))

    async def _round(self) -> float:
        async with self._engine.begin() as connection:
            await self._maintain(connection, datetime.now(UTC))
        return self._every_s
