"""A migrated database for whatever a test stores."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database as databases


@pytest.fixture
async def engine(database: Callable[..., str]) -> AsyncIterator[AsyncEngine]:
    async with databases.opened(database("notifier")) as engine:
        yield engine
