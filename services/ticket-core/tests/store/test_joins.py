"""Two cases that are one, as agents say, on the real database."""

import asyncio
import contextlib
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, CHAT, contact, form, identity, message, number
from core_tables import rows
from kawal.errors import KawalError, TransientError
from ticket_core.domain.errors import (
    CaseClosed,
    CaseNotActive,
    CaseNotFound,
    CaseNotMerged,
    CasesMerged,
    DifferentPersons,
    SameCase,
)
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Input, MergeCases, MergePersons, Reply, Resolve, UndoMerge, UnmergePerson
from ticket_core.rebuild import differences
from ticket_core.store.queries import CaseQueries
from ticket_core.store.store import CaseStore, Outcome
from ticket_core.store.timeline import Timelines

pytestmark = pytest.mark.integration

INCENTIVE, TRAINING = "Insentif saya belum cair dari bulan lalu", "Sertifikat pelatihan belum terbit di akun saya"
FIRST, SECOND = number(1), number(2)
SITI = (identity(),)


async def assert_true(engine: AsyncEngine) -> None:
    """What is kept is what the timelines say."""
    assert [str(found) async for found in differences(engine)] == []


async def one(store: CaseStore, given: Input) -> Outcome:
    return (await store.apply([given]))[0]


async def done(store: CaseStore, given: Input) -> Applied:
    applied = await one(store, given)
    assert isinstance(applied, Applied)
    return applied


@pytest.fixture
async def two(store: CaseStore) -> None:
    """One person with two problems: a chat about the one, a form about the other."""
    await done(store, contact(message(INCENTIVE, identities=SITI, reference=FIRST)))
    await done(store, contact(form(("Masalah", TRAINING), identities=SITI, reference=SECOND)))


def merge(number_: str = FIRST, other: str = SECOND) -> MergeCases:
    return MergeCases(number=number_, other=other, agent=BUDI)


def undo(number_: str = FIRST, other: str = SECOND) -> UndoMerge:
    return UndoMerge(number=number_, other=other, agent=BUDI)


async def kept(engine: AsyncEngine) -> list[Any]:
    """All that is known, but for the length of timelines."""
    columns = "id, number, state, reason, resolved_at, close_at, waiting_since, activity_at, aliases, conversation_id"
    return [
        await rows(engine, f"SELECT {columns}, merged FROM core.cases ORDER BY id"),
        await rows(engine, "SELECT * FROM core.conversations ORDER BY id"),
        await rows(engine, "SELECT number, case_id FROM core.case_numbers ORDER BY number"),
        await rows(engine, "SELECT case_id, kind, due_at FROM core.timers ORDER BY case_id"),
    ]


