from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database as kawal_database
from kawal.database.retention import Retention
from web_factories import NOW, message
from webform_ingest.domain.intake import FORM_CLIENT_ID, Acceptance, Opened
from webform_ingest.store import accepted, transcript
from webform_ingest.store.old import DELETES

pytestmark = pytest.mark.integration

OVER, GOING_ON, UNNUMBERED = (f"web:{letter * 12}" for letter in "abc")


async def opened(engine: AsyncEngine, conversation_id: str, *, at: datetime) -> None:
    begun = Opened(reference=None, routing_key="p:1")
    form = Acceptance(conversation_id=conversation_id, client_id=FORM_CLIENT_ID, text="Halo", at=at, opened=begun)
    async with engine.begin() as connection:
        await accepted.insert(connection, [form])


async def told(engine: AsyncEngine, conversation_id: str, *moments: datetime) -> None:
    messages = [message(seq, conversation_id=conversation_id, at=at) for seq, at in enumerate(moments, start=1)]
    async with engine.begin() as connection:
        await transcript.insert(connection, messages)


async def left(engine: AsyncEngine, column: str, table: str) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.scalars(text(f"SELECT {column} FROM web.{table}")))


class TestDeletes:
    async def test_conversations_whose_last_word_is_old(self, database: Callable[..., str]) -> None:
        old, new = NOW - timedelta(days=800), NOW - timedelta(days=700)
        async with kawal_database.opened(database("webform-ingest")) as engine:
            for conversation_id in (OVER, GOING_ON, UNNUMBERED):
                await opened(engine, conversation_id, at=old)
            await told(engine, OVER, old, old)
            await told(engine, GOING_ON, old, new)
            await Retention(engine, keep=timedelta(days=730), deletes=DELETES, clock=lambda: NOW).delete_old()
            assert await left(engine, "conversation_id", "transcript") == {GOING_ON}
            assert await left(engine, "conversation_id", "accepted") == set()
            assert await left(engine, "id", "conversation") == {GOING_ON}
