import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import NOW, contact, identity, message
from kawal import database as postgres
from kawal.database import is_outage
from kawal.errors import TransientError
from kawal.observability import metrics
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


_REFUSE = """
    CREATE FUNCTION core.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.who = '{who}' THEN RAISE SQLSTATE '54000'; END IF;
        RETURN NEW;
    END $$
"""
_BEFORE_EACH = "CREATE TRIGGER refuse BEFORE INSERT ON core.case_search FOR EACH ROW EXECUTE FUNCTION core.refuse()"


@pytest.fixture
async def refusing(engine: AsyncEngine) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Let the database refuse the document of whoever has this name, as it does one that is too large."""

    async def refuse(who: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(_REFUSE.format(who=who)))
            await connection.execute(text(_BEFORE_EACH))

    yield refuse
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION core.refuse CASCADE"))


@pytest.fixture
async def stalling(engine: AsyncEngine) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Let the document of whoever has this name take longer than anybody waits."""

    async def stall(who: str) -> None:
        refuse = _REFUSE.format(who=who).replace("RAISE SQLSTATE '54000'", "PERFORM pg_sleep(60)")
        async with engine.begin() as connection:
            await connection.execute(text(refuse))
            await connection.execute(text(_BEFORE_EACH))

    yield stall
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION core.refuse CASCADE"))


@asynccontextmanager
async def impatient(dsn: str) -> AsyncIterator[AsyncEngine]:
    """Connections that give a statement up after half a second."""
    hurried = postgres.engine(dsn, statement_timeout_s=0.5)
    try:
        yield hurried
    finally:
        await hurried.dispose()


