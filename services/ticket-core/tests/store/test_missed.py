"""Who claims the same at the same moment is suggested a little later, and nobody waits for anybody."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, claimed, contact, form, identity, message
from core_tables import count, rows
from kawal.contracts.words import IdentityKind
from ticket_core.domain.inputs import DismissSuggestion
from ticket_core.store.missed import LOOK_BACK, suggest_missed
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.people import People
from ticket_core.store.store import CaseStore, utc_now

pytestmark = pytest.mark.integration


async def look(engine: AsyncEngine, *, later: timedelta = timedelta(0)) -> int:
    async with engine.begin() as connection:
        return await suggest_missed(connection, utc_now() + later)


class TestMissedSuggestions:
    async def test_who_was_missed_is_suggested_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(message(identities=(claimed(),)))])
        await store.apply([contact(form(identities=(claimed(),)))])
        await _forget_suggestions(engine)
        assert (await look(engine), await look(engine)) == (1, 0)
        assert await rows(engine, "SELECT assurance FROM core.suggestions") == [("claimed",)]

    async def test_the_owner_is_found_too(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(form(identities=(claimed(),)))])
        await store.apply([contact(message(identities=(identity(),)))])
        await _forget_suggestions(engine)
        assert await look(engine) == 1

    async def test_what_was_dismissed_stays_dismissed(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(message(identities=(claimed(),)))])
        await store.apply([contact(form(identities=(claimed(),)))])
        ((one, other),) = await rows(engine, "SELECT participant_id::text, other_id::text FROM core.suggestions")
        await store.apply([DismissSuggestion(participant_id=one, other_id=other, agent=BUDI)])
        await _forget_suggestions(engine)
        assert await look(engine) == 1
        assert (await People(engine).participant(one)).suggestions == []

    async def test_long_ago_is_not_looked_at(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(message(identities=(claimed(),)))])
        await store.apply([contact(form(identities=(claimed(),)))])
        await _forget_suggestions(engine)
        assert await look(engine, later=2 * LOOK_BACK) == 0

    async def test_who_claims_does_not_wait_for_who_proves(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        """Somebody is about to prove a number, and stays at it, while another claims it."""
        store = CaseStore(engine, numbers=numbers)
        await store.apply([contact(message(identities=(claimed(),)))])
        async with engine.begin() as held:
            await held.execute(text("SELECT * FROM core.identities WHERE kind = 'phone' FOR NO KEY UPDATE"))
            async with asyncio.timeout(20):
                await store.apply([contact(form(identities=(claimed(),)))])
        assert await count(engine, "suggestions") == 1


class TestOrderOfLocks:
    async def test_suggestions_are_written_in_one_order(self, store: CaseStore, engine: AsyncEngine) -> None:
        """In whatever order people come: else two who suggest the same pairs could wait in a circle."""
        address = claimed("siti@example.org", kind=IdentityKind.EMAIL)
        await store.apply([contact(message(identities=(claimed(),), conversation="chat:00000001"))])
        await store.apply([contact(message(identities=(address,), conversation="chat:00000002"))])
        await store.apply(
            [
                contact(message(identities=(address,), conversation="chat:00000003")),
                contact(message(identities=(claimed(),), conversation="chat:00000004")),
            ]
        )
        by_save = await _as_written(engine)
        await _forget_suggestions(engine)
        await look(engine)
        assert [len(by_save), by_save, await _as_written(engine)] == [2, sorted(by_save), sorted(by_save)]


async def _as_written(engine: AsyncEngine) -> list[tuple[object, ...]]:
    return await rows(engine, "SELECT participant_id::text, other_id::text FROM core.suggestions ORDER BY ctid")


async def _forget_suggestions(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM core.suggestions"))
