import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, contact, message, number
from ticket_core.domain.inputs import Resolve
from ticket_core.domain.policy import Policy
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, utc_now
from ticket_core.timers import Timers

pytestmark = pytest.mark.integration


async def states(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT state FROM core.cases")))


async def due(engine: AsyncEngine, store: CaseStore, *, cases: int) -> None:
    """Cases that were resolved, and have waited long enough."""
    for index in range(cases):
        await store.apply([contact(message(conversation=f"chat:{index:08d}", reference=number(index)))])
    await store.apply([Resolve(number=number(index), agent=BUDI) for index in range(cases)])


def at_once() -> Policy:
    return Policy(reopen_within=timedelta(0), close_after=timedelta(0))


def later(**duration: float) -> Callable[[], datetime]:
    return lambda: utc_now() + timedelta(**duration)


class TestFire:
    async def test_closes_resolved_cases(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        store = CaseStore(engine, numbers=numbers, policy=at_once())
        await due(engine, store, cases=3)
        timers = Timers(engine, apply=store.apply)
        assert await timers.fire() == 3
        assert await states(engine) == ["closed"] * 3
        assert await timers.fire() == 0

    async def test_not_before_its_time(self, engine: AsyncEngine, store: CaseStore) -> None:
        await due(engine, store, cases=1)
        assert await Timers(engine, apply=store.apply, clock=later(days=13)).fire() == 0
        assert await states(engine) == ["resolved"]

    async def test_at_several_replicas(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        store = CaseStore(engine, numbers=numbers, policy=at_once())
        await due(engine, store, cases=20)
        fired = await asyncio.gather(*(Timers(engine, apply=store.apply).fire() for _ in range(4)))
        assert sum(fired) == 20
        assert await states(engine) == ["closed"] * 20

    async def test_what_was_taken_and_never_done_is_fired_again(
        self, engine: AsyncEngine, numbers: CaseNumbers
    ) -> None:
        store = CaseStore(engine, numbers=numbers, policy=at_once())
        await due(engine, store, cases=1)

        async def dies(_inputs: object) -> list[object]:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await Timers(engine, apply=dies).fire()  # type: ignore[arg-type]
        assert await Timers(engine, apply=store.apply).fire() == 0
        assert await Timers(engine, apply=store.apply, clock=later(minutes=2)).fire() == 1
        assert await states(engine) == ["closed"]

    async def test_one_that_is_not_the_case_s_own_is_fired_once(self, engine: AsyncEngine, store: CaseStore) -> None:
        await due(engine, store, cases=1)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE core.timers SET due_at = now(), fire_at = now()"))
        timers = Timers(engine, apply=store.apply, clock=later(seconds=1))
        assert await timers.fire() == 1
        assert await states(engine) == ["resolved"]
        assert await Timers(engine, apply=store.apply, clock=later(minutes=2)).fire() == 0
