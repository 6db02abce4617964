"""Stamps: an entry's place in the stream of all timelines, see `stream`. They only ever grow.

A stamp is the id of a transaction, and the base that is added to it. Transaction ids belong to a cluster: restored from
a dump into another one, the timelines have stamps that its transactions will not reach for a long time, and whatever
follows the stream would see nothing new until then. So the base is raised then (`restamp`). It is a function in the
database, so that it is dumped with the stamps, and costs no look into a table.
"""

import asyncio
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import is_outage, rounds

_BASE = "core.stamp_base()"
MINE = f"(pg_current_xact_id()::text::bigint + {_BASE})"
"""In SQL: the stamp of what this transaction writes."""
SETTLED = f"(pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {_BASE})"
"""In SQL: nothing with a stamp below this can still appear. For whatever follows the stream."""
_NEXT = f"(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + {_BASE})"

CHECK_WITHIN_S = 2.0
CHECK_EVERY_S = 3_600.0
LOCK_WITHIN = "10s"

STAMPED = ("timeline", "search_place", "rule_place", "webhooks", "webhook_marks", "mention_marks")
"""Entries, and the places of whatever follows them. A case has the stamp of its last entry."""
_HIGHEST = f"SELECT greatest(0, {', '.join(f'(SELECT max(stamp) FROM core.{table})' for table in STAMPED)}) AS stamp"  # noqa: S608
_AHEAD = text(f"SELECT stamp FROM ({_HIGHEST}) AS highest WHERE stamp >= {_NEXT}")  # noqa: S608
_WANTED_BASE = text(f"""
    SELECT stamp + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM ({_HIGHEST}) AS highest
    WHERE stamp >= {_NEXT}
""")  # noqa: S608
_NOBODY_WRITES = text(f"LOCK TABLE {', '.join(f'core.{table}' for table in STAMPED)} IN SHARE ROW EXCLUSIVE MODE")


class StampsAhead(Exception):
    """The database was restored from a dump: live screens, search and webhooks would miss what comes."""

    def __init__(self, stamp: int) -> None:
        super().__init__(f"this database comes from another cluster (stamp {stamp}); run `kawal rebuild --restamp`")


async def check(engine: AsyncEngine) -> None:
    """Raises `StampsAhead`."""
    async with engine.connect() as connection:
        stamp = (await connection.execute(_AHEAD)).scalar_one_or_none()
    if stamp is not None:
        raise StampsAhead(stamp)


async def check_at_start(engine: AsyncEngine) -> None:
    """Before anything is written; but no start waits for a database that is away.

    Raises:
        StampsAhead
    """
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            await check(engine)
    except Exception as error:
        if not is_outage(error):
            raise


class StampWatch:
    """`run` is a task of the service: looks again when the database is there, and in case that it is replaced."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self) -> NoReturn:
        await rounds("stamps", self._round)

    async def _round(self) -> float:
        await check(self._engine)
        return CHECK_EVERY_S


async def restamp(engine: AsyncEngine) -> int | None:
    """Raise the base above all stamps; returns the new base, `None` when there was no need."""
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'"))
        await connection.execute(_NOBODY_WRITES)
        base = (await connection.execute(_WANTED_BASE)).scalar_one_or_none()
        if base is not None:
            await set_base(connection, base)
    return base


async def set_base(connection: AsyncConnection, base: int) -> None:
    """Stable rather than immutable: only what is inlined makes plans that notice the change."""
    created = f"CREATE OR REPLACE FUNCTION core.stamp_base() RETURNS bigint LANGUAGE sql STABLE RETURN {base}"
    await connection.execute(text(created))
