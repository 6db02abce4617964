from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message
from ticket_core.store import tables
from ticket_core.store.search_index import SearchIndex
from ticket_core.store.stamps import STAMPED, StampsAhead, check, restamp
from ticket_core.store.store import CaseStore
from ticket_core.store.stream import CaseStream, StreamPlace

pytestmark = pytest.mark.integration

Restore = Callable[[], Awaitable[None]]


async def found(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT who FROM core.case_search ORDER BY who")))


def chat(number: int, text: str = "Halo") -> object:
    return contact(message(text, conversation=f"chat:{number:08d}", name=f"Orang {number}"))


class TestStamped:
    def test_all_tables_that_have_stamps(self) -> None:
        stamped = {table.name for table in tables.metadata.tables.values() if "stamp" in table.c}
        assert stamped == {"cases", *STAMPED}


class TestCheck:
    async def test_empty(self, engine: AsyncEngine) -> None:
        await check(engine)

    async def test_after_writes(self, engine: AsyncEngine, store: CaseStore) -> None:
        await store.apply([chat(1), chat(2)])
        await SearchIndex(engine).catch_up()
        await check(engine)

    @pytest.mark.parametrize("table", ["timeline", "search_place"])
    async def test_restored_into_another_cluster(self, engine: AsyncEngine, store: CaseStore, table: str) -> None:
        await store.apply([chat(1)])
        await SearchIndex(engine).catch_up()
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE core.{table} SET stamp = stamp + 5000000000"))
        with pytest.raises(StampsAhead, match="kawal rebuild --restamp"):
            await check(engine)


class TestRestamp:
    async def test_nothing_to_do(self, engine: AsyncEngine, store: CaseStore) -> None:
        await store.apply([chat(1)])
        assert await restamp(engine) is None

    async def test_what_comes_is_seen_again(
        self, engine: AsyncEngine, store: CaseStore, in_another_cluster: Restore
    ) -> None:
        """By live screens that come back with the place they had, and by search; in an old case and in a new one."""
        await store.apply([chat(1)])
        await SearchIndex(engine).catch_up()
        stream = CaseStream(engine)
        place, _ = (await stream.after(StreamPlace(0, "0" * 32, 0), limit=100))[-1]
        await in_another_cluster()
        async with engine.connect() as connection:
            far = (await connection.execute(text("SELECT max(stamp) FROM core.timeline"))).scalar_one()
        place = place._replace(stamp=far)
        await store.apply([chat(1, "Lagi")])
        assert await stream.after(place, limit=100) == []

        assert await restamp(engine) is not None
        await check(engine)
        await store.apply([chat(1, "Dan lagi"), chat(2)])
        seen = [entry.text for _, entry in await stream.after(place, limit=100) if entry.text]
        assert seen == ["Lagi", "Dan lagi", "Halo"]
        await SearchIndex(engine).catch_up()
        assert await found(engine) == ["orang 1", "orang 2"]
        assert await restamp(engine) is None

    async def test_connections_that_were_open_notice(
        self, engine: AsyncEngine, store: CaseStore, in_another_cluster: Restore
    ) -> None:
        """Their statements are prepared; the base in them must not be the one of before."""
        for _ in range(20):
            await store.apply([chat(1)])
        await in_another_cluster()
        await restamp(engine)
        await store.apply([chat(2)])
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT min(stamp) FROM core.timeline"))).scalar_one() > 5_000_000_000

    async def test_twice_moved(self, engine: AsyncEngine, store: CaseStore, in_another_cluster: Restore) -> None:
        await store.apply([chat(1)])
        for _ in range(2):
            await in_another_cluster()
            assert await restamp(engine) is not None
            await store.apply([chat(2)])
            await check(engine)
