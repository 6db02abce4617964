"""A service's task that deletes what is old, a little at a time."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database.rounds import rounds
from kawal.errors import TransientError
from kawal.observability import metrics

EVERY_S = 60 * 60
AFTER_FAILURE_S = 5 * 60
AT_ONCE = 1_000

Delete = Callable[[AsyncConnection, datetime, int], Awaitable[int]]
"""Deletes some of what is older than that moment, so many rows at the most; returns how many there were."""


class Retention:
    """At the start and every hour; `deletes` are done in their order, each by its name in the metric.

    Any number of replicas may run it. Whatever is wrong with a statement, the service goes on, and tries again: an edge
    accepts, whether its schema is there or not.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        keep: timedelta,
        deletes: Mapping[str, Delete],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._keep = keep
        self._deletes = deletes
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("retention", self._round, after_outage_s=AFTER_FAILURE_S)

    async def _round(self) -> float:
        try:
            await self.delete_old()
        except SQLAlchemyError as failed:
            raise TransientError("what is old stays for now") from failed
        return EVERY_S

    async def delete_old(self) -> None:
        """Delete all that is older than it may be, each batch in a transaction of its own."""
        before = self._clock() - self._keep
        for name, delete in self._deletes.items():
            while await self._some(name, delete, before=before) == AT_ONCE:
                pass

    async def _some(self, name: str, delete: Delete, *, before: datetime) -> int:
        async with self._engine.begin() as connection:
            deleted = await delete(connection, before, AT_ONCE)
        metrics.RETENTION_DELETED.labels(name).inc(deleted)
        return deleted
