"""What stands in the tables, for tests."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def rows(engine: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def count(engine: AsyncEngine, table: str) -> int:
    return int((await rows(engine, f"SELECT count(*) FROM core.{table}"))[0][0])