class TestAdvance:
    async def test_nothing(self, engine: AsyncEngine) -> None:
        assert await SearchIndex(engine).advance() == 0

    async def test_every_entry_once(self, engine: AsyncEngine, store: CaseStore) -> None:
        await lines(store, cases=5, each=3)
        async with engine.connect() as connection:
            there = (await connection.execute(text("SELECT count(*) FROM core.timeline"))).scalar_one()
        index, read = SearchIndex(engine), 0
        while done := await index.advance(limit=4):
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
            assert await SearchIndex(engine).advance() == 0
        assert await SearchIndex(engine).advance() > 0

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

    async def test_words_that_take_the_most_room(self, engine: AsyncEngine, store: CaseStore) -> None:
        """Letters of four bytes, in words that are kept whole and in halves, with other stems in each language."""
        letters = random.Random(1)

        def half() -> str:
            return "".join(chr(letters.randrange(0x20000, 0x2A000)) for _ in range(100)) + "sses"

        for turn in range(12):
            said = " ".join(f"{half()}-{half()}" for _ in range(46))
            await store.apply([contact(message(said)), contact(message(f"akhirnya{turn}"))])
        await SearchIndex(engine).catch_up()
        ((_, words),) = (await documents(engine)).values()
        assert "akhirnya11" in words

    async def test_a_case_that_cannot_be_indexed(
        self, engine: AsyncEngine, store: CaseStore, refusing: Callable[[str], Awaitable[None]]
    ) -> None:
        """It is left out and counted; its neighbours are found, and indexing goes on."""
        await refusing("orang 1")
        await lines(store, cases=3)
        before = metrics.SEARCH_SKIPPED._value.get()
        index = SearchIndex(engine)
        await index.catch_up()
        assert sorted(who for who, _ in (await documents(engine)).values()) == ["orang 0", "orang 2"]
        assert metrics.SEARCH_SKIPPED._value.get() == before + 1
        assert await index.advance() == 0

    @pytest.mark.parametrize("slow", [0, 2])
    async def test_a_case_that_always_takes_too_long(
        self,
        dsn: str,
        store: CaseStore,
        engine: AsyncEngine,
        stalling: Callable[[str], Awaitable[None]],
        slow: int,
    ) -> None:
        """It is left out and counted as one that is refused; its neighbours are found, and indexing goes on."""
        await stalling(f"orang {slow}")
        await lines(store, cases=3)
        before = metrics.SEARCH_SKIPPED._value.get()
        async with impatient(dsn) as hurried:
            index = SearchIndex(hurried)
            await index.catch_up()
            assert sorted(who for who, _ in (await documents(engine)).values()) == [
                f"orang {n}" for n in range(3) if n != slow
            ]
            assert metrics.SEARCH_SKIPPED._value.get() == before + 1
            assert await index.advance() == 0

    async def test_one_that_does_when_nothing_else_is_new(
        self, dsn: str, store: CaseStore, engine: AsyncEngine, stalling: Callable[[str], Awaitable[None]]
    ) -> None:
        await lines(store, cases=1)
        await SearchIndex(engine).catch_up()
        await stalling("yang lambat")
        await store.apply([contact(message("halo", conversation="chat:slowly01", name="Yang Lambat"))])
        before = metrics.SEARCH_SKIPPED._value.get()
        async with impatient(dsn) as hurried:
            await SearchIndex(hurried).catch_up()
        assert metrics.SEARCH_SKIPPED._value.get() == before + 1

    async def test_a_database_in_which_everything_takes_too_long(
        self, dsn: str, store: CaseStore, engine: AsyncEngine
    ) -> None:
        """Nothing is left out: it is to be tried again."""
        await lines(store, cases=1)
        await SearchIndex(engine).catch_up()
        await lines(store, cases=3)
        before = metrics.SEARCH_SKIPPED._value.get()
        async with impatient(dsn) as hurried:
            async with engine.begin() as busy:
                await busy.execute(text("LOCK TABLE core.case_search IN EXCLUSIVE MODE"))
                with pytest.raises(DBAPIError) as stalled:
                    await SearchIndex(hurried).advance()
            assert is_outage(stalled.value)
            assert metrics.SEARCH_SKIPPED._value.get() == before
            await SearchIndex(hurried).catch_up()
        assert len(await documents(engine)) == 3

    async def test_the_only_case_there_is(
        self, dsn: str, store: CaseStore, stalling: Callable[[str], Awaitable[None]]
    ) -> None:
        """Whether it is the case or the database cannot be told, so it is to be tried again."""
        await stalling("orang 0")
        await lines(store, cases=1)
        async with impatient(dsn) as hurried:
            with pytest.raises(TransientError):
                await SearchIndex(hurried).advance()

    async def test_a_fault_that_is_of_no_case(self, engine: AsyncEngine, store: CaseStore) -> None:
        """Nothing is left out: it is to be tried again."""
        await lines(store, cases=2)
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE core.case_search RENAME TO elsewhere"))
        try:
            with pytest.raises(ProgrammingError):
                await SearchIndex(engine).advance()
        finally:
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE core.elsewhere RENAME TO case_search"))
        await SearchIndex(engine).catch_up()
        assert len(await documents(engine)) == 2


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
        assert await index.advance() == 0
        await store.apply([contact(message("sesudahnya", identities=(identity(),)))])
        assert await index.advance() > 0
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

    async def test_leaves_out_what_cannot_be_indexed(
        self, engine: AsyncEngine, store: CaseStore, refusing: Callable[[str], Awaitable[None]]
    ) -> None:
        await lines(store, cases=3)
        await refusing("orang 1")
        assert await SearchIndex(engine).rebuild() == 3
        assert sorted(who for who, _ in (await documents(engine)).values()) == ["orang 0", "orang 2"]


class TestIndexing:
    async def test_tells_how_far_behind_it_is_while_it_fails(self, engine: AsyncEngine, store: CaseStore) -> None:
        await lines(store, cases=1)
        indexing = Indexing(engine, clock=lambda: NOW + timedelta(hours=1))
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE core.case_search RENAME TO elsewhere"))
        try:
            with pytest.raises(ProgrammingError):
                await indexing.step()
        finally:
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE core.elsewhere RENAME TO case_search"))
        assert metrics.SEARCH_LAG_SECONDS._value.get() == 3_600
        assert not await indexing.step()
        assert metrics.SEARCH_LAG_SECONDS._value.get() == 0

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
