"""Cases that are split, on the real database."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, CHAT, DEWI, contact, form, identity, message, number, report
from core_tables import rows
from kawal.contracts.case_events import CaseChanged, case_event_adapter
from kawal.errors import KawalError
from ticket_core.domain.errors import EntryMoved, NotSplit, SplitUndoneAlready
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import (
    GoesOn,
    Input,
    LinkCases,
    MergeCases,
    Reply,
    SplitCase,
    UndoMerge,
    UndoSplit,
    UnlinkCases,
)
from ticket_core.domain.kinds import Relation
from ticket_core.rebuild import differences
from ticket_core.store.queries import CaseQueries
from ticket_core.store.store import CaseStore, Outcome
from ticket_core.store.timeline import Timelines
from ticket_core.store.views import TimelineItem

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)
SITI = (identity(),)
INCENTIVE, TRAINING = "Insentif saya belum cair dari bulan lalu", "Sertifikat pelatihan belum terbit di akun saya"
OTHER_ASKED, OTHER_ANSWERED = 5, 6


async def one(store: CaseStore, given: Input) -> Outcome:
    return (await store.apply([given]))[0]


async def done(store: CaseStore, given: Input) -> Applied:
    applied = await one(store, given)
    assert isinstance(applied, Applied), applied
    return applied


async def assert_true(engine: AsyncEngine) -> None:
    """What is kept is what the timelines say."""
    assert [str(found) async for found in differences(engine)] == []


def split(*entries: int, at: str = FIRST, agent: Any = BUDI, **changes: Any) -> SplitCase:
    return SplitCase(number=at, entries=entries, agent=agent, reason="Dua kendala", **changes)


def undo(number_: str) -> UndoSplit:
    return UndoSplit(number=number_, agent=BUDI, reason="Satu kendala")


def reply(text: str, at: str = FIRST) -> Reply:
    return Reply(number=at, agent=BUDI, text=text)


@pytest.fixture(autouse=True)
async def case(store: CaseStore) -> Applied:
    """One chat about two problems, each with an answer."""
    opened = await done(store, contact(message(INCENTIVE, identities=SITI, reference=FIRST)))
    await done(store, reply("Kami periksa"))
    await done(store, contact(message(TRAINING)))
    await done(store, reply("Segera terbit"))
    return opened


async def shown(engine: AsyncEngine, of: str) -> list[TimelineItem]:
    return (await Timelines(engine).page(of)).items


async def kept(engine: AsyncEngine, *, but: str) -> list[Any]:
    """All that is known, but for the case `but` and the length of timelines."""
    state = "id, number, state, reason, resolved_at, close_at, waiting_since, activity_at, conversation_id, ties"
    words = "subject, snippet, gist, heard, channels, last_kind"
    return [
        await rows(engine, f"SELECT {state}, {words} FROM core.cases WHERE number <> '{but}' ORDER BY id"),
        await rows(engine, "SELECT * FROM core.conversations ORDER BY id"),
        await rows(engine, f"SELECT number, case_id FROM core.case_numbers WHERE number <> '{but}' ORDER BY number"),
        await rows(engine, "SELECT case_id, kind, due_at FROM core.timers ORDER BY case_id"),
    ]


class TestSplit:
    async def test_each_entry_is_shown_where_it_belongs(
        self, store: CaseStore, engine: AsyncEngine, case: Applied
    ) -> None:
        await one(store, report(case.case_id, OTHER_ANSWERED))
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        assert (await CaseQueries(engine).case(new.number)).subject == TRAINING
        there = await shown(engine, new.number)
        assert [(item.kind, item.text) for item in there] == [
            ("opened", ""),
            ("message", TRAINING),
            ("message", "Segera terbit"),
            ("split_off", ""),
        ]
        assert there[1].payload["of"] == {"case_id": case.case_id, "seq": OTHER_ASKED}
        assert there[2].delivery == {"chat": "delivered"}
        here = await shown(engine, FIRST)
        assert {item.seq for item in here if item.moved_to == new.number} == {OTHER_ASKED, OTHER_ANSWERED}
        assert [item.kind for item in here if item.author == "agent"][-1] == "entries_moved"
        await assert_true(engine)

    async def test_a_copy_that_does_not_say_of_what_is_shown_all_the_same(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        """One entry that is not as expected hides no timeline."""
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        async with engine.begin() as connection:
            forgotten = "UPDATE core.timeline SET payload = '{}' WHERE author = 'agent' AND payload ? 'of'"
            await connection.execute(text(forgotten))
        there = await shown(engine, new.number)
        assert (there[2].text, there[2].delivery) == ("Segera terbit", {})

    async def test_the_two_are_shown_to_be_of_one_origin(self, store: CaseStore, engine: AsyncEngine) -> None:
        new = await done(store, split(OTHER_ASKED))
        for of, relation, other in ((FIRST, "split_off", new.number), (new.number, "split_from", FIRST)):
            assert [(link.relation, link.number) for link in (await CaseQueries(engine).case(of)).links] == [
                (relation, other)
            ]
        await done(store, undo(new.number))
        assert (await CaseQueries(engine).case(FIRST)).links == []

    async def test_the_conversation_goes_on_there_and_can_be_answered_there(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        assert [one.id for one in (await CaseQueries(engine).case(new.number)).conversations] == [CHAT]
        await done(store, reply("Sudah terbit", at=new.number))
        assert (await done(store, contact(message("Terima kasih")))).number == new.number
        seqs = await rows(
            engine, "SELECT conversation_seq FROM core.timeline WHERE conversation_seq IS NOT NULL ORDER BY 1"
        )
        assert [seq for (seq,) in seqs] == list(range(1, len(seqs) + 1))
        await assert_true(engine)

    async def test_nobody_is_told_again(self, store: CaseStore, engine: AsyncEngine) -> None:
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        told = await rows(engine, f"SELECT value FROM core.outbox WHERE value LIKE '%{new.case_id}%' ORDER BY id")
        events = [case_event_adapter.validate_json(value) for (value,) in told]
        assert [type(event) for event in events] == [CaseChanged] * 4

    async def test_a_conversation_goes_on_in_a_case_that_is_not_among_the_latest(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        """However many cases its participant has."""
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        for index in range(3, 28):
            text = f"Order TRX-88{index:02}177 belum masuk"
            await done(store, contact(message(text, conversation=f"web:order{index:03}", identities=SITI)))
        assert (await done(store, contact(message("Ada kabar?")))).number == new.number
        await assert_true(engine)


class TestUndo:
    async def test_all_is_as_before(self, store: CaseStore, engine: AsyncEngine) -> None:
        before = await kept(engine, but="")
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        assert await kept(engine, but=new.number) != before
        undone = await done(store, undo(new.number))
        assert (undone.number, undone.seq) == (FIRST, 8)
        assert await kept(engine, but=new.number) == before
        assert (await CaseQueries(engine).case(new.number)).number == FIRST
        assert all(item.moved_to is None for item in await shown(engine, FIRST))
        await assert_true(engine)
        assert isinstance(await one(store, undo(new.number)), NotSplit)
        again = UndoMerge(number=FIRST, other=new.number, agent=BUDI)
        assert isinstance(await one(store, again), SplitUndoneAlready)

    async def test_what_came_in_between_is_shown_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        new = await done(store, split(OTHER_ASKED, OTHER_ANSWERED))
        await done(store, contact(message("Ada kabar?")))
        await done(store, undo(new.number))
        returned = (await shown(engine, FIRST))[-1]
        assert [(item.kind, item.text) for item in returned.included] == [
            ("split_off", ""),
            ("message", "Ada kabar?"),
            ("notice", ""),
            ("split_undone", ""),
        ]
        assert (await CaseQueries(engine).case(FIRST)).waiting_since is not None
        assert (await done(store, contact(message("Halo?")))).number == FIRST
        await assert_true(engine)

    async def test_what_is_merged_with_the_split_in_force(self, store: CaseStore, engine: AsyncEngine) -> None:
        new = await done(store, split(OTHER_ASKED))
        await done(store, MergeCases(number=FIRST, other=new.number, agent=BUDI))
        assert (await done(store, contact(message("Ada kabar?")))).number == FIRST
        (absorbed,) = [item for item in await shown(engine, FIRST) if item.kind == "absorbed"]
        assert [item.text for item in absorbed.included][:2] == ["", TRAINING]
        await done(store, UndoMerge(number=FIRST, other=new.number, agent=BUDI))
        await done(store, undo(new.number))
        await assert_true(engine)


class TestAtTheSameMoment:
    async def test_one_of_two_agents_splits(self, store: CaseStore, engine: AsyncEngine) -> None:
        for _ in range(5):
            told = await asyncio.gather(*(one(store, split(OTHER_ASKED, agent=agent)) for agent in (BUDI, DEWI)))
            first, second = sorted(told, key=lambda outcome: isinstance(outcome, KawalError))
            assert isinstance(first, Applied)
            assert isinstance(second, EntryMoved)
            assert (second.status, second.code) == (409, "entry_moved")
            assert first.number in str(second)
            await done(store, undo(first.number))
        await assert_true(engine)

    async def test_many_writers(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Whatever is split, linked, merged and undone meanwhile, each word is kept once, in order, and where it is."""
        await done(store, contact(form(("Masalah", TRAINING), identities=SITI, topic="payment", reference=SECOND)))
        outcomes: list[Outcome] = []

        async def talk(turn: int) -> None:
            both = (CHAT, "web:cccccccc") if turn % 2 else ("web:cccccccc", CHAT)
            await store.apply([contact(message(f"Pesan {turn}", conversation=conversation)) for conversation in both])

        async def divide(turn: int) -> None:
            of = (FIRST, SECOND)[turn % 2]
            how = tuple(GoesOn)[turn % 3]
            new = await one(store, split(OTHER_ASKED + turn % 3, at=of, onwards=turn % 4 == 0, goes_on=how))
            if isinstance(new, Applied):
                outcomes.extend(await store.apply([undo(new.number)]))

        async def join(turn: int) -> None:
            into, other = (FIRST, SECOND) if turn % 2 else (SECOND, FIRST)
            await store.apply([MergeCases(number=into, other=other, agent=BUDI)])
            await store.apply([UndoMerge(number=into, other=other, agent=BUDI)])
            await store.apply([LinkCases(number=into, other=other, relation=Relation.PARENT, agent=BUDI)])
            await store.apply([UnlinkCases(number=into, other=other, agent=BUDI)])

        async def answer(turn: int) -> None:
            outcomes.extend(await store.apply([reply(f"{turn}", at=(FIRST, SECOND)[turn % 2])]))

        await asyncio.gather(*(work(turn) for turn in range(12) for work in (talk, divide, join, answer)))
        assert not [told for told in outcomes if isinstance(told, KawalError) and told.status >= 500]
        said = "SELECT count(*) FROM core.timeline WHERE author = 'participant' AND kind IN ('message', 'form')"
        assert await rows(engine, f"{said} AND conversation_seq IS NOT NULL") == [(2 + 1 + 24,)]
        gaps = await rows(
            engine,
            """
            SELECT id FROM core.conversations WHERE last_seq <> (
                SELECT count(*) FROM core.timeline WHERE conversation_id = id AND conversation_seq IS NOT NULL)
        """,
        )
        assert gaps == []
        await assert_true(engine)
