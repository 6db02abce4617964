from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from kawal import database as databases
from kawal.database.retention import Retention
from voice_factories import NOW
from voice_ingest.store.calls import forget

pytestmark = pytest.mark.integration

CALL = text("""
    INSERT INTO voice.call (delivery_id, conversation_id, case_id, case_number, case_seq, locale, to_number, text,
                            state, outcome, due_at, created_at)
    VALUES (:id, 'voice:c', 'case', '1234567893', 1, 'id', '+62811', '', :state, :outcome, :at, :at)
""")


class TestForget:
    async def test_only_calls_that_are_over_and_old(self, database: Callable[..., str]) -> None:
        old, new = NOW - timedelta(days=800), NOW - timedelta(days=700)
        calls = [
            {"id": "over", "state": "done", "outcome": "delivered", "at": old},
            {"id": "waiting", "state": "queued", "outcome": None, "at": old},
            {"id": "new", "state": "done", "outcome": "delivered", "at": new},
        ]
        async with databases.opened(database("voice-ingest")) as engine:
            async with engine.begin() as connection:
                await connection.execute(CALL, calls)
            deletes = {"voice.call": forget}
            await Retention(engine, keep=timedelta(days=730), deletes=deletes, clock=lambda: NOW).delete_old()
            async with engine.connect() as connection:
                left = set(await connection.scalars(text("SELECT delivery_id FROM voice.call")))
        assert left == {"waiting", "new"}
