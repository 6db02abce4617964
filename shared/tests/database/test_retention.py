from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from kawal.database import opened
from kawal.database.retention import AT_ONCE, Retention
from kawal.errors import TransientError

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FILL = text("""
    INSERT INTO old SELECT CAST(:now AS timestamptz) - interval '1 minute' * n
    FROM generate_series(1, CAST(:rows AS integer)) AS n
""")
DELETE = text("DELETE FROM old WHERE at IN (SELECT at FROM old WHERE at < :before ORDER BY at LIMIT :most)")


async def delete(connection, before, most):
    return (await connection.execute(DELETE, {"before": before, "most": most})).rowcount


class TestRetention:
    async def test_all_that_is_old_however_much_it_is(self, database: Callable[..., str]) -> None:
        async with opened(database()) as engine:
            async with engine.begin() as connection:
                await connection.execute(text("CREATE TABLE old (at timestamptz)"))
                await connection.execute(FILL, {"now": NOW, "rows": 3 * AT_ONCE})
            try:
                keep = timedelta(minutes=500)
                await Retention(engine, keep=keep, deletes={"old": delete}, clock=lambda: NOW).delete_old()
                async with engine.connect() as connection:
                    assert (await connection.execute(text("SELECT count(*) FROM old"))).scalar_one() == 500
            finally:
                async with engine.begin() as connection:
                    await connection.execute(text("DROP TABLE old"))

    async def test_a_schema_that_is_not_there_yet_ends_no_service(self, database: Callable[..., str]) -> None:
        async with opened(database()) as engine:
            with pytest.raises(TransientError):
                await Retention(engine, keep=timedelta(days=1), deletes={"old": delete})._round()
