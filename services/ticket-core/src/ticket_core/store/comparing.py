"""Tells a case that is slow from a database in which everything is: another case is tried.

What is learnt is only used where the first one took too long (`is_statement_timeout`).
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.errors import TransientError

SLOW_ATTEMPTS = 3
"""So often a case has to take too long, each time while another did not."""

# The latest case has the shortest timeline, most likely.
_ANOTHER = text("""
    SELECT id::text FROM core.cases WHERE id <> CAST(:case_id AS uuid) ORDER BY id DESC LIMIT 1
""")
# As whoever writes an entry does: this waits for whoever has one of the tables to himself.
_TABLES = text("LOCK TABLE core.cases, core.timeline, core.rule_firings, core.outbox IN ROW EXCLUSIVE MODE")
_TOUCH = text("""
    UPDATE core.cases SET stamp = stamp WHERE id = (
        SELECT id FROM core.cases WHERE id = CAST(:case_id AS uuid) FOR NO KEY UPDATE SKIP LOCKED
    )
""")


class OnlyOne(TransientError):
    """It cannot be told whether a case or the database is slow."""


async def another(connection: AsyncConnection, case_id: str) -> str:
    """The id of a case that is not `case_id`.

    Raises:
        OnlyOne: there is none.
    """
    found: str | None = (await connection.execute(_ANOTHER, {"case_id": case_id})).scalar_one_or_none()
    if found is None:
        raise OnlyOne("it takes too long, and there is no other case to compare it with")
    return found


async def write_to_another(engine: AsyncEngine, case_id: str) -> None:
    """Write to a case that is not `case_id`, and take it back.

    Raises:
        DBAPIError: that is not possible, or takes too long as well.
        OnlyOne: there is no other.
    """
    async with engine.connect() as connection, connection.begin() as transaction:
        other = await another(connection, case_id)
        await connection.execute(_TABLES)
        await connection.execute(_TOUCH, {"case_id": other})
        await transaction.rollback()
