"""The programme's list of participants, taken over by the command itself into the real database."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, PHONE, claimed, contact, identity, message, number
from core_tables import count, rows
from kawal.contracts.words import IdentityKind
from ticket_core import importing
from ticket_core.adapters.participant_files import content_of
from ticket_core.domain.errors import ImportedMeanwhile
from ticket_core.domain.imports import Progress
from ticket_core.domain.inputs import LinkIdentity, Resolve, TimerFired, TimerKind
from ticket_core.importing import import_file
from ticket_core.rebuild import differences
from ticket_core.store.numbers import NoNumbers
from ticket_core.store.people import People
from ticket_core.store.search_index import SearchIndex
from ticket_core.store.store import CaseStore

pytestmark = pytest.mark.integration

KAWAL = Path(sys.executable).parent / "kawal"
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/nothing"
HEADER = "participant_number,name,email,phone,locale"
MANY = 20_000
EACH_BAD = 1_000
"""Of so many lines, one cannot be read and one has the phone of another."""


def written(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def person(index: int) -> str:
    if index % EACH_BAD == 5:
        return f"P-{index},Orang {index},no address,,id"
    phone = f"+62812{index - index % EACH_BAD if index % EACH_BAD == 9 else index:07}"
    return f"P-{index},Orang {index},orang{index}@example.id,{phone},{'en' if index % 2 else 'id'}"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return written(tmp_path / "many.csv", map(person, range(MANY)))


async def kawal(dsn: str, path: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        KAWAL,
        *("participants", "import", "--dsn", dsn, path, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finished(dsn: str, path: Path, *options: str) -> tuple[int | None, str, str]:
    """Exit code, the summary, and what was told on the way."""
    running = await kawal(dsn, path, *options)
    out, err = await running.communicate()
    return running.returncode, out.decode().strip(), err.decode()


async def killed_after(dsn: str, path: Path, *, steps: int) -> None:
    running = await kawal(dsn, path)
    assert running.stderr is not None
    while steps and (told := await running.stderr.readline()):
        steps -= told.startswith(b"Line")
    running.kill()
    await running.communicate()


class TestImport:
    async def test_each_line_once_however_often_it_is_killed(
        self, dsn: str, engine: AsyncEngine, many: Path, tmp_path: Path
    ) -> None:
        report = tmp_path / "bad.csv"
        for steps in (1, 4, 2):
            await killed_after(dsn, many, steps=steps)
        ((done,),) = await rows(engine, "SELECT line FROM core.participant_imports")
        assert 7_000 < done < MANY
        code, summary, told = await finished(dsn, many, "--report", str(report))
        assert code == 0
        assert told.startswith(f"Going on behind line {done}\n")
        bad = 2 * MANY // EACH_BAD
        assert summary == f"{MANY - bad} new; 0 changed; 0 as before; {bad} refused"
        assert await count(engine, "participants") == MANY - bad
        verified = "SELECT count(*) FROM core.identities WHERE assurance = 'verified' AND participant_id IS NOT NULL"
        assert await rows(engine, verified) == [(3 * (MANY - bad),)]
        lines = report.read_text().splitlines()
        assert lines[:3] == ["line,column,reason", "7,email,no_email", "11,phone,another_participant_number"]
        assert len(lines) == 1 + bad
        again = await finished(dsn, many, "--report", str(report))
        assert again[:2] == (0, summary)
        assert report.read_text().splitlines() == lines
        assert [row async for row in differences(engine)] == []

    async def test_another_file_is_taken_over_line_by_line(self, dsn: str, engine: AsyncEngine, tmp_path: Path) -> None:
        first = written(tmp_path / "1.csv", [person(0), person(1)])
        second = written(tmp_path / "2.csv", [person(0), "P-1,Orang Baru,,,", person(2)])
        assert (await finished(dsn, first))[1] == "2 new; 0 changed; 0 as before; 0 refused"
        assert (await finished(dsn, second))[1] == "1 new; 1 changed; 1 as before; 0 refused"
        assert await rows(engine, "SELECT name FROM core.participants ORDER BY id") == [
            ("Orang 0",),
            ("Orang Baru",),
            ("Orang 2",),
        ]

    async def test_a_rehearsal_changes_nothing(self, dsn: str, engine: AsyncEngine, many: Path, tmp_path: Path) -> None:
        report = tmp_path / "bad.csv"
        code, summary, _ = await finished(dsn, many, "--dry-run", "--report", str(report))
        bad = 2 * MANY // EACH_BAD
        assert (code, summary) == (0, f"{MANY - bad} new; 0 changed; 0 as before; {bad} refused")
        assert len(report.read_text().splitlines()) == 1 + bad
        tables = ("participants", "identities", "participant_imports", "participant_import_faults")
        assert [await count(engine, table) for table in tables] == [0] * 4

    async def test_a_file_that_is_no_list(self, dsn: str, tmp_path: Path) -> None:
        path = tmp_path / "notes.csv"
        path.write_text("name,phone\nSiti,0812\n")
        code, summary, told = await finished(dsn, path)
        assert (code, summary) == (1, "")
        assert "participant_number" in told

    async def test_no_database(self, many: Path) -> None:
        code, summary, told = await finished(NO_DATABASE, many)
        assert (code, summary, told.count("\n")) == (1, "", 1)
        assert told.startswith("The database cannot be reached")

    async def test_a_report_that_cannot_be_written(self, dsn: str, many: Path, tmp_path: Path) -> None:
        code, _, told = await finished(dsn, many, "--dry-run", "--report", str(tmp_path / "missing" / "bad.csv"))
        assert (code, "bad.csv" in told, "database" in told.splitlines()[-1]) == (1, True, False)


class TestImportFile:
    @pytest.fixture(autouse=True)
    def in_small_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importing, "AT_ONCE", 10)

    @pytest.fixture
    def importer(self, engine: AsyncEngine) -> CaseStore:
        return CaseStore(engine, numbers=NoNumbers())

    async def take(self, store: CaseStore, path: Path) -> Progress:
        known = Progress(content_of(path))
        return await import_file(path, known=known, apply=store.apply, told=lambda _: None)

    async def test_only_one_of_two_imports_a_file(
        self, importer: CaseStore, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        path = written(tmp_path / "list.csv", map(person, range(100, 200)))
        outcomes = await asyncio.gather(*(self.take(importer, path) for _ in range(4)), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["ImportedMeanwhile"] * 3, "Progress"]
        assert all(isinstance(outcome, Progress | ImportedMeanwhile) for outcome in outcomes)
        assert await count(engine, "participants") == 100

    async def test_two_files_about_the_same_people_and_contacts_of_theirs(
        self, importer: CaseStore, store: CaseStore, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        """Each person is one, whoever comes first; nothing waits for ever."""
        people = range(100, 160)
        files = [
            written(tmp_path / "1.csv", map(person, people)),
            written(tmp_path / "2.csv", map(person, people[::-1])),
        ]

        async def talk(index: int) -> None:
            proven = identity(f"+62812{index:07}")
            await store.apply([contact(message(conversation=f"chat:{index:08}", identities=(proven,)))])

        await asyncio.gather(*(self.take(importer, path) for path in files), *map(talk, people))
        assert await count(engine, "participants") == len(people)
        assert await rows(engine, "SELECT count(DISTINCT participant_id) FROM core.cases") == [(len(people),)]
        assert [row async for row in differences(engine)] == []

    async def test_of_somebody_who_is_known(
        self, importer: CaseStore, store: CaseStore, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        await store.apply([contact(message(identities=(identity(PHONE),), reference=number(1)))])
        await store.apply([contact(message(conversation="chat:bbbbbbbb", identities=(claimed("+628555555555"),)))])
        lines = [f"P-1,Siti,siti@example.id,{PHONE},", "P-2,Ana,,+628555555555,"]
        done = await self.take(importer, written(tmp_path / "list.csv", lines))
        assert (done.created, done.changed) == (1, 1)
        ((siti,),) = await rows(engine, "SELECT id::text FROM core.participants WHERE name = 'Siti'")
        seen = await People(engine).participant(siti)
        assert {(one.kind, one.assurance) for one in seen.identities} == {
            ("participant_number", "verified"),
            ("phone", "verified"),
            ("email", "verified"),
        }
        ((ana,),) = await rows(engine, "SELECT id::text FROM core.participants WHERE name = 'Ana'")
        assert [one.value for one in (await People(engine).participant(ana)).suggestions] == ["+628555555555"]
        assert [row async for row in differences(engine)] == []

    async def test_search_finds_by_what_is_new_whatever_state_the_cases_are_in(
        self, importer: CaseStore, store: CaseStore, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        """Of a name no timeline tells, and of the rest only those of active cases."""
        await store.apply([contact(message(identities=(identity(PHONE),), reference=number(1), name="Siti"))])
        await store.apply([Resolve(number=number(1), agent=BUDI)])
        ((case_id, due_at),) = await rows(engine, "SELECT case_id::text, due_at FROM core.timers")
        late = CaseStore(engine, numbers=store._numbers, clock=lambda: due_at)
        await late.apply([TimerFired(case_id, TimerKind.CLOSE, due_at)])
        await SearchIndex(engine).rebuild()
        await self.take(importer, written(tmp_path / "list.csv", [f"P-1,Rahayu,rahayu@example.id,{PHONE},"]))
        assert await count(engine, "search_stale") == 1
        await SearchIndex(engine).advance()
        ((who, found),) = await rows(engine, "SELECT who, words @@ 'rahayu'::tsquery FROM core.case_search")
        assert ("rahayu" in who, "rahayu@example.id" in who, found) == (True, True, True)
        assert await count(engine, "search_stale") == 0

    async def test_what_an_agent_linked_is_not_taken_away(
        self, importer: CaseStore, store: CaseStore, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        await store.apply([contact(message(identities=(identity(PHONE),)))])
        ((who,),) = await rows(engine, "SELECT id::text FROM core.participants")
        link = LinkIdentity(
            participant_id=who, kind=IdentityKind.PARTICIPANT_NUMBER, value="P-9", reason="KTP", agent=BUDI
        )
        await store.apply([link])
        done = await self.take(importer, written(tmp_path / "list.csv", [f"P-1,Siti,,{PHONE},"]))
        assert (done.refused, done.changed, done.created) == (1, 0, 0)
