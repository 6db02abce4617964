from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import event

from kawal import database as kawal_database
from webform_ingest.domain.proofs import SignIn, SignInLink
from webform_ingest.store.used_links import StoredUsedLinks

pytestmark = pytest.mark.integration
LATER = datetime.now(UTC) + timedelta(minutes=30)


def link(email: str = "siti@example.com", *, expires_at: datetime = LATER) -> SignInLink:
    return SignInLink(SignIn(email=email, back_to="/"), expires_at=expires_at)


@pytest.fixture
async def used(database: Callable[..., str]) -> AsyncIterator[StoredUsedLinks]:
    async with kawal_database.opened(database("webform-ingest")) as engine:
        yield StoredUsedLinks(engine)


class TestUse:
    async def test_once(self, used: StoredUsedLinks) -> None:
        assert [await used.use(link()) for _ in range(2)] == [True, False]

    async def test_a_later_one_works_and_ends_the_earlier(self, used: StoredUsedLinks) -> None:
        assert await used.use(link(expires_at=LATER + timedelta(minutes=1)))
        assert not await used.use(link())
        assert await used.use(link(expires_at=LATER + timedelta(minutes=2)))

    async def test_each_address_for_itself(self, used: StoredUsedLinks) -> None:
        assert await used.use(link())
        assert await used.use(link("budi@example.com"))

    async def test_connection_breaks(self, database: Callable[..., str]) -> None:
        async with kawal_database.opened(database("webform-ingest")) as engine:

            @event.listens_for(engine.sync_engine, "before_cursor_execute")
            def torn(*_: object) -> None:
                raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

            assert await StoredUsedLinks(engine).use(link())

    async def test_database_away(self) -> None:
        async with kawal_database.opened("postgresql://nobody@127.0.0.1:9/none") as engine:
            assert await StoredUsedLinks(engine).use(link())