@pytest.mark.usefixtures("two")
class TestMerge:
    async def test_the_number_still_answers(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, merge())
        case = await CaseQueries(engine).case(SECOND)
        assert (case.number, case.aliases) == (FIRST, [SECOND])
        assert [one.channel for one in case.conversations] == ["chat", "web"]
        assert (await done(store, Reply(number=SECOND, agent=BUDI, text="Baik"))).number == FIRST
        await assert_true(engine)

    async def test_its_entries_are_shown_in_the_survivor(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, merge())
        (absorbed,) = [item for item in (await Timelines(engine).page(FIRST)).items if item.kind == "absorbed"]
        assert [item.kind for item in absorbed.included] == ["opened", "form", "notice", "similar", "merged"]
        await done(store, undo())
        assert all(not item.included for item in (await Timelines(engine).page(FIRST)).items)

    async def test_its_conversations_go_on_in_the_survivor(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, merge())
        again = contact(message("Ada kabar?", conversation="web:cccccccc"))
        assert (await done(store, again)).number == FIRST
        await assert_true(engine)

    async def test_a_contact_that_comes_again_gives_its_number_to_the_survivor(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        said = contact(message("Lagi", conversation="web:cccccccc"))
        await done(store, said)
        await done(store, merge())
        twice = contact(message("Lagi", conversation="web:cccccccc", reference=number(9)), event_id=said.event_id)
        assert (await done(store, twice)).number == FIRST
        await assert_true(engine)

    async def test_refused(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, contact(message(INCENTIVE, conversation="chat:zzzzzzzz", reference=number(3))))
        refused: list[tuple[Input, type[KawalError]]] = [
            (merge(FIRST, FIRST), SameCase),
            (merge(FIRST, number(7)), CaseNotFound),
            (merge(FIRST, number(3)), DifferentPersons),
            (undo(), CaseNotMerged),
            (undo(FIRST, number(7)), CaseNotMerged),
        ]
        for command, error in refused:
            assert isinstance(await one(store, command), error)
        await done(store, Resolve(number=FIRST, agent=BUDI))
        assert isinstance(await one(store, merge()), CaseNotActive)
        await done(store, merge(SECOND, FIRST))
        assert isinstance(await one(store, merge(SECOND, FIRST)), SameCase)
        await assert_true(engine)


@pytest.mark.usefixtures("two")
class TestUndo:
    @pytest.mark.parametrize("resolved", [False, True])
    async def test_all_is_as_before(self, store: CaseStore, engine: AsyncEngine, *, resolved: bool) -> None:
        if resolved:
            await done(store, Resolve(number=SECOND, agent=BUDI))
        before = await kept(engine)
        await done(store, merge())
        assert await kept(engine) != before
        await assert_true(engine)
        await done(store, undo())
        assert await kept(engine) == before
        await assert_true(engine)

    async def test_of_a_chain_the_last_first(self, store: CaseStore, engine: AsyncEngine) -> None:
        third = contact(
            message(
                "Order TRX-8823177 belum masuk", conversation="voice:bbbbbbbb", identities=SITI, reference=number(3)
            )
        )
        await done(store, third)
        before = await kept(engine)
        await done(store, merge(SECOND, number(3)))
        await done(store, merge(FIRST, SECOND))
        await assert_true(engine)
        assert (await CaseQueries(engine).case(number(3))).number == FIRST
        assert isinstance(await one(store, undo(FIRST, number(3))), CaseNotMerged)
        await done(store, undo(FIRST, SECOND))
        await done(store, undo(SECOND, number(3)))
        assert await kept(engine) == before

    async def test_what_came_in_between_stays(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, merge())
        await done(store, contact(message("Ada kabar?", conversation="web:cccccccc")))
        await done(store, undo())
        where = await rows(
            engine, "SELECT number FROM core.timeline JOIN core.cases ON id = case_id WHERE text = 'Ada kabar?'"
        )
        assert where == [(FIRST,)]
        # Whoever spoke there goes on there; the other case is open as before.
        assert (await done(store, contact(message("Lagi", conversation="web:cccccccc")))).number == FIRST
        assert (await CaseQueries(engine).case(SECOND)).state == "new"
        await assert_true(engine)

    async def test_people_are_not_taken_apart_over_a_merged_case(self, store: CaseStore, engine: AsyncEngine) -> None:
        await done(store, contact(message(INCENTIVE, conversation="chat:zzzzzzzz", reference=number(3))))
        siti, other = (found[0] for found in await rows(engine, "SELECT id::text FROM core.participants ORDER BY id"))
        await store.apply([MergePersons(participant_id=siti, other_id=other, agent=BUDI)])
        await done(store, merge(FIRST, number(3)))
        apart = UnmergePerson(participant_id=other, agent=BUDI)
        assert isinstance(await one(store, apart), CasesMerged)
        await done(store, undo(FIRST, number(3)))
        assert not isinstance(await one(store, apart), KawalError)
        await assert_true(engine)


@pytest.mark.usefixtures("two")
class TestAtTheSameMoment:
    async def test_thirty_two_writers(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Whatever is merged meanwhile, an answer reaches a case that its number leads to, and nothing is lost."""
        outcomes: list[Outcome] = []

        async def apply(inputs: list[Input]) -> list[Outcome]:
            while True:  # where others are always first, nothing was written
                with contextlib.suppress(TransientError):
                    return await store.apply(inputs)

        async def talk(turn: int) -> None:
            both = (CHAT, "web:cccccccc") if turn % 2 else ("web:cccccccc", CHAT)
            await apply([contact(message(f"Pesan {turn}", conversation=conversation)) for conversation in both])

        async def regroup(turn: int) -> None:
            into, other = (FIRST, SECOND) if turn % 2 else (SECOND, FIRST)
            await apply([merge(into, other)])
            await apply([undo(into, other)])

        async def answer(turn: int) -> None:
            outcomes.extend(await apply([Reply(number=(FIRST, SECOND)[turn % 2], agent=BUDI, text=f"{turn}")]))

        for _ in range(3):
            await asyncio.gather(*(work(turn) for turn in range(11) for work in (talk, regroup, answer)))
        assert [one for one in outcomes if not isinstance(one, Applied | CaseClosed)] == []
        answered = sum(isinstance(one, Applied) for one in outcomes)
        said = await rows(
            engine, "SELECT author, count(*) FROM core.timeline WHERE kind = 'message' GROUP BY 1 ORDER BY 1"
        )
        assert said == [("agent", answered), ("participant", 1 + 66)]
        assert answered == 33
        await assert_true(engine)
