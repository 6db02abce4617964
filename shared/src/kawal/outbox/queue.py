"""The relay's side of the outbox table: who publishes which shard, what is to be published, what has been.

Runs on one asyncpg connection, without transactions: the advisory locks belong to the session, so whoever loses the
connection loses them at once, together with the means to mark anything.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from kawal.contracts.envelope import KafkaMessage
from kawal.outbox.table import decoded

PENDING = """
    SELECT id, topic, key, value, headers FROM <outbox>
    WHERE published_at IS NULL AND shard % $1::int = ANY($2::int[]) ORDER BY id LIMIT $3
"""
MARK = """
    UPDATE <outbox> SET published_at = now() WHERE published_at IS NULL AND id = ANY($1::bigint[])
"""
# Bounded, or counting a long backlog would take the time to work it off.
DEPTH = """
    SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_s
    FROM (SELECT created_at FROM <outbox> WHERE published_at IS NULL ORDER BY id LIMIT 100000) AS unpublished
"""

_PRESENCE = 0
_FIRST_SHARD = 1


@dataclass(frozen=True, slots=True)
class Pending:
    """A row to be published."""

    id: int
    message: KafkaMessage

    @property
    def size_bytes(self) -> int:
        return len(self.message.value) + len(self.message.key) + 400


@dataclass(frozen=True, slots=True)
class Depth:
    """`oldest_s` is the age of the oldest unpublished row; 0 when there is none."""

    rows: int
    oldest_s: float


class ShardLocks:
    """The shards that this session holds: a fair share of all, as the number of relays says."""

    def __init__(self, connection: Any, table: Table, *, shards: int) -> None:
        self.held: set[int] = set()
        self._connection = connection
        self._shards = shards
        self._space = zlib.crc32(f"kawal.outbox.{table.schema}".encode()) & 0x7FFFFFFF

    async def join(self) -> None:
        """Let the other relays count us."""
        await self._connection.execute("SELECT pg_advisory_lock_shared($1, $2)", self._space, _PRESENCE)

    async def balance(self) -> None:
        """Take free shards up to the fair share, give back what is above it. Only between two rounds."""
        fair = math.ceil(self._shards / max(1, await self._relays()))
        for shard in sorted(self.held)[fair:]:
            await self._connection.execute("SELECT pg_advisory_unlock($1, $2)", self._space, _FIRST_SHARD + shard)
            self.held.remove(shard)
        for shard in sorted(set(range(self._shards)) - self.held):
            if len(self.held) >= fair:
                return
            if await self._try_lock(shard):
                self.held.add(shard)

    async def _try_lock(self, shard: int) -> bool:
        query = "SELECT pg_try_advisory_lock($1, $2)"
        return bool(await self._connection.fetchval(query, self._space, _FIRST_SHARD + shard))

    async def _relays(self) -> int:
        query = """
            SELECT count(DISTINCT pid) FROM pg_locks
            WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2::bigint::oid AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
        return int(await self._connection.fetchval(query, self._space, _PRESENCE))


class Queue:
    """The unpublished rows of a table."""

    def __init__(self, connection: Any, table: Table, *, shards: int) -> None:
        self._connection = connection
        self._shards = shards
        name = f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
        self._pending, self._mark, self._depth = (query.replace("<outbox>", name) for query in (PENDING, MARK, DEPTH))

    async def prepare(self) -> None:
        """Have the rows read in the order of the index, whatever the statistics say of a table that changes so fast.

        A plan that sorts reads the whole backlog for each round: with a million rows that never ends.
        """
        await self._connection.execute("SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off")

    async def pending(self, shards: set[int], *, limit: int) -> list[Pending]:
        """The oldest unpublished rows of `shards`. Never "id after the last one": ids are not committed in order."""
        rows = await self._connection.fetch(self._pending, self._shards, list(shards), limit)
        return [
            Pending(row[0], KafkaMessage(topic=row[1], key=row[2], value=row[3], headers=decoded(row[4])))
            for row in rows
        ]

    async def mark_published(self, ids: Sequence[int]) -> None:
        await self._connection.execute(self._mark, ids)

    async def depth(self) -> Depth:
        row = await self._connection.fetchrow(self._depth)
        return Depth(rows=row["rows"], oldest_s=row["oldest_s"])
