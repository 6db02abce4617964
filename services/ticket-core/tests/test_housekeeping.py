from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, number
from core_tables import count
from ticket_core.domain.inputs import Once, Reply
from ticket_core.housekeeping import KEYS_KEPT, Housekeeping
from ticket_core.store.agents import Agents
from ticket_core.store.sessions import LIFETIME, Sessions
from ticket_core.store.store import CaseStore, utc_now

pytestmark = pytest.mark.integration


class TestTidy:
    async def test_forgets_what_is_over(self, engine: AsyncEngine) -> None:
        agent_id = await Agents(engine).put(email="dewi@example.id", name="Dewi", password="a long password")
        old = Sessions(engine, clock=lambda: utc_now() - LIFETIME - timedelta(seconds=1))
        ended, running = await old.create(agent_id), await Sessions(engine).create(agent_id)
        sessions = Sessions(engine)
        assert await sessions.read(ended) is None
        await Housekeeping(engine, sessions=sessions).tidy()
        assert await count(engine, "agent_sessions") == 1
        assert await sessions.read(running) is not None

    async def test_forgets_old_keys(self, engine: AsyncEngine, store: CaseStore) -> None:
        async with engine.begin() as connection:
            row = {"asked_at": utc_now() - KEYS_KEPT - timedelta(minutes=1)}
            query = "INSERT INTO core.once (scope, key, fingerprint, asked_at) VALUES ('a', 'b', 'c', :asked_at)"
            await connection.execute(text(query), row)
        once = Once(scope=BUDI.id, key="key-0001", fingerprint="f")
        await store.apply([Reply(number=number(1), agent=BUDI, text="x", once=once)])
        await Housekeeping(engine, sessions=Sessions(engine)).tidy()
        assert await count(engine, "once") == 0
