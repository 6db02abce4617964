"""What makes an incident, as `ticket_core.rising` would have found it."""

from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_RISE = text("""
    INSERT INTO core.topic_rises (id, topic, since, found_at, seen_at, people, per_hour, usual_per_hour, words)
    VALUES (:id, :topic, now(), now(), now(), 27, 31, 3.5, '{dashboard}')
""")
_OF_ALL = text("INSERT INTO core.topic_rise_cases SELECT CAST(:id AS uuid), id FROM core.cases")


async def risen(engine: AsyncEngine, topic: str) -> str:
    """A suggestion of all cases."""
    rise = str(uuid4())
    async with engine.begin() as connection:
        await connection.execute(_RISE, {"id": rise, "topic": topic})
        await connection.execute(_OF_ALL, {"id": rise})
    return rise
