"""Clocks counted again in the database: all, once, beside whoever writes, whatever dies on the way."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, contact, message, number
from core_tables import count, rows
from kawal.testing.waiting import eventually
from sla_factories import ALWAYS, FIRST, NEXT, RESOLUTION, policy, promise
from sla_recompute_until_killed import AFTER
from ticket_core.domain.fold import Skipped
from ticket_core.domain.inputs import Input, Reply, Resolve
from ticket_core.rebuild import differences
from ticket_core.sla_alarms import SlaAlarms
from ticket_core.sla_recompute import ATTEMPTS, Recounted, SlaRecompute
from ticket_core.store import active_timelines
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import Apply, CaseStore, Outcome, utc_now

pytestmark = pytest.mark.integration

KILLED = Path(__file__).parent / "sla_recompute_until_killed.py"
KAWAL = Path(sys.executable).with_name("kawal")
PROGRAMME = str(Path(__file__).parents[3] / "programme")
BEFORE = policy((promise("all", ALWAYS, {FIRST: 600, NEXT: 600, RESOLUTION: 1_200}),))
RECOUNTED = "timeline WHERE kind = 'sla_changed'"


@pytest.fixture
def store(engine: AsyncEngine, numbers: CaseNumbers) -> CaseStore:
    return CaseStore(engine, numbers=numbers, policy=BEFORE)


async def heard(store: CaseStore, cases: int, **ago: float) -> list[str]:
    numbers, at = [number(place) for place in range(cases)], utc_now() - timedelta(**ago)
    said = [message(conversation=f"chat:{place:08d}", reference=numbers[place], at=at) for place in range(cases)]
    await store.apply([contact(one) for one in said])
    return numbers


async def recount(engine: AsyncEngine, apply: Apply | None) -> list[Recounted]:
    return [one async for one in SlaRecompute(engine, sla=AFTER.sla, apply=apply).run()]


async def assert_true(engine: AsyncEngine) -> None:
    assert [str(found) async for found in differences(engine)] == []


def seen(recounted: Sequence[Recounted]) -> list[tuple[str, str, float | None, bool, bool]]:
    """Number, clock, by how many seconds it is due later, and whether it was and is overdue."""
    return [
        (
            one.number,
            one.clock,
            (one.due_after - one.due_before).total_seconds() if one.due_after and one.due_before else None,
            one.was_overdue,
            one.is_overdue,
        )
        for one in recounted
    ]


class TestRun:
    async def test_writes_what_differs_and_tells_it(self, engine: AsyncEngine, store: CaseStore) -> None:
        (one,) = await heard(store, 1)
        assert seen(await recount(engine, store.apply)) == [
            (one, "first_response", -540, False, False),
            (one, "resolution", 1_200, False, False),
        ]
        assert await count(engine, RECOUNTED) == 1
        assert await rows(engine, "SELECT due_at - opened_at FROM core.cases") == [(timedelta(seconds=60),)]
        await assert_true(engine)

    async def test_a_second_one_changes_nothing(self, engine: AsyncEngine, store: CaseStore) -> None:
        await heard(store, 3)
        await recount(engine, store.apply)
        assert await recount(engine, store.apply) == []
        assert await count(engine, RECOUNTED) == 3

    async def test_rehearsed_it_tells_the_same_and_writes_nothing(self, engine: AsyncEngine, store: CaseStore) -> None:
        await heard(store, 3, minutes=5)
        before = await rows(engine, "SELECT * FROM core.cases ORDER BY id")
        rehearsed = await recount(engine, None)
        assert (len(rehearsed), await rows(engine, "SELECT * FROM core.cases ORDER BY id")) == (6, before)
        assert await count(engine, RECOUNTED) == 0
        assert await recount(engine, store.apply) == rehearsed

    async def test_what_is_over_keeps_its_verdict(self, engine: AsyncEngine, store: CaseStore) -> None:
        resolved, active = await heard(store, 2)
        await store.apply([Resolve(number=resolved, agent=BUDI)])
        assert {one.number for one in await recount(engine, store.apply)} == {active}

    async def test_cases_from_before_there_were_clocks(self, engine: AsyncEngine, store: CaseStore) -> None:
        answered, waiting = await heard(store, 2)
        await store.apply([Reply(number=answered, agent=BUDI, text="Baik")])
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE core.timeline SET clocks = NULL"))
            await connection.execute(
                text("UPDATE core.cases SET clocks = NULL, due_at = NULL, risk_at = NULL, alarm_at = NULL")
            )
        found = {(one.number, one.clock, one.due_before) for one in await recount(engine, store.apply)}
        assert found == {(case, clock, None) for case in (answered, waiting) for clock in (FIRST, RESOLUTION)}
        assert await recount(engine, store.apply) == []
        assert await count(engine, "cases WHERE due_at = opened_at + interval '60 seconds'") == 1  # the other pends
        await assert_true(engine)

    @pytest.mark.parametrize(
        ("bounds", "expected"), [((3, 5_000), [3, 3, 3, 1]), ((100, 7), [2] * 5), ((100, 1), [1] * 10)]
    )
    async def test_in_portions(
        self,
        engine: AsyncEngine,
        store: CaseStore,
        monkeypatch: pytest.MonkeyPatch,
        bounds: tuple[int, int],
        expected: list[int],
    ) -> None:
        for name, bound in zip(("MOST_CASES", "MOST_ENTRIES"), bounds, strict=True):
            monkeypatch.setattr(active_timelines, name, bound)
        portions: list[int] = []

        async def watched(inputs: Sequence[Input]) -> list[Outcome]:
            portions.append(len(inputs))
            return await store.apply(inputs)

        numbers = await heard(store, 10)
        assert {one.number for one in await recount(engine, watched)} == set(numbers)
        assert portions == expected


class TestOverdue:
    async def test_newly_is_said_and_breaches_once(self, engine: AsyncEngine, store: CaseStore) -> None:
        (one,) = await heard(store, 1, minutes=5)
        assert seen(await recount(engine, store.apply))[0] == (one, "first_response", -540, False, True)
        alarms = SlaAlarms(engine, apply=store.apply)
        assert [await alarms.ring(), await alarms.ring()] == [1, 0]
        assert await recount(engine, store.apply) == []
        await assert_true(engine)

    async def test_no_longer_may_breach_again(
        self, engine: AsyncEngine, store: CaseStore, numbers: CaseNumbers
    ) -> None:
        (one,) = await heard(store, 1, minutes=30)
        alarms = SlaAlarms(engine, apply=store.apply)
        assert await alarms.ring() == 1
        found = seen(await recount(engine, store.apply))
        assert found == [(one, "first_response", -540, True, True), (one, "resolution", 1_200, True, False)]
        assert await alarms.ring() == 0

        def later() -> datetime:
            return utc_now() + timedelta(hours=1)

        in_an_hour = CaseStore(engine, numbers=numbers, policy=AFTER, clock=later)
        await SlaAlarms(engine, apply=in_an_hour.apply, clock=later).ring()
        breaches = "SELECT payload ->> 'clock' FROM core.timeline WHERE kind = 'sla_breached' ORDER BY seq"
        assert [clock for (clock,) in await rows(engine, breaches)] == [FIRST, RESOLUTION, RESOLUTION]
        await assert_true(engine)


class TestBesideOthers:
    async def test_a_case_that_moved_meanwhile_is_counted_again(self, engine: AsyncEngine, store: CaseStore) -> None:
        moving, still = await heard(store, 2)
        answers = [Reply(number=moving, agent=BUDI, text="Baik")]

        async def after_an_answer(inputs: Sequence[Input]) -> list[Outcome]:
            while answers:
                await store.apply([answers.pop()])
            return await store.apply(inputs)

        found = await recount(engine, after_an_answer)
        assert {(one.number, one.clock) for one in found} == {(still, FIRST), (still, RESOLUTION), (moving, RESOLUTION)}
        assert await recount(engine, store.apply) == []
        await assert_true(engine)

    async def test_one_that_never_stands_still_is_left(self, engine: AsyncEngine, store: CaseStore) -> None:
        await heard(store, 2)
        asked: list[int] = []

        async def refused(inputs: Sequence[Input]) -> list[Outcome]:
            asked.append(len(inputs))
            return [Skipped()] * len(inputs)

        work = SlaRecompute(engine, sla=AFTER.sla, apply=refused)
        assert [one async for one in work.run()] == []
        assert (work.left, asked) == (2, [2] * ATTEMPTS)

    async def test_32_writers_and_two_recounts(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        store = CaseStore(engine, numbers=numbers, policy=BEFORE)
        cases = await heard(store, 16)
        others = CaseStore(engine, numbers=numbers, policy=AFTER)
        answers = (others.apply([Reply(number=one, agent=BUDI, text="Baik")]) for one in cases)
        said = (others.apply([contact(message(conversation=f"chat:{place:08d}"))]) for place in range(16))
        await asyncio.gather(recount(engine, store.apply), *answers, *said, recount(engine, store.apply))
        await recount(engine, store.apply)
        assert await recount(engine, store.apply) == []
        await assert_true(engine)

    async def test_after_the_process_was_killed(self, engine: AsyncEngine, dsn: str, store: CaseStore) -> None:
        """A real process, killed with -9 each time that it has written to some."""
        await heard(store, 10)
        for kill in range(1, 4):
            process = await asyncio.create_subprocess_exec(sys.executable, str(KILLED), dsn)

            async def written(more: int = kill) -> bool:
                return await count(engine, RECOUNTED) >= 2 * more

            await eventually(written, timeout=60)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        await recount(engine, store.apply)
        assert await rows(
            engine, "SELECT count(*), count(DISTINCT case_id) FROM core.timeline WHERE kind = 'sla_changed'"
        ) == [(10, 10)]
        assert await recount(engine, store.apply) == []
        await assert_true(engine)


class TestCommand:
    def kawal(self, dsn: str, *options: str, programme: str = PROGRAMME) -> tuple[int, str]:
        """A process of its own, since it sets up the log of its process."""
        command = [KAWAL, "sla", "recompute", "--dsn", dsn, "--programme", programme, *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    async def test_tells_each_case_and_counts(self, dsn: str, engine: AsyncEngine, store: CaseStore) -> None:
        (one,) = await heard(store, 1, days=30)
        code, rehearsed = self.kawal(dsn, "--dry-run")
        assert (code, await count(engine, RECOUNTED)) == (0, 0)
        code, output = self.kawal(dsn)
        assert (code, output, await count(engine, RECOUNTED)) == (0, rehearsed, 1)
        first, _, *counts = output.splitlines()
        assert first.startswith(f"{one} first_response: due 20")
        assert counts == [
            "chat first_response: 1 changed, 0 newly overdue, 0 no longer overdue",
            "chat resolution: 1 changed, 0 newly overdue, 0 no longer overdue",
        ]
        assert self.kawal(dsn) == (0, "nothing changes\n")

    async def test_a_verdict_that_turns(self, dsn: str, engine: AsyncEngine, store: CaseStore) -> None:
        await heard(store, 1, minutes=30)
        await SlaAlarms(engine, apply=store.apply).ring()
        _, output = self.kawal(dsn)
        assert "resolution: 1 changed, 0 newly overdue, 1 no longer overdue" in output

    def test_files_that_cannot_be_used(self, dsn: str, tmp_path: Path) -> None:
        code, output = self.kawal(dsn, programme=str(tmp_path))
        assert (code, "sla.yaml" in output) == (1, True)

    def test_no_database(self) -> None:
        code, output = self.kawal("postgresql://nobody@127.0.0.1:1/nothing")
        assert (code, "Traceback" in output) == (1, False)
