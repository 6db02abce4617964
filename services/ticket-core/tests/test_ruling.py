"""Rules on the real database: each acts once on what it waits for, whatever dies on the way."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, NOW, contact, message, number
from core_tables import count, rows
from kawal import database as postgres
from kawal.database import is_outage
from kawal.errors import TransientError
from kawal.observability import metrics
from kawal.testing import eventually
from routing_factories import FILE, Shift
from rule_factories import rule, shelf
from rules_until_killed import RULES
from ticket_core import ruling
from ticket_core.domain.inputs import Input, Reply
from ticket_core.domain.rules import Rule
from ticket_core.rebuild import differences
from ticket_core.rule_shelf import RuleShelf
from ticket_core.ruling import RuleRounds
from ticket_core.store import firings
from ticket_core.store.store import CaseStore, Outcome
from ticket_core.store.stream import SETTLED

pytestmark = pytest.mark.integration

KILLED = Path(__file__).parent / "rules_until_killed.py"
CASES = 10


async def settled(task: RuleRounds, engine: AsyncEngine) -> None:
    """Let rules act until they have seen all that there is, also what they wrote themselves."""
    async with asyncio.timeout(30):  # PostgreSQL takes a moment to see that somebody who was killed is gone
        while await behind(engine):
            await task.step()


async def behind(engine: AsyncEngine) -> int:
    (waiting,) = await rows(
        engine,
        "SELECT count(*) FROM core.timeline LEFT JOIN core.rule_place AS place ON true WHERE place.id IS NULL"
        " OR (timeline.stamp, timeline.case_id, timeline.seq) > (place.stamp, place.case_id, place.seq)",
    )
    return int(waiting[0])


async def hear(store: CaseStore, cases: int = 1, *, start: int = 0, **changes: Any) -> None:
    """Returns when the stream has it: other tests' transactions on the same server may hold it up."""
    await store.apply(
        [
            contact(message(conversation=f"chat:{at:08d}", reference=number(at), **changes))
            for at in range(start, start + cases)
        ]
    )
    await eventually(partial(_streamed, store), timeout=30)


async def _streamed(store: CaseStore) -> bool:
    waiting = f"SELECT count(*) FROM core.timeline WHERE stamp >= {SETTLED}"
    return await rows(store._engine, waiting) == [(0,)]


