"""The outbox table, and what its writers ask of it; what the relay asks is in `queue.py`."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Insert,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.contracts.envelope import Headers, KafkaMessage
from kawal.database import day_partitions
from kawal.database.tables import metadata as service_metadata

KEEP_DAYS = 8


def outbox_table(metadata: MetaData) -> Table:
    """`shard` is a hash of the key. `headers` is a JSON list of pairs, bytes written as Latin-1."""
    table = Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("day", Date, primary_key=True, server_default=text("((now() AT TIME ZONE 'UTC'))::date")),
        Column("shard", SmallInteger, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("headers", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("published_at", DateTime(timezone=True)),
        postgresql_partition_by="RANGE (day)",
    )
    Index("outbox_unpublished", table.c.id, postgresql_where=table.c.published_at.is_(None))
    return table


def create_outbox(op: Any, schema: str) -> None:
    """The migration that makes the table; `op` is `alembic.op`."""
    table = outbox_table(service_metadata(schema))
    table.create(op.get_bind())
    day_partitions.create_first(op.get_bind(), table)


async def append(connection: AsyncConnection, table: Table, messages: Sequence[KafkaMessage]) -> None:
    """Write `messages` within the caller's transaction, in their order. One statement.

    Ids are given when a row is written, not when it is committed. So whoever writes messages of one key holds a lock
    that belongs to this key from before this call until the commit, or is the only one who does (the consumer of its
    partition); then their ids are in the order of the commits.
    """
    if not messages:
        return
    values = {
        "topics": [message.topic for message in messages],
        "keys": [message.key for message in messages],
        "values": [message.value for message in messages],
        "headers": [encoded(message.headers) for message in messages],
        "shards": [shard_of(message.key) for message in messages],
    }
    await connection.execute(_append(table), values)


def shard_of(key: bytes) -> int:
    """Stable over processes and releases: rows of a key must stay in one shard."""
    return zlib.crc32(key) & 0x7FFF


@cache
def _append(table: Table) -> Insert:
    given = (
        func.unnest(
            bindparam("topics", type_=ARRAY(Text)),
            bindparam("keys", type_=ARRAY(LargeBinary)),
            bindparam("values", type_=ARRAY(LargeBinary)),
            bindparam("headers", type_=ARRAY(Text)),
            bindparam("shards", type_=ARRAY(SmallInteger)),
        )
        .table_valued("topic", "key", "value", "headers", "shard", with_ordinality="place")
        .render_derived()
    )
    names = ["topic", "key", "value", "headers", "shard"]
    rows = select(*(given.c[name] for name in names)).order_by(given.c.place)
    return insert(table).from_select(names, rows)


async def maintain(connection: AsyncConnection, table: Table, *, now: datetime, keep_days: int = KEEP_DAYS) -> None:
    """Make partitions ahead; drop those older than `keep_days` of which every row has been published."""
    await day_partitions.create_ahead(connection, table, now=now)
    oldest = day_partitions.day_of(now) - timedelta(days=keep_days)
    for day in await day_partitions.days_before(connection, table, day=oldest):
        unpublished = select(table.c.id).where(table.c.day == day, table.c.published_at.is_(None)).limit(1)
        if (await connection.execute(unpublished)).first() is None:
            await day_partitions.drop(connection, table, day=day)


def encoded(headers: Headers) -> str:
    return to_json([(name, value.decode("latin-1")) for name, value in headers]).decode()


def decoded(headers: str) -> Headers:
    return tuple([(name, value.encode("latin-1")) for name, value in from_json(headers)])
