import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kawal.database import opened
from kawal.database.upkeep import Upkeep

pytestmark = pytest.mark.integration


class TestRun:
    async def test_goes_on_when_a_table_is_busy(self, database):
        refused = asyncio.Event()

        async def maintain(connection, _now):
            await connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            try:
                await connection.execute(text("LOCK TABLE busy"))
            except DBAPIError:
                refused.set()
                raise

        async with opened(database()) as engine, engine.connect() as holder:
            await holder.execute(text("CREATE TABLE IF NOT EXISTS busy (id int)"))
            await holder.commit()
            await holder.execute(text("LOCK TABLE busy"))
            running = asyncio.create_task(Upkeep(engine=engine, maintain=maintain).run())
            await asyncio.wait_for(refused.wait(), 10)
            ended, _ = await asyncio.wait({running}, timeout=0.3)
            running.cancel()
        assert not ended