async def by_rules(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    return await rows(
        engine,
        "SELECT author_id, kind, count(*), count(DISTINCT case_id) FROM core.timeline"
        " WHERE author_id LIKE 'rule:%' GROUP BY 1, 2 ORDER BY 1, 2",
    )


async def assert_each_acted_once(engine: AsyncEngine, *, cases: int = CASES) -> None:
    """The rules of `rules_until_killed`."""
    assert await by_rules(engine) == [
        ("rule:noted", "note", cases, cases),
        ("rule:tagged", "automatic_answer", cases, cases),
        ("rule:tagged", "tags", cases, cases),
    ]
    assert await count(engine, "rule_firings") == 2 * cases
    published = await rows(
        engine, "SELECT count(*) FROM core.outbox WHERE convert_from(value, 'UTF8') LIKE '%message_added%\"Ya\"%'"
    )
    assert published == [(cases,)]
    assert [str(one) async for one in differences(engine)] == []


@pytest.fixture
async def begun(engine: AsyncEngine, store: CaseStore) -> None:
    """Rules have been running; what happens from now on is theirs."""
    await RuleRounds(engine, apply=store.apply, book=shelf()).step()


def rounds(engine: AsyncEngine, store: CaseStore, *rules: Rule, **changes: Any) -> RuleRounds:
    return RuleRounds(engine, **{"apply": store.apply, "book": shelf(*rules)} | changes)


class TestStep:
    async def test_nothing_of_what_was_before_them(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store)
        task = rounds(engine, store, *RULES)
        await task.step()
        assert await by_rules(engine) == []
        await hear(store, start=1)
        await settled(task, engine)
        await assert_each_acted_once(engine, cases=1)

    @pytest.mark.usefixtures("begun")
    async def test_with_what_each_set_off(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store, CASES)
        task = rounds(engine, store, *RULES)
        await settled(task, engine)
        await assert_each_acted_once(engine)
        assert await rows(engine, "SELECT DISTINCT kind, about FROM core.timeline WHERE author_id LIKE 'rule:%'") == [
            ("automatic_answer", 4),
            ("note", 2),
            ("tags", 4),
        ]

    @pytest.mark.usefixtures("begun")
    async def test_goes_through_what_nobody_waits_for(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store, 3)
        await settled(rounds(engine, store, rule(when=["topic"])), engine)
        assert await by_rules(engine) == []
        await settled(rounds(engine, store), engine)

    @pytest.mark.usefixtures("begun")
    async def test_more_than_is_read_at_once(
        self, engine: AsyncEngine, store: CaseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ruling, "READ_AT_ONCE", 3)
        await hear(store, CASES)
        await settled(rounds(engine, store, *RULES), engine)
        await assert_each_acted_once(engine)

    @pytest.mark.usefixtures("begun")
    async def test_on_the_case_as_it_is_by_now(self, engine: AsyncEngine, store: CaseStore) -> None:
        """An agent was faster: the rule that would have closed over him finds the case otherwise."""
        await hear(store)
        slow = rule(if_={"state": ["new"]}, then={"note": "Belum dijawab"})

        async def beaten(inputs: Sequence[Input]) -> list[Outcome]:
            await store.apply([Reply(number=number(0), agent=BUDI, text="Baik")])
            return await store.apply(inputs)

        await settled(rounds(engine, store, slow, apply=beaten), engine)
        assert await by_rules(engine) == []

    @pytest.mark.usefixtures("begun")
    async def test_gives_to_a_team(self, engine: AsyncEngine, store: CaseStore) -> None:
        shift = Shift(engine)
        await shift.come("budi")
        dewi = await shift.come("dewi", teams=frozenset({"payments"}))
        await hear(store)
        to_team = rule(if_={"assignee": ["none"]}, then={"team": "payments", "note": "@dewi lihat"})
        await settled(rounds(engine, store, to_team, attendance=FILE.attendance), engine)
        assert await rows(engine, "SELECT assignee_id::text FROM core.cases") == [(dewi,)]
        assert await rows(engine, "SELECT payload FROM core.timeline WHERE kind = 'note'") == [({"mentions": [dewi]},)]

    @pytest.mark.usefixtures("begun")
    async def test_what_is_refused_is_remembered(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store)
        task = rounds(engine, store, rule(then={"priority": "high", "assign": "nobody@example.id"}))
        before = _counted("refused")
        await settled(task, engine)
        assert await rows(engine, "SELECT rule, refused FROM core.rule_firings") == [("one", "agent_not_found")]
        assert (await by_rules(engine), _counted("refused")) == ([], before + 1)

    @pytest.mark.usefixtures("begun")
    async def test_once_per_case_whatever_came_in_between(
        self, engine: AsyncEngine, store: CaseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(firings, "MOST_FIRED", 2)
        always, once = rule("always", then={"note": "Lagi"}), rule("once", then={"note": "Satu"}, once_per_case=True)
        task = rounds(engine, store, always, once)
        for _ in range(3):
            await hear(store)
            await settled(task, engine)
        assert await by_rules(engine) == [("rule:always", "note", 3, 1), ("rule:once", "note", 1, 1)]

    @pytest.mark.usefixtures("begun")
    async def test_writes_nothing_while_nothing_happens(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store)
        task = rounds(engine, store, *RULES)
        await settled(task, engine)
        written = await rows(engine, "SELECT xmin::text FROM core.rule_place")
        assert not await task.step()
        assert await rows(engine, "SELECT xmin::text FROM core.rule_place") == written

    @pytest.mark.usefixtures("begun")
    async def test_loops_are_cut_and_counted(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store)
        before = _counted("loop")
        await settled(rounds(engine, store, rule(when=["contact", "note"], then={"note": "Lagi"})), engine)
        assert (await by_rules(engine), _counted("loop")) == ([("rule:one", "note", 1, 1)], before + 1)


def _counted(outcome: str) -> float:
    return metrics.RULES_RUN.labels(outcome)._value.get()


class TestFailures:
    @pytest.mark.usefixtures("begun")
    async def test_a_mistake_of_ours_holds_up_nobody_else(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store, CASES)
        poison = rows_of(await rows(engine, "SELECT id::text FROM core.cases ORDER BY id LIMIT 1"))

        async def fails(inputs: Sequence[Any]) -> list[Outcome]:
            if any(one.case_id in poison for one in inputs):
                raise ValueError
            return await store.apply(inputs)

        before = _counted("failed")
        await settled(rounds(engine, store, RULES[0], apply=fails), engine)
        assert await by_rules(engine) == [("rule:noted", "note", CASES - 1, CASES - 1)]
        assert _counted("failed") == before + 1

    @pytest.mark.usefixtures("begun")
    async def test_a_case_that_always_takes_too_long_holds_up_nobody_else(
        self, engine: AsyncEngine, store: CaseStore, dsn: str
    ) -> None:
        await hear(store, CASES)
        ((slow,),) = await rows(engine, "SELECT id::text FROM core.cases ORDER BY id LIMIT 1")
        async with engine.begin() as connection:
            await connection.execute(text(_STALL.format(case_id=slow)))
            await connection.execute(text(_BEFORE_EACH))
        before = _counted("failed")
        async with impatient(dsn) as hurried:
            await settled(rounds(hurried, CaseStore(hurried, numbers=store._numbers), RULES[0]), engine)
        assert await by_rules(engine) == [("rule:noted", "note", CASES - 1, CASES - 1)]
        assert _counted("failed") == before + 1

    @pytest.mark.usefixtures("begun")
    @pytest.mark.parametrize("cases", [1, 2])
    async def test_nothing_is_given_up_while_all_takes_too_long(
        self, engine: AsyncEngine, store: CaseStore, dsn: str, cases: int
    ) -> None:
        await hear(store, cases)
        before = _counted("failed")
        async with impatient(dsn) as hurried:
            task = rounds(hurried, CaseStore(hurried, numbers=store._numbers), RULES[0])
            async with engine.begin() as busy:
                await busy.execute(text("LOCK TABLE core.timeline IN EXCLUSIVE MODE"))
                with pytest.raises((TransientError, DBAPIError)) as stalled:
                    await task.step()
        assert isinstance(stalled.value, TransientError) or is_outage(stalled.value)
        assert (await by_rules(engine), _counted("failed")) == ([], before)
        await settled(rounds(engine, store, RULES[0]), engine)
        assert await by_rules(engine) == [("rule:noted", "note", cases, cases)]

    @pytest.mark.usefixtures("begun")
    async def test_what_passes_by_itself_is_waited_for(self, engine: AsyncEngine, store: CaseStore) -> None:
        await hear(store, CASES)

        async def away(inputs: Sequence[Input]) -> list[Outcome]:
            await store.apply(inputs[:4])
            raise TransientError

        with pytest.raises(TransientError):
            await rounds(engine, store, *RULES, apply=away, clock=lambda: NOW + timedelta(hours=1)).step()
        assert metrics.RULES_LAG_SECONDS._value.get() == 3_600
        assert await by_rules(engine) == [("rule:noted", "note", 4, 4)]
        await settled(rounds(engine, store, *RULES), engine)
        assert metrics.RULES_LAG_SECONDS._value.get() == 0
        await assert_each_acted_once(engine)

    @pytest.mark.usefixtures("begun")
    async def test_at_several_replicas(
        self, engine: AsyncEngine, store: CaseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ruling, "READ_AT_ONCE", 3)
        await hear(store, CASES)
        replicas = [rounds(engine, store, *RULES) for _ in range(4)]
        while await behind(engine):
            await asyncio.gather(*(one.step() for one in replicas))
        await assert_each_acted_once(engine)

    @pytest.mark.usefixtures("begun")
    async def test_two_at_once_for_want_of_a_lock(self, engine: AsyncEngine, store: CaseStore) -> None:
        """A connection may break while its round goes on: another replica then shows the same entries."""
        await hear(store, CASES)
        given: list[Input] = []

        async def kept(inputs: Sequence[Input]) -> list[Outcome]:
            given.extend(inputs)
            return []

        await rounds(engine, store, RULES[0], apply=kept).step()
        await asyncio.gather(*(store.apply(given) for _ in range(4)))
        assert await by_rules(engine) == [("rule:noted", "note", CASES, CASES)]
        assert [str(one) async for one in differences(engine)] == []

    @pytest.mark.usefixtures("begun")
    async def test_goes_on_after_the_process_was_killed(self, engine: AsyncEngine, dsn: str, store: CaseStore) -> None:
        """A real process, killed with -9 each time that rules have acted on some more, before it could note that."""
        await hear(store, CASES)
        for kill in range(1, 4):
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(KILLED), dsn, env={**os.environ, "PYTHONPATH": str(KILLED.parent)}
            )

            async def has_acted(enough: int = 2 * kill) -> bool:
                return await count(engine, "rule_firings") >= enough

            await eventually(has_acted, timeout=30, interval=0.01)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        assert await behind(engine) > 0
        await settled(rounds(engine, store, *RULES), engine)
        await assert_each_acted_once(engine)


_STALL = """
    CREATE FUNCTION core.stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.case_id = '{case_id}' THEN PERFORM pg_sleep(60); END IF;
        RETURN NEW;
    END $$
"""
_BEFORE_EACH = "CREATE TRIGGER stall BEFORE INSERT ON core.timeline FOR EACH ROW EXECUTE FUNCTION core.stall()"


@asynccontextmanager
async def impatient(dsn: str) -> AsyncIterator[AsyncEngine]:
    """Connections that give a statement up after half a second."""
    hurried = postgres.engine(dsn, statement_timeout_s=0.5)
    try:
        yield hurried
    finally:
        await hurried.dispose()


def rows_of(found: Sequence[tuple[Any, ...]]) -> set[Any]:
    return {one for (one,) in found}


class TestFile:
    @pytest.mark.usefixtures("begun")
    async def test_fraud_is_urgent(self, engine: AsyncEngine, store: CaseStore) -> None:
        """The rule that comes with the programme."""
        loaded = RuleShelf.load(Path(__file__).parents[3] / "programme", engine).book
        await hear(store, topic="account.fraud")
        await settled(rounds(engine, store, book=loaded), engine)
        assert await rows(engine, "SELECT priority, tags FROM core.cases") == [("urgent", ["penipuan"])]
