"""Publishes the outbox: each shard by one relay at a time, in the order of the rows."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.backoff import Backoff
from kawal.database.outages import is_outage
from kawal.errors import TransientError
from kawal.kafka.producer import MAX_BATCH_BYTES, Producer
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.outbox.queue import Pending, Queue, ShardLocks
from kawal.pace import Pace
from kawal.waiting import comes

log = get_logger()

# Half of a producer's batch: even if all rows go to one partition they are one batch, which lands whole or not.
ROUND_BYTES = MAX_BATCH_BYTES // 2
ROUND_ROWS = 1_000
PACE_S = 0.01
SMALL_ROUND_ROWS = 100
IDLE_S = 0.2
BALANCE_S = 1.0
DEPTH_S = 5.0
STALL_S = 180.0


class OutboxRelay:
    """Reads unpublished rows in order, sends them, waits for the broker, marks them; again and again.

    Several replicas share the shards; all must be given the same number. A crash between sending and marking sends
    the same rows again, in the same order: receivers know the events by their ids.
    """

    def __init__(self, *, engine: AsyncEngine, table: Table, bootstrap_servers: str, shards: int = 4) -> None:
        self._engine = engine
        self._table = table
        self._shards = shards
        self._schema = table.schema or "public"
        self._producer = Producer(bootstrap_servers=bootstrap_servers)
        self._woken = asyncio.Event()
        self._pace = Pace(least_s=PACE_S)
        self._progress_at = time.monotonic()
        self._next_balance = 0.0
        self._next_depth = 0.0

    def wake(self) -> None:
        """Rows have been committed: don't wait for the next poll."""
        self._woken.set()

    def alive(self) -> bool:
        """Whether the relay works, or at least tries to connect. The broker's absence is no reason to be killed."""
        return time.monotonic() - self._progress_at <= STALL_S

    async def run(self) -> None:
        """Publish until cancelled; PostgreSQL or the broker may come and go."""
        backoff = Backoff(first_s=0.1, max_s=5.0)
        try:
            while True:
                try:
                    await self._session(backoff)
                except Exception as error:
                    if not _is_passing(error):
                        raise
                    log.warning("outbox_interrupted", error=error)
                self._progress_at = time.monotonic()
                await asyncio.sleep(backoff.next())
        finally:
            await self._producer.stop()

    async def _session(self, backoff: Backoff) -> None:
        async with _own_connection(self._engine) as connection:
            locks = ShardLocks(connection, self._table, shards=self._shards)
            queue = Queue(connection, self._table, shards=self._shards)
            await locks.join()
            await queue.prepare()
            self._next_balance = 0.0
            try:
                while True:
                    await self._look_around(locks, queue)
                    self._pace.begin(time.monotonic())
                    published = await self._round(queue, locks.held)
                    backoff.reset()
                    self._progress_at = time.monotonic()
                    self._pace.end(self._progress_at)
                    if not published:
                        await comes(self._woken, within_s=IDLE_S)
                    elif published < SMALL_ROUND_ROWS:
                        await asyncio.sleep(self._pace.early_s(self._progress_at))
            finally:
                metrics.OUTBOX_SHARDS_HELD.labels(self._schema).set(0)

    async def _look_around(self, locks: ShardLocks, queue: Queue) -> None:
        now = time.monotonic()
        if now >= self._next_balance:
            await locks.balance()
            self._next_balance = now + BALANCE_S
            metrics.OUTBOX_SHARDS_HELD.labels(self._schema).set(len(locks.held))
        if now >= self._next_depth:
            depth = await queue.depth()
            self._next_depth = now + DEPTH_S
            metrics.OUTBOX_DEPTH_ROWS.labels(self._schema).set(depth.rows)
            metrics.OUTBOX_OLDEST_SECONDS.labels(self._schema).set(depth.oldest_s)

    async def _round(self, queue: Queue, shards: set[int]) -> int:
        """Publish the oldest rows and mark them; returns how many."""
        # Before the read: a row that is committed during it wakes the next round.
        self._woken.clear()
        rows = _within(await queue.pending(shards, limit=ROUND_ROWS), size_bytes=ROUND_BYTES)
        if not rows:
            return 0
        with metrics.OUTBOX_ROUND_SECONDS.labels(self._schema).time():
            await self._producer.send_all([row.message for row in rows])
            await queue.mark_published([row.id for row in rows])
        metrics.OUTBOX_PUBLISHED.labels(self._schema).inc(len(rows))
        return len(rows)


def _within(rows: list[Pending], *, size_bytes: int) -> list[Pending]:
    """As many of the first `rows` as fit; at least one."""
    total = 0
    for place, row in enumerate(rows):
        total += row.size_bytes
        if total > size_bytes and place:
            return rows[:place]
    return rows


def _is_passing(error: Exception) -> bool:
    return isinstance(error, TransientError | asyncpg.InterfaceError) or is_outage(error)


@contextlib.asynccontextmanager
async def _own_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    """A connection that is closed for good afterwards: in the pool it would go on holding its locks."""
    connection = await engine.connect()
    try:
        yield (await connection.get_raw_connection()).driver_connection
    finally:
        await connection.invalidate()
        await connection.close()
