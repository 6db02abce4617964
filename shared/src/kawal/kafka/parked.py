"""`parked_key`: the keys whose records go to the dead letters until they are replayed. All its SQL is here."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.kafka.plan import Parked
from kawal.kafka.record import KeyId


def parked_keys_table(metadata: MetaData) -> Table:
    """Every service that consumes has one in its schema; the offsets are those of the dead-letter topic."""
    return Table(
        "parked_key",
        metadata,
        Column("consumer_group", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("key", LargeBinary, primary_key=True),
        Column("blocked_until", BigInteger, nullable=False),
        Column("last_letter", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


class ParkedKeys:
    """The parked keys of one group. Errors are SQLAlchemy's; the caller tells an outage from a bug."""

    def __init__(self, *, engine: AsyncEngine, table: Table, group: str) -> None:
        self._engine = engine
        self._table = table
        self._group = group

    async def load(self) -> dict[KeyId, Parked]:
        table = self._table
        query = select(table.c.topic, table.c.key, table.c.blocked_until, table.c.last_letter).where(
            table.c.consumer_group == self._group
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return {(row.topic, row.key): Parked(row.blocked_until, row.last_letter) for row in rows}

    async def parked_within(self, window: timedelta) -> int:
        """How many keys were parked in the last `window`, by the database's clock."""
        table = self._table
        query = (
            select(func.count())
            .select_from(table)
            .where(table.c.consumer_group == self._group, table.c.parked_at > func.now() - window)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def park(self, keys: Mapping[KeyId, Parked], *, reasons: Mapping[KeyId, str]) -> None:
        """Insert or overwrite `keys`; `reasons` has the keys that are parked anew."""
        if not keys:
            return
        rows = [self._row(key, keys[key], reason=reasons.get(key, "")) for key in sorted(keys)]
        statement = insert(self._table)
        changed = {
            "blocked_until": statement.excluded.blocked_until,
            "last_letter": statement.excluded.last_letter,
        }
        upsert = statement.on_conflict_do_update(index_elements=list(self._table.primary_key), set_=changed)
        async with self._engine.begin() as connection:
            await connection.execute(upsert, rows)

    def _row(self, key: KeyId, parked: Parked, *, reason: str) -> dict[str, str | bytes | int | datetime]:
        return {
            "consumer_group": self._group,
            "topic": key[0],
            "key": key[1],
            "blocked_until": parked.blocked_until,
            "last_letter": parked.last_letter,
            "reason": reason,
        }

    async def unpark(self, keys: Iterable[KeyId]) -> None:
        table = self._table
        statement = delete(table).where(
            table.c.consumer_group == self._group, tuple_(table.c.topic, table.c.key).in_(list(keys))
        )
        async with self._engine.begin() as connection:
            await connection.execute(statement)
