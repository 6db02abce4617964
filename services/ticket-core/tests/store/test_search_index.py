import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, identity, message
from ticket_core.indexing import Indexing
from ticket_core.store.search_index import SearchIndex
from ticket_core.store.store import CaseStore

pytestmark = pytest.mark.integration


async def documents(engine: AsyncEngine) -> dict[str, tuple[str, str]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT case_id::text, who, words::text FROM core.case_search"))
        return {case_id: (who, words) for case_id, who, words in rows}


async def lines(store: CaseStore, *, cases: int, each: int = 1) -> None:
    for turn in range(each):
        await store.apply(
            [
                contact(message(f"baris {turn}", conversation=f"chat:{case:08d}", name=f"Orang {case}"))
                for case in range(cases)
            ]
        )


class TestAdvance:
    async def test_nothing(self, engine: AsyncEngine) -> None:
        assert (await SearchIndex(engine).advance()).entries == 0

    async def test_every_entry_once(self, engine: AsyncEngine, store: CaseStore) -> None:
        await lines(store, cases=5, each=3)
        async with engine.connect() as connection:
            there = (await connection.execute(text("SELECT count(*) FROM core.timeline"))).scalar_one()
        index, read = SearchIndex(engine), 0
        while done := (await index.advance(limit=4)).entries:
            read += done
        assert read == there
        assert len(await documents(engine)) == 5

    async def test_several_replicas_beside_writers(self, engine: AsyncEngine, store: CaseStore) -> None:
        """Whatever is committed while the index moves on is in it afterwards."""
        written = asyncio.Event()

        async def follow() -> None:
            index = SearchIndex(engine)
            while not written.is_set():
                await index.advance(limit=5)

        followers = [asyncio.create_task(follow()) for _ in range(3)]
        await asyncio.gather(*(lines(store, cases=6, each=3) for _ in range(3)))
        written.set()
        await asyncio.gather(*followers)
        await SearchIndex(engine).catch_up()
        followed = await documents(engine)
        assert len(followed) == 6
        await SearchIndex(engine).rebuild()
        assert await documents(engine) == followed

    async def test_a_transaction_that_is_still_open(self, engine: AsyncEngine, store: CaseStore) -> None:
        """What could still get something before it is left for later."""
        async with engine.connect() as other, other.begin():
            await other.execute(text("SELECT pg_current_xact_id()"))
            await lines(store, cases=1)
            assert (await SearchIndex(engine).advance()).entries == 0
        assert (await SearchIndex(engine).advance()).entries > 0

    async def test_a_case_that_is_very_long(self, engine: AsyncEngine, store: CaseStore) -> None:
        """The latest that was said is found, and indexing goes on."""
        word = "\U0001f600x"
        for turn in range(15):
            said = " ".join(f"{word}{turn}a{place}" for place in range(900))
            await store.apply([contact(message(said)), contact(message(f"akhirnya{turn}"))])
        await SearchIndex(engine).catch_up()
        ((_, words),) = (await documents(engine)).values()
        assert "akhirnya14" in words
        assert "akhirnya0'" not in words


class TestRebuild:
    async def test_makes_what_was_lost_and_goes_on_from_there(self, engine: AsyncEngine, store: CaseStore) -> None:
        await lines(store, cases=3)
        index = SearchIndex(engine)
        await index.catch_up()
        before = await documents(engine)
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM core.case_search"))
            await connection.execute(text("DELETE FROM core.search_place"))
        assert await index.rebuild() == 3
        assert await documents(engine) == before
        assert (await index.advance()).entries == 0
        await store.apply([contact(message("sesudahnya", identities=(identity(),)))])
        assert (await index.advance()).entries > 0
        assert len(await documents(engine)) == 4

    async def test_mends_what_is_wrong(self, engine: AsyncEngine, store: CaseStore) -> None:
        await lines(store, cases=2)
        index = SearchIndex(engine)
        await index.catch_up()
        before = await documents(engine)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE core.case_search SET who = 'x', words = ''"))
        await index.rebuild()
        assert await documents(engine) == before


class TestIndexing:
    async def test_says_whether_there_may_be_more(
        self, engine: AsyncEngine, store: CaseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await lines(store, cases=2)
        indexing = Indexing(engine)
        monkeypatch.setattr("ticket_core.indexing.AT_ONCE", 4)
        monkeypatch.setattr(SearchIndex.advance, "__kwdefaults__", {"limit": 4})
        assert await indexing.step()
        while await indexing.step():
            pass
        assert len(await documents(engine)) == 2
