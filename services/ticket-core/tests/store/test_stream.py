import asyncio
from collections import defaultdict

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import CHAT, contact, identity, message
from kawal.contracts.words import Identity
from ticket_core.store.store import CaseStore
from ticket_core.store.stream import CaseStream, InvalidPlace, StreamPlace

pytestmark = pytest.mark.integration


async def read_all(stream: CaseStream, place: StreamPlace, *, limit: int = 7) -> list[StreamPlace]:
    seen: list[StreamPlace] = []
    while page := await stream.after(place, limit=limit):
        place = page[-1][0]
        seen += [one for one, _ in page]
    return seen


class TestAfter:
    async def test_everything_once_and_each_case_in_order(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Many writers of the same cases at once, a reader all the while: nothing is missed, nothing is out of turn."""
        stream = CaseStream(engine)
        place = await stream.now()
        seen: list[StreamPlace] = []
        done = asyncio.Event()

        async def reading(place: StreamPlace) -> None:
            while True:
                last = done.is_set()
                page = await stream.after(place, limit=7)
                place = page[-1][0] if page else place
                seen.extend(one for one, _ in page)
                if last and not page:
                    return

        async def writing(writer: int) -> None:
            for turn in range(15):
                people = [(writer + turn) % 3, (writer + turn + 1) % 3]
                await store.apply(
                    [
                        contact(message(conversation=f"chat:{writer:04d}{person:04d}", identities=(known(person),)))
                        for person in people
                    ]
                )

        def known(person: int) -> Identity:
            return identity(f"+62{person}")

        watching = asyncio.create_task(reading(place))
        await asyncio.gather(*(writing(writer) for writer in range(6)))
        done.set()
        await watching
        cases: defaultdict[str, list[int]] = defaultdict(list)
        for one in seen:
            cases[one.case_id].append(one.seq)
        assert len(cases) == 3
        assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in cases.values())
        async with engine.connect() as connection:
            assert len(seen) == (await connection.execute(text("SELECT count(*) FROM core.timeline"))).scalar_one()

    async def test_waits_for_older_transactions(self, store: CaseStore, engine: AsyncEngine) -> None:
        stream = CaseStream(engine)
        place = await stream.now()
        async with engine.begin() as older:
            await older.execute(text("SELECT pg_current_xact_id()"))
            await store.apply([contact()])
            assert await read_all(stream, place) == []
        assert [one.seq for one in await read_all(stream, place)] == [1, 2, 3]

    async def test_a_writer_that_began_early_and_wrote_late(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Its transaction id is lower than that of an entry before its own; in the stream it still comes later."""
        stream = CaseStream(engine)
        await store.apply([contact()])
        place = await stream.now()
        async with engine.begin() as holder:
            locked = "SELECT 1 FROM core.participants FOR UPDATE"
            await holder.execute(text(locked))
            early = asyncio.create_task(store.apply([contact(message("Pertama"))]))
            await _waiting(engine, 1)
            async with engine.begin() as newer:
                later_id = (await newer.execute(text("SELECT pg_current_xact_id()::text::bigint"))).scalar_one()
                await newer.execute(text("UPDATE core.cases SET stamp = :stamp"), {"stamp": later_id})
        await early
        (entry,) = await read_all(stream, place)
        assert entry.stamp == later_id


async def _waiting(engine: AsyncEngine, wanted: int) -> None:
    """Until so many sessions wait for a lock of this database."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                if (await connection.execute(query)).scalar_one() >= wanted:
                    return


class TestPlace:
    def test_survives_being_written(self) -> None:
        place = StreamPlace(12, "0198f2c0-0000-7000-8000-0000000000b1", 3)
        assert StreamPlace.parse(str(place)) == place

    @pytest.mark.parametrize("written", ["", "1.2", f"{2**63}.0198f2c0-0000-7000-8000-0000000000b1.1", CHAT])
    def test_anything_else(self, written: str) -> None:
        with pytest.raises(InvalidPlace):
            StreamPlace.parse(written)
