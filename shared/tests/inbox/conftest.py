from collections.abc import AsyncIterator, Callable

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database.engines import opened
from kawal.database.tables import metadata
from kawal.inbox import create_inbox, inbox_table

SCHEMA = "inbox_test"


def _migrate(connection: Connection) -> None:
    create_inbox(Operations(MigrationContext.configure(connection)), SCHEMA)


@pytest.fixture
async def engine(database: Callable[..., str]) -> AsyncIterator[AsyncEngine]:
    async with opened(database()) as engine:
        async with engine.begin() as connection:
            await connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
            await connection.run_sync(_migrate)
        yield engine


@pytest.fixture
def inbox() -> Table:
    return inbox_table(metadata(SCHEMA))
