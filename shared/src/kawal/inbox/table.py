"""All SQL of the inbox table. "inbox" is the consumer's dedupe table, nothing a person reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Column, Date, MetaData, Table, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from kawal.database import day_partitions
from kawal.database.tables import metadata as service_metadata

# More than the retention of the topics (7 days): no event can come again from the log after its row is gone.
KEEP_DAYS = 8


def inbox_table(metadata: MetaData) -> Table:
    """One row for each event that was applied, on the day on which it was."""
    return Table(
        "inbox",
        metadata,
        Column("source", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("day", Date, primary_key=True),
        postgresql_partition_by="RANGE (day)",
    )


def create_inbox(op: Any, schema: str) -> None:
    """The migration that makes the table; `op` is `alembic.op`."""
    table = inbox_table(service_metadata(schema))
    table.create(op.get_bind())
    day_partitions.create_first(op.get_bind(), table)


async def insert_new(
    connection: AsyncConnection, table: Table, *, events: Sequence[tuple[str, str]], now: datetime
) -> set[tuple[str, str]]:
    """Insert those of `events` (source, id) that were never applied; returns exactly these. One statement.

    An event that was applied on an earlier day, within the retention, is a duplicate too. Two transactions that
    insert the same event on one day wait for each other, and the second learns that it is a duplicate. Over midnight
    both would take it for new: who has two consumers of one event must hold a lock on what it is about.
    """
    if not events:
        return set()
    # Sorted: transactions with the same events take their locks in one order and cannot deadlock.
    ordered = sorted(set(events))
    today = day_partitions.day_of(now)
    values = {
        "sources": [source for source, _ in ordered],
        "ids": [event_id for _, event_id in ordered],
        "today": today,
        # A replica's clock may be a little ahead, and its row lies in tomorrow's partition.
        "latest": today + timedelta(days=1),
    }
    rows = await connection.execute(_insert_new(table), values)
    return {(row.source, row.id) for row in rows}


@cache
def _insert_new(table: Table) -> ReturningInsert[Any]:
    given = (
        func.unnest(bindparam("sources", type_=ARRAY(Text)), bindparam("ids", type_=ARRAY(Text)))
        .table_valued("source", "id")
        .render_derived()
    )
    applied = (
        select(table.c.id)
        .where(
            table.c.source == given.c.source,
            table.c.id == given.c.id,
            table.c.day <= bindparam("latest", type_=Date),
        )
        # Keeps the planner from a hash join, which reads whole days: one look into each day's index is what we want.
        .offset(literal_column("0"))
    )
    fresh = select(given.c.source, given.c.id, bindparam("today", type_=Date)).where(~applied.exists())
    return (
        insert(table)
        .from_select(["source", "id", "day"], fresh)
        .on_conflict_do_nothing()
        .returning(table.c.source, table.c.id)
    )


async def maintain(connection: AsyncConnection, table: Table, *, now: datetime, keep_days: int = KEEP_DAYS) -> None:
    """Make partitions ahead, drop those older than `keep_days`. At start, and at least once a day."""
    await day_partitions.create_ahead(connection, table, now=now)
    oldest = day_partitions.day_of(now) - timedelta(days=keep_days)
    for day in await day_partitions.days_before(connection, table, day=oldest):
        await day_partitions.drop(connection, table, day=day)
