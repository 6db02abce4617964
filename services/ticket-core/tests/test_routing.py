"""Routing on the real database: what is planned, applied, and what stands in its way."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, form, message, number
from core_tables import rows
from kawal.contracts.case_events import QueueMoved, case_event_adapter
from kawal.testing import eventually
from routing_factories import Shift
from ticket_core.domain.case import Agent
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Assign, Input, Reply, Resolve
from ticket_core.domain.presence import Presence
from ticket_core.rebuild import differences
from ticket_core.routing import Routing
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome, utc_now

pytestmark = pytest.mark.integration


@pytest.fixture
def shift(engine: AsyncEngine) -> Shift:
    return Shift(engine)


async def arrive(store: CaseStore, *indexes: int, **changes: Any) -> list[str]:
    """New chats, one after the other; their numbers are `number(index)`."""
    found = []
    for index in indexes:
        heard = message(conversation=f"chat:{index:08d}", reference=number(index), at=utc_now(), **changes)
        applied = (await store.apply([contact(heard)]))[0]
        assert isinstance(applied, Applied)
        found.append(applied.case_id)
    return found


async def holders(engine: AsyncEngine) -> list[str | None]:
    found = await rows(engine, "SELECT assignee_id FROM core.cases ORDER BY opened_at, id")
    return [str(one) if one else None for (one,) in found]


class TestRound:
    async def test_gives_what_waits_to_who_is_there(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        dewi = await shift.come("dewi")
        await shift.hire("budi")
        await arrive(store, 1, 2)
        assert await shift.routing(store.apply).round() == 2
        assert await holders(engine) == [dewi, dewi]
        assert await shift.routing(store.apply).round() == 0

    async def test_writes_an_entry_like_any_other(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        dewi = await shift.come("dewi")
        await arrive(store, 1)
        await shift.routing(store.apply).round()
        query = "SELECT seq, author, payload ->> 'assignee_id' FROM core.timeline WHERE kind = 'assigned'"
        assert await rows(engine, query) == [(4, "system", dewi)]
        assert [one async for one in differences(engine)] == []

    async def test_up_to_the_capacity(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        dewi = await shift.come("dewi", capacity=4)
        await arrive(store, 1, 2, 3)
        await shift.routing(store.apply).round()
        assert await holders(engine) == [dewi, dewi, None]

    async def test_evenly(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        people = [await shift.come(name) for name in ("dewi", "budi", "sari")]
        routing = shift.routing(store.apply)
        for index in range(6):
            await arrive(store, index)
            await routing.round()
        assert Counter(await holders(engine)) == dict.fromkeys(people, 2)

    async def test_by_skill_and_language(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await shift.come("dewi", languages=frozenset({"en"}))
        budi = await shift.come("budi", skills=frozenset({"fraud"}))
        await arrive(store, 1, topic="account.fraud")
        await shift.routing(store.apply).round()
        assert await holders(engine) == [budi]

    async def test_an_answered_chat_still_counts_for_a_while(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        dewi = await shift.come("dewi", capacity=2)
        await arrive(store, 1)
        routing = shift.routing(store.apply)
        await routing.round()
        await store.apply([Reply(number=number(1), agent=Agent(dewi, "Dewi"), text="Baik")])
        await arrive(store, 2)
        assert await routing.round() == 0
        shift.pass_time(minutes=16)
        await shift.attendances.choose(dewi, Presence.AVAILABLE, now=shift.now())
        assert await routing.round() == 1

    async def test_to_who_helped_last(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await shift.come("dewi")
        budi = await shift.come("budi")
        await arrive(store, 1, topic="account.change_contact")
        await store.apply([Assign(number=number(1), agent=Agent(budi, "Budi"), assignee=Agent(budi, "Budi"))])
        await store.apply([Resolve(number=number(1), agent=Agent(budi, "Budi"))])
        # The same person, another problem, and Budi has more to do than Dewi.
        await arrive(store, 2)
        await store.apply([Assign(number=number(2), agent=Agent(budi, "Budi"), assignee=Agent(budi, "Budi"))])
        again = message("Ini soal lain", conversation="chat:00000001", at=utc_now(), topic="account.other")
        await store.apply([contact(again)])
        await shift.routing(store.apply).round()
        assert await holders(engine) == [budi, budi, budi]


class TestWhatAgentsDo:
    async def test_wins_over_what_was_planned(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        """Sari takes the case while routing is about to give it to Dewi."""
        await shift.come("dewi")
        sari = Agent(await shift.hire("sari"), "Sari")
        await arrive(store, 1)

        async def after_sari(inputs: Sequence[Input]) -> list[Outcome]:
            await store.apply([Assign(number=number(1), agent=sari, assignee=sari)])
            return await store.apply(inputs)

        assert await shift.routing(after_sari).round() == 0
        assert await holders(engine) == [sari.id]

    async def test_a_case_of_somebody_who_was_never_there_is_his(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        await shift.come("dewi")
        sari = Agent(await shift.hire("sari"), "Sari")
        await arrive(store, 1)
        await store.apply([Assign(number=number(1), agent=sari, assignee=sari)])
        shift.pass_time(hours=5)
        assert await shift.routing(store.apply).round() == 0
        assert await holders(engine) == [sari.id]


class TestGoingAway:
    async def test_others_get_what_waits_after_the_grace(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        dewi = await shift.come("dewi")
        await arrive(store, 1)
        routing = shift.routing(store.apply)
        await routing.round()
        budi = await shift.come("budi")
        await shift.attendances.choose(dewi, Presence.AWAY, now=shift.now())
        shift.pass_time(seconds=100)
        await shift.attendances.seen(budi, now=shift.now())
        assert await routing.round() == 0
        shift.pass_time(seconds=30)
        assert await routing.round() == 1
        assert await holders(engine) == [budi]

    async def test_by_itself_when_the_screen_says_nothing_any_more(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        dewi = await shift.come("dewi")
        await arrive(store, 1)
        routing = shift.routing(store.apply)
        await routing.round()
        shift.pass_time(minutes=4)
        assert await routing.round() == 1
        assert await holders(engine) == [None]  # nobody else is there: it waits, for all to see
        await shift.attendances.choose(dewi, Presence.AVAILABLE, now=shift.now())
        assert await routing.round() == 1
        assert await holders(engine) == [dewi]

    async def test_what_he_takes_while_away_is_his_until_his_screen_is_closed(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        dewi = Agent(await shift.come("dewi"), "Dewi")
        await shift.attendances.choose(dewi.id, Presence.AWAY, now=shift.now())
        await arrive(store, 1)
        await store.apply([Assign(number=number(1), agent=dewi, assignee=dewi)])
        routing = shift.routing(store.apply)
        for _ in range(10):
            shift.pass_time(minutes=1)
            await shift.attendances.seen(dewi.id, now=shift.now())
            assert await routing.round() == 0
        shift.pass_time(minutes=4)
        assert await routing.round() == 1
        assert await holders(engine) == [None]

    async def test_what_was_answered_stays_his(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        dewi = await shift.come("dewi")
        await arrive(store, 1)
        routing = shift.routing(store.apply)
        await routing.round()
        await store.apply([Reply(number=number(1), agent=Agent(dewi, "Dewi"), text="Baik")])
        shift.pass_time(hours=3)
        assert await routing.round() == 0
        assert await holders(engine) == [dewi]

    async def test_whoever_was_gone_comes_back_as_away(self, shift: Shift) -> None:
        dewi = await shift.come("dewi")
        shift.pass_time(minutes=14)
        await shift.attendances.seen(dewi, now=shift.now())
        assert (await shift.attendances.colleague(dewi)).presence(
            attendance=shift.attendances.attendance, now=shift.now()
        ) is Presence.AVAILABLE
        shift.pass_time(minutes=16)
        await shift.attendances.seen(dewi, now=shift.now())
        assert (await shift.attendances.colleague(dewi)).presence(
            attendance=shift.attendances.attendance, now=shift.now()
        ) is Presence.AWAY


class TestReplicas:
    async def test_one_at_a_time(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await shift.come("dewi", capacity=1_000)
        await arrive(store, *range(10))
        await asyncio.gather(*(shift.routing(store.apply).round() for _ in range(4)))
        assigned = await rows(engine, "SELECT case_id FROM core.timeline WHERE kind = 'assigned'")
        assert len(assigned) == len(set(assigned)) == 10

    async def test_only_one_while_another_is_at_it(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await shift.come("dewi")
        await arrive(store, 1)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(inputs: Sequence[Input]) -> list[Outcome]:
            begun.set()
            await go_on.wait()
            return await store.apply(inputs)

        first = asyncio.create_task(shift.routing(slowly).round())
        await begun.wait()
        assert await shift.routing(store.apply).round() == 0
        go_on.set()
        assert await first == 1


class TestRun:
    async def test_is_woken_by_what_comes(self, engine: AsyncEngine, numbers: CaseNumbers, shift: Shift) -> None:
        woken = list[Routing]()

        def committed() -> None:
            woken[0].wake()

        store = CaseStore(engine, numbers=numbers, committed=committed)
        routing = shift.routing(store.apply)
        woken.append(routing)
        dewi = await shift.come("dewi")
        running = asyncio.create_task(routing.run())
        try:
            await arrive(store, 1)
            await eventually(lambda: _all_with(engine, dewi))
        finally:
            running.cancel()
            await asyncio.wait([running])


async def _all_with(engine: AsyncEngine, agent_id: str) -> bool:
    return set(await holders(engine)) == {agent_id}


async def places_told(engine: AsyncEngine) -> list[tuple[str, int]]:
    """Conversation and position of all that was told so far, in order."""
    found = await rows(engine, "SELECT value FROM core.outbox ORDER BY id")
    events = [case_event_adapter.validate_json(value) for (value,) in found]
    return [(one.conversation_id, one.position) for one in events if isinstance(one, QueueMoved)]


class TestTelling:
    async def test_each_place_once_and_that_it_is_over(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        dewi = Agent(await shift.come("dewi", capacity=2), "Dewi")
        await arrive(store, 1, 2, 3)
        routing = shift.routing(store.apply)
        await routing.round()
        await routing.round()
        told = [("chat:00000002", 1), ("chat:00000003", 2)]
        assert await places_told(engine) == told
        await store.apply([Assign(number=number(2), agent=dewi, assignee=dewi)])
        await routing.round()
        assert await places_told(engine) == [*told, ("chat:00000002", 0), ("chat:00000003", 1)]

    async def test_nothing_while_nobody_is_there(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await arrive(store, 1)
        await shift.routing(store.apply).round()
        assert await places_told(engine) == []

    async def test_not_forms(self, engine: AsyncEngine, store: CaseStore, shift: Shift) -> None:
        await shift.come("dewi", capacity=1)
        for index in range(2):
            await store.apply([contact(form(conversation=f"web:{index:08d}", at=utc_now(), reference=number(index)))])
        await shift.routing(store.apply).round()
        assert Counter(await holders(engine))[None] == 1
        assert await places_told(engine) == []


class TestDepartures:
    async def test_are_remembered_once_and_not_for_ever(
        self, engine: AsyncEngine, store: CaseStore, shift: Shift
    ) -> None:
        routing = shift.routing(store.apply)
        dewi = Agent(await shift.come("dewi", capacity=0), "Dewi")
        await arrive(store, 1, 2)
        await routing.round()
        await store.apply([Assign(number=number(1), agent=dewi, assignee=dewi)])
        await routing.round()
        await routing.round()
        assert await rows(engine, "SELECT weight, language FROM core.queue_departures") == [(2, "id")]
        shift.pass_time(hours=2)
        await shift.attendances.choose(dewi.id, Presence.AVAILABLE, now=shift.now())
        await store.apply([Assign(number=number(2), agent=dewi, assignee=dewi)])
        await routing.round()
        found = await rows(engine, "SELECT left_at FROM core.queue_departures")
        assert len(found) == 1
        assert abs(found[0][0] - shift.now()) < timedelta(minutes=1)
