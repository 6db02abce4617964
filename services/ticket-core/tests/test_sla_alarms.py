"""Breaches and warnings: said once, whoever rings, whatever dies on the way."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core_factories import BUDI, contact, message, number
from core_tables import count, rows
from kawal.contracts.case_events import case_event_adapter
from kawal.database.engines import async_url
from kawal.errors import TransientError
from kawal.testing.waiting import eventually
from sla_factories import ALWAYS, FIRST, NEXT, RESOLUTION, policy, promise
from ticket_core import sla_alarms
from ticket_core.domain.fold import Applied, Skipped
from ticket_core.domain.inputs import Input, Reply, Resolve, TimerFired, TimerKind
from ticket_core.rebuild import differences
from ticket_core.sla_alarms import SlaAlarms
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome, utc_now

pytestmark = pytest.mark.integration

KILLED = Path(__file__).parent / "sla_alarms_until_killed.py"
POLICY = policy((promise("all", ALWAYS, {FIRST: 600, NEXT: 600, RESOLUTION: 1_200}),))


def later(**passed: float) -> Callable[[], datetime]:
    return lambda: utc_now() + timedelta(**passed)


@pytest.fixture
def at(engine: AsyncEngine, numbers: CaseNumbers) -> Callable[..., CaseStore]:
    """The store, so much later."""

    def at(**passed: float) -> CaseStore:
        return CaseStore(engine, numbers=numbers, policy=POLICY, clock=later(**passed))

    return at


def ringing(engine: AsyncEngine, store: CaseStore, **passed: float) -> SlaAlarms:
    return SlaAlarms(engine, apply=store.apply, clock=later(**passed))


async def heard(store: CaseStore, cases: int) -> list[str]:
    numbers = [number(place) for place in range(cases)]
    said = [message(conversation=f"chat:{at:08d}", reference=numbers[at], at=utc_now()) for at in range(cases)]
    await store.apply([contact(one) for one in said])
    return numbers


async def said(engine: AsyncEngine) -> list[tuple[str, str, int]]:
    """How often what was said of which clock."""
    return await rows(  # type: ignore[return-value]
        engine,
        "SELECT kind, payload ->> 'clock', count(*) FROM core.timeline"
        " WHERE kind LIKE 'sla%' GROUP BY 1, 2 ORDER BY 1, 2",
    )


async def assert_true(engine: AsyncEngine) -> None:
    assert [str(found) async for found in differences(engine)] == []


BOTH = [("sla_breached", "first_response", 10), ("sla_breached", "resolution", 10)]


class TestRing:
    async def test_warns_then_breaches_each_once(self, engine: AsyncEngine, at: Callable[..., CaseStore]) -> None:
        await heard(at(), 2)
        assert await ringing(engine, at(minutes=7), minutes=7).ring() == 0
        for minutes in (8, 9):
            await ringing(engine, at(minutes=minutes), minutes=minutes).ring()
        assert await said(engine) == [("sla_warned", "first_response", 2)]
        for minutes in (11, 12):
            await ringing(engine, at(minutes=minutes), minutes=minutes).ring()
        assert await said(engine) == [("sla_breached", "first_response", 2), ("sla_warned", "first_response", 2)]
        await assert_true(engine)

    async def test_is_an_event_that_moves_no_list(self, engine: AsyncEngine, at: Callable[..., CaseStore]) -> None:
        await heard(at(), 1)
        before = await rows(engine, "SELECT activity_at FROM core.cases")
        await ringing(engine, at(hours=1), hours=1).ring()
        assert await rows(engine, "SELECT activity_at FROM core.cases") == before
        events = [
            case_event_adapter.validate_json(one) for (one,) in await rows(engine, "SELECT value FROM core.outbox")
        ]
        assert [one.change for one in events if one.kind == "case_changed"] == [
            "opened",
            "sla_breached",
            "sla_breached",
        ]

    async def test_what_was_answered_is_silent(self, engine: AsyncEngine, at: Callable[..., CaseStore]) -> None:
        answered, resolved = await heard(at(), 2)
        await at().apply([Reply(number=answered, agent=BUDI, text="Baik"), Resolve(number=resolved, agent=BUDI)])
        assert await ringing(engine, at(hours=9), hours=9).ring() == 0
        assert await count(engine, "cases WHERE due_at IS NOT NULL OR alarm_at IS NOT NULL") == 0

    async def test_a_late_answer_is_a_breach_without_any_alarm(
        self, engine: AsyncEngine, at: Callable[..., CaseStore]
    ) -> None:
        (late,) = await heard(at(), 1)
        (applied,) = await at(minutes=11).apply([Reply(number=late, agent=BUDI, text="Maaf")])
        kinds = await rows(engine, "SELECT kind, author FROM core.timeline WHERE seq > 3 ORDER BY seq")
        assert kinds == [("sla_breached", "system"), ("message", "agent")]
        assert isinstance(applied, Applied)
        assert applied.seq == 5
        await ringing(engine, at(minutes=11), minutes=11).ring()
        assert await said(engine) == [("sla_breached", "first_response", 1)]
        await assert_true(engine)

    async def test_is_counted(self, engine: AsyncEngine, at: Callable[..., CaseStore]) -> None:
        def counted() -> float:
            return REGISTRY.get_sample_value("kawal_sla_breaches_total", {"clock": "resolution"}) or 0

        before = counted()
        await heard(at(), 3)
        await ringing(engine, at(hours=1), hours=1).ring()
        assert counted() == before + 3

    async def test_one_that_comes_to_nothing_holds_up_nobody(
        self, engine: AsyncEngine, at: Callable[..., CaseStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sla_alarms, "AT_ONCE", 2)
        await heard(at(), 10)
        first = {
            case_id
            for (case_id,) in await rows(engine, "SELECT id::text FROM core.cases ORDER BY alarm_at, id LIMIT 4")
        }
        store = at(hours=1)

        async def nothing_of_the_first(inputs: Sequence[Input]) -> list[Outcome]:
            rest = [one for one in inputs if isinstance(one, TimerFired) and one.case_id not in first]
            return [*await store.apply(rest), *[Skipped()] * (len(inputs) - len(rest))]

        assert await SlaAlarms(engine, apply=nothing_of_the_first, clock=later(hours=1)).ring() == 6

    async def test_a_case_that_somebody_holds_holds_up_nobody(
        self, engine: AsyncEngine, dsn: str, at: Callable[..., CaseStore], numbers: CaseNumbers
    ) -> None:
        await heard(at(), 5)
        impatient = create_async_engine(
            async_url(dsn), connect_args={"server_settings": {"statement_timeout": "2000"}}, pool_size=5
        )
        store = CaseStore(impatient, numbers=numbers, policy=POLICY, clock=later(hours=1))
        async with engine.begin() as holder:
            held = "SELECT participant_id FROM core.cases ORDER BY alarm_at, id LIMIT 1"
            await holder.execute(text(f"SELECT FROM core.participants WHERE id = ({held}) FOR UPDATE"))
            assert await ringing(engine, store, hours=1).ring() == 4
        assert await ringing(engine, store, hours=1).ring() == 1
        await impatient.dispose()
        assert await said(engine) == [(kind, clock, 5) for kind, clock, _ in BOTH]

    async def test_while_nothing_can_be_written_it_gives_up(
        self, engine: AsyncEngine, at: Callable[..., CaseStore]
    ) -> None:
        await heard(at(), 9)
        asked: list[int] = []

        async def away(inputs: Sequence[Input]) -> list[Outcome]:
            asked.append(len(inputs))
            raise TransientError("PostgreSQL is away")

        with pytest.raises(TransientError):
            await SlaAlarms(engine, apply=away, clock=later(hours=1)).ring()
        assert asked == [9, 1, 1, 1]


class TestOnce:
    async def test_at_several_replicas(
        self, engine: AsyncEngine, at: Callable[..., CaseStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sla_alarms, "AT_ONCE", 3)
        await heard(at(), 10)
        store = at(hours=1)
        await asyncio.gather(*(ringing(engine, store, hours=1).ring() for _ in range(8)))
        assert await said(engine) == BOTH

    async def test_at_the_same_moment_without_the_lock(self, engine: AsyncEngine, at: Callable[..., CaseStore]) -> None:
        """Of 32 writers at once, with answers among them, one says it."""
        numbers, store = await heard(at(), 10), at(hours=1)
        cases = [case_id for (case_id,) in await rows(engine, "SELECT id::text FROM core.cases ORDER BY id")]
        alarms = [TimerFired(case_id, TimerKind.SLA, utc_now()) for case_id in cases]
        answers = [Reply(number=one, agent=BUDI, text="Maaf") for one in numbers]
        await asyncio.gather(*(store.apply(alarms) for _ in range(16)), *(store.apply([one]) for one in answers))
        assert await said(engine) == BOTH
        await assert_true(engine)

    async def test_after_the_process_was_killed(
        self, engine: AsyncEngine, dsn: str, at: Callable[..., CaseStore]
    ) -> None:
        """A real process, killed with -9 each time that it has rung for one or two more."""
        await heard(at(), 10)
        for kill in range(1, 4):
            process = await asyncio.create_subprocess_exec(sys.executable, str(KILLED), dsn)

            async def rung(more: int = kill) -> bool:
                return await count(engine, "timeline WHERE kind = 'sla_breached'") >= 4 * more

            await eventually(rung, timeout=60)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        assert await count(engine, "cases WHERE alarm_at < now() + interval '1 hour'") > 0

        async def all_rung() -> bool:  # PostgreSQL takes a moment to see that the killed one is gone
            await ringing(engine, at(hours=1), hours=1).ring()
            return await said(engine) == BOTH

        await eventually(all_rung, timeout=60)
        assert await ringing(engine, at(hours=2), hours=2).ring() == 0
        await assert_true(engine)


class TestBesideALaterVersion:
    async def test_members_that_it_added_are_no_hindrance(
        self, engine: AsyncEngine, at: Callable[..., CaseStore]
    ) -> None:
        (one,) = await heard(at(), 1)
        later = "jsonb_insert(clocks, '{0,-1}', '7', true) || jsonb_build_array(null)"
        async with engine.begin() as connection:
            for table in ("cases", "timeline"):
                await connection.execute(text(f"UPDATE core.{table} SET clocks = {later} WHERE clocks IS NOT NULL"))
        assert await ringing(engine, at(minutes=8), minutes=8).ring() == 1
        (answered,) = await at(minutes=9).apply([Reply(number=one, agent=BUDI, text="Baik")])
        assert isinstance(answered, Applied)
        await assert_true(engine)
