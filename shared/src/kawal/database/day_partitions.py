"""Tables partitioned by their `day` (UTC): created ahead, and dropped whole instead of deleted row by row.

https://www.postgresql.org/docs/18/ddl-partitioning.html. The partition of a day is `<table>_p<YYYYMMDD>`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

AHEAD_DAYS = 7
# Making or dropping a partition locks the whole table: rather try again later than let everybody wait behind us.
LOCK_WITHIN = "2s"

_PARTITIONS = text("""
    SELECT child.relname
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = to_regclass(:parent)
    ORDER BY child.relname
""")


def day_of(now: datetime) -> date:
    """The day of `now` (aware), as partitions count days."""
    return now.astimezone(UTC).date()


def create_first(connection: Connection, table: Table) -> None:
    """In a migration: the partitions around today, so that the table works at once."""
    today = day_of(datetime.now(UTC))
    for statement in _creations(table, _span(today - timedelta(days=1), today + timedelta(days=AHEAD_DAYS))):
        connection.execute(text(statement))


async def create_ahead(connection: AsyncConnection, table: Table, *, now: datetime) -> None:
    """Make the partitions of yesterday (for a clock that is late) until `AHEAD_DAYS` from now."""
    if not await _missing(connection, table, now=now):
        return
    await _lock(connection, table)
    for statement in _creations(table, await _missing(connection, table, now=now)):
        await connection.execute(text(statement))


async def _missing(connection: AsyncConnection, table: Table, *, now: datetime) -> list[date]:
    today = day_of(now)
    there = set(await partitions(connection, table))
    span = _span(today - timedelta(days=1), today + timedelta(days=AHEAD_DAYS))
    return [day for day in span if _name(table, day) not in there]


async def days_before(connection: AsyncConnection, table: Table, *, day: date) -> list[date]:
    """The days before `day` that still have a partition, oldest first."""
    days = [_day(name) for name in await partitions(connection, table)]
    return [one for one in days if one < day]


async def drop(connection: AsyncConnection, table: Table, *, day: date) -> None:
    await _lock(connection, table)
    await connection.execute(text(f"DROP TABLE IF EXISTS {_qualified(table, _name(table, day))}"))


async def partitions(connection: AsyncConnection, table: Table) -> list[str]:
    return list(await connection.scalars(_PARTITIONS, {"parent": _qualified(table, table.name)}))


async def _lock(connection: AsyncConnection, table: Table) -> None:
    """Until the end of the transaction: replicas do their housekeeping one after the other."""
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'"))
    name = f"kawal.partitions.{_qualified(table, table.name)}"
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _creations(table: Table, days: Iterable[date]) -> list[str]:
    return [
        f"CREATE TABLE IF NOT EXISTS {_qualified(table, _name(table, day))} "
        f"PARTITION OF {_qualified(table, table.name)} FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        for day in days
    ]


def _span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _name(table: Table, day: date) -> str:
    return f"{table.name}_p{day:%Y%m%d}"


def _day(name: str) -> date:
    return datetime.strptime(name.rpartition("_p")[2], "%Y%m%d").replace(tzinfo=UTC).date()


def _qualified(table: Table, name: str) -> str:
    return f'"{table.schema}"."{name}"' if table.schema else f'"{name}"'
