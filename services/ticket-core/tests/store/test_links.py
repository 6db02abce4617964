"""Linked cases, on the real database."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, contact, form, identity, message, number
from core_tables import rows
from kawal.errors import KawalError
from ticket_core.domain.errors import AlreadyLinked, CyclicParents, HasParent
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import (
    Input,
    LinkCases,
    MergeCases,
    Resolve,
    TimerFired,
    TimerKind,
    UndoMerge,
    UnlinkCases,
)
from ticket_core.domain.kinds import Relation
from ticket_core.rebuild import differences
from ticket_core.store import links
from ticket_core.store.queries import CaseQueries
from ticket_core.store.store import CaseStore, Outcome, utc_now
from ticket_core.store.timeline import Timelines

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)
OTHERS = [number(index) for index in range(3, 11)]
SITI = (identity(),)


async def one(store: CaseStore, given: Input) -> Outcome:
    return (await store.apply([given]))[0]


async def done(store: CaseStore, *inputs: Input) -> None:
    for given in inputs:
        assert isinstance(await one(store, given), Applied)


async def assert_true(engine: AsyncEngine) -> None:
    """What is kept is what the timelines say."""
    assert [str(found) async for found in differences(engine)] == []


@pytest.fixture(autouse=True)
async def cases(store: CaseStore) -> None:
    """Two cases of one person, and one of each of eight others."""
    await done(
        store,
        contact(message("Insentif saya belum cair dari bulan lalu", identities=SITI, reference=FIRST)),
        contact(form(("Masalah", "Sertifikat pelatihan belum terbit"), identities=SITI, reference=SECOND)),
        *(contact(message(conversation=f"chat:{other}", reference=other)) for other in OTHERS),
    )


def link(here: str, there: str, relation: Relation = Relation.PARENT) -> LinkCases:
    return LinkCases(number=here, other=there, relation=relation, agent=BUDI, reason="Satu penyebab")


def unlink(here: str, there: str) -> UnlinkCases:
    return UnlinkCases(number=here, other=there, agent=BUDI)


def merge(into: str = FIRST, other: str = SECOND) -> MergeCases:
    return MergeCases(number=into, other=other, agent=BUDI)


async def shown(engine: AsyncEngine, of: str) -> list[tuple[str, str]]:
    return [(link.relation, link.number) for link in (await CaseQueries(engine).case(of)).links]


class TestLinks:
    async def test_are_shown_at_both_and_taken_away_from_both(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, link(FIRST, OTHERS[0]), link(FIRST, OTHERS[1], Relation.RELATED))
        assert await shown(engine, FIRST) == [("parent", OTHERS[0]), ("related", OTHERS[1])]
        assert await shown(engine, OTHERS[0]) == [("child", FIRST)]
        told = (await Timelines(engine).page(OTHERS[0])).items[-1]
        assert (told.kind, told.author_name, told.payload["reason"]) == ("linked", "Budi", "Satu penyebab")
        await assert_true(engine)
        await done(store, unlink(OTHERS[0], FIRST))
        assert (await shown(engine, FIRST), await shown(engine, OTHERS[0])) == ([("related", OTHERS[1])], [])
        await assert_true(engine)

    async def test_a_follow_up_is_shown_at_both(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, Resolve(number=SECOND, agent=BUDI))
        ((case_id, due_at),) = await rows(engine, "SELECT case_id::text, due_at FROM core.timers")
        late = CaseStore(engine, numbers=store._numbers, clock=lambda: due_at)
        await done(late, TimerFired(case_id, TimerKind.CLOSE, utc_now()))
        again = "Sertifikat pelatihan belum terbit juga"
        await done(store, contact(message(again, conversation="web:cccccccc", reference=number(11))))
        assert await shown(engine, number(11)) == [("predecessor", SECOND)]
        assert await shown(engine, SECOND) == [("follow_up", number(11))]
        await done(store, unlink(SECOND, number(11)))
        assert (await shown(engine, SECOND), await shown(engine, number(11))) == ([], [])
        await assert_true(engine)

    async def test_of_a_merged_case_are_the_survivors(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, link(SECOND, OTHERS[0]), merge())
        assert await shown(engine, FIRST) == [("parent", OTHERS[0])]
        assert await shown(engine, OTHERS[0]) == [("child", FIRST)]
        for refused, error in [
            (link(FIRST, OTHERS[1]), HasParent),
            (link(OTHERS[0], SECOND), AlreadyLinked),
        ]:
            assert isinstance(await one(store, refused), error)
        await done(store, UndoMerge(number=FIRST, other=SECOND, agent=BUDI))
        assert (await shown(engine, FIRST), await shown(engine, SECOND)) == ([], [("parent", OTHERS[0])])
        await done(store, merge(), unlink(FIRST, OTHERS[0]))
        assert await shown(engine, OTHERS[0]) == []
        await assert_true(engine)

    async def test_no_case_is_above_itself(self, store: CaseStore, engine: AsyncEngine) -> None:
        """However many people are between the two, whatever is part of what."""
        chain = [SECOND, *OTHERS[:5]]
        await done(store, *(link(here, there) for here, there in pairwise(chain)), merge())
        assert isinstance(await one(store, link(chain[-1], FIRST)), CyclicParents)
        await done(store, UndoMerge(number=FIRST, other=SECOND, agent=BUDI), link(chain[-1], FIRST))
        assert isinstance(await one(store, merge()), CyclicParents)
        assert isinstance(await one(store, merge(SECOND, FIRST)), CyclicParents)
        await assert_true(engine)

    async def test_are_looked_up_one_by_one(self, engine: AsyncEngine) -> None:
        """The planner cannot know how few there are, and would read all cases."""
        explain = text(f"EXPLAIN (FORMAT JSON) {links._LINKS.text}")
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            nobody = {"case_id": str(UUID(int=0)), "participant_id": str(UUID(int=0))}
            plan = (await connection.execute(explain, nobody)).scalar_one()[0]["Plan"]
        (met,) = [node for node in nodes(plan) if node.get("Subplan Name") == "CTE met"]
        scans = [node for node in nodes(met) if node.get("Index Name") == "cases_pkey"]
        assert ["Index Cond" in node for node in scans] == [True, True]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


class TestAtTheSameMoment:
    async def test_no_case_comes_above_itself(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Eight people's cases are put above one another in a ring: the last link of it is refused."""
        for turn in range(3):
            ring = [link(here, OTHERS[(place + 1) % 8]) for place, here in enumerate(OTHERS)]
            outcomes = await asyncio.gather(*(one(store, given) for given in [*ring[turn:], *ring[:turn]]))
            assert [type(told) for told in outcomes if isinstance(told, KawalError)] == [CyclicParents]
            kept = [
                given
                for given, told in zip([*ring[turn:], *ring[:turn]], outcomes, strict=True)
                if isinstance(told, Applied)
            ]
            await assert_true(engine)
            await asyncio.gather(*(done(store, unlink(given.number, given.other)) for given in kept))
        assert await rows(engine, "SELECT count(*) FROM core.cases WHERE ties IS NOT NULL") == [(0,)]

    async def test_two_agents_link_the_same(self, store: CaseStore, engine: AsyncEngine) -> None:
        given = (link(FIRST, OTHERS[0]), link(OTHERS[0], FIRST, Relation.RELATED)) * 4
        outcomes = await asyncio.gather(*(one(store, each) for each in given))
        assert sum(isinstance(told, Applied) for told in outcomes) == 1
        assert sum(isinstance(told, AlreadyLinked) for told in outcomes) == 7
        await assert_true(engine)

    async def test_what_is_merged_meanwhile_is_the_one_that_is_meant(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        async def regroup() -> None:
            for _ in range(8):
                await one(store, merge())
                await one(store, UndoMerge(number=FIRST, other=SECOND, agent=BUDI))

        async def relink(other: str) -> None:
            for _ in range(8):
                await one(store, link(other, SECOND))
                await one(store, unlink(SECOND, other))

        await asyncio.gather(regroup(), *(relink(other) for other in OTHERS[:4]))
        await assert_true(engine)
        # Each link stands in both cases.
        assert await rows(
            engine,
            """
            SELECT count(*) FROM core.cases AS one CROSS JOIN LATERAL jsonb_array_elements(one.ties -> 'links') AS link
            WHERE NOT EXISTS (SELECT FROM core.cases AS other WHERE other.id = CAST(link ->> 1 AS uuid)
                              AND other.ties::text LIKE '%' || one.id || '%')
        """,
        ) == [(0,)]
