"""What is kept besides the truth, written wrongly by hand, is found and written again."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from core_factories import BUDI, contact, message, number
from core_tables import rows
from kawal.cli import app
from kawal.testing.waiting import run_apart
from ticket_core.domain.inputs import MergeCases, MergePersons, Reply, Resolve
from ticket_core.repair import repair
from ticket_core.store.store import CaseStore

pytestmark = pytest.mark.integration

LOST = "DELETE FROM core.timeline WHERE seq = 2"
REPAIRABLE = [
    ("UPDATE core.cases SET topic = 'x'", "topic"),
    ("UPDATE core.cases SET aliases = '{1}', heard = '{}', gist = 'z'", "aliases"),
    ("UPDATE core.cases SET merged = NULL WHERE merged IS NOT NULL", "merged"),
    ("UPDATE core.cases SET due_at = now(), alarm_at = now()", "due_at"),
    ("UPDATE core.cases SET opened_at = now()", "opened_at"),
    ("UPDATE core.cases SET last_seq = 1", "timeline"),
    ("DELETE FROM core.timers", "timer"),
    ("INSERT INTO core.timers (SELECT id, 'close', now(), now() FROM core.cases WHERE close_at IS NULL)", "timer"),
    ("DELETE FROM core.case_numbers", "numbers"),
    ("UPDATE core.case_numbers SET case_id = (SELECT max(id::text)::uuid FROM core.cases)", "numbers"),
    ("UPDATE core.conversations SET read_seq = 1", "read_seq"),
    ("UPDATE core.conversations SET last_seq = 0", "last_seq"),
    ("UPDATE core.participants SET merged_into = NULL, group_id = NULL", "merged_into"),
]
KEPT = {
    "cases": "SELECT to_jsonb(cases) - 'stamp' FROM core.cases ORDER BY id",
    "numbers": "SELECT number, case_id FROM core.case_numbers ORDER BY number",
    "timers": "SELECT case_id, kind, due_at FROM core.timers ORDER BY case_id",
    "conversations": "SELECT to_jsonb(conversations) FROM core.conversations ORDER BY id",
    "participants": "SELECT to_jsonb(participants) FROM core.participants ORDER BY id",
}


def kawal(*arguments: str) -> tuple[int, str]:
    result = run_apart(lambda: CliRunner().invoke(app, ["rebuild", *arguments]))
    return result.exit_code, result.output


async def kept(engine: AsyncEngine) -> dict[str, list[tuple[object, ...]]]:
    return {name: await rows(engine, query) for name, query in KEPT.items()}


async def write(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


@pytest.fixture
async def several(store: CaseStore, engine: AsyncEngine) -> None:
    """Three cases of three participants: two are one person, whose cases are one; the third case is resolved."""
    for place, name in enumerate(("satu", "dua", "tiga"), start=1):
        await store.apply(
            [contact(message(f"Halo dari {name}", conversation=f"chat:{name:-<9}", reference=number(place)))]
        )
    one, other = [row[0] for row in await rows(engine, "SELECT id::text FROM core.participants ORDER BY id LIMIT 2")]
    await store.apply([MergePersons(participant_id=one, other_id=other, agent=BUDI, reason="Satu orang")])
    await store.apply([MergeCases(number=number(1), other=number(2), agent=BUDI)])
    await store.apply([Reply(number=number(3), agent=BUDI, text="Baik"), Resolve(number=number(3), agent=BUDI)])


@pytest.mark.usefixtures("several")
class TestVerify:
    async def test_all_is_true(self, dsn: str) -> None:
        assert kawal("--verify", "--dsn", dsn) == (0, "0 differences\n")

    @pytest.mark.parametrize(("statement", "field"), [*REPAIRABLE, (LOST, "timeline")])
    async def test_something_is_not(self, dsn: str, engine: AsyncEngine, statement: str, field: str) -> None:
        await write(engine, statement)
        before = await kept(engine)
        code, output = kawal("--verify", "--dsn", dsn)
        assert code == 1
        assert field in output
        assert await kept(engine) == before


@pytest.mark.usefixtures("several")
class TestRepair:
    @pytest.mark.parametrize(("statement", "field"), REPAIRABLE)
    async def test_what_is_not_so(self, dsn: str, engine: AsyncEngine, statement: str, field: str) -> None:
        before = await kept(engine)
        await write(engine, statement)
        code, output = kawal("--dsn", dsn)
        assert code == 0
        assert field in output
        assert await kept(engine) == before
        assert kawal("--dsn", dsn) == (0, "0 differences, 0 left\n")

    async def test_what_nobody_can_know(self, dsn: str, engine: AsyncEngine) -> None:
        """It is left alone, and what else is wrong is written again."""
        before = await kept(engine)
        await write(engine, f"{LOST} AND case_id = (SELECT id FROM core.cases ORDER BY id DESC LIMIT 1)")
        await write(engine, "DELETE FROM core.case_numbers")
        code, output = kawal("--dsn", dsn)
        assert code == 1
        assert "timeline is still so" in output
        after = await kept(engine)
        assert after["cases"] == before["cases"]
        assert set(after["numbers"]) == set(before["numbers"][:2])


class TestBesideOthers:
    async def test_no_writer_is_lost(self, dsn: str, store: CaseStore, engine: AsyncEngine) -> None:
        """Sixteen write, somebody writes what is not so, and three repairs come in between."""
        writers = asyncio.gather(*(_chat(store, f"chat:writer-{place:02}") for place in range(16)))
        for _ in range(3):
            await write(engine, "UPDATE core.cases SET topic = 'x', snippet = 'y'")
            await repair(engine)
        await writers
        await repair(engine)
        assert kawal("--verify", "--dsn", dsn) == (0, "0 differences\n")
        assert await rows(engine, "SELECT count(*) FROM core.timeline WHERE kind = 'message'") == [(16 * 5,)]


async def _chat(store: CaseStore, conversation: str) -> None:
    for turn in range(5):
        await store.apply([contact(message(f"Kendala nomor {turn}", conversation=conversation))])
