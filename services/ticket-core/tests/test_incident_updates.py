"""One update, many cases: each told once, whatever dies on the way."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, contact, message, number
from core_tables import count, rows
from kawal.testing import eventually
from ticket_core import incident_updates
from ticket_core.domain.inputs import Input, JoinIncident, LeaveIncident, Resolve
from ticket_core.incident_updates import IncidentUpdates
from ticket_core.rebuild import differences
from ticket_core.store.incidents import Incidents
from ticket_core.store.store import CaseStore, Outcome

pytestmark = pytest.mark.integration

TITLE = {"id": "Situs mati", "en": "The site is down"}
TEXTS = {"id": "Sudah pulih", "en": "It is back"}
KILLED = Path(__file__).parent / "incident_updates_until_killed.py"


async def heard(store: CaseStore, cases: int, *, start: int = 0) -> list[str]:
    numbers = [number(start + at) for at in range(cases)]
    await store.apply(
        [
            contact(
                message(conversation=f"chat:{start + at:08d}", reference=numbers[at], locale="en" if at % 2 else "id")
            )
            for at in range(cases)
        ]
    )
    return numbers


async def joined(store: CaseStore, incident_id: str, numbers: Sequence[str]) -> None:
    await store.apply([JoinIncident(number=one, agent=BUDI, incident_id=incident_id, title=TITLE) for one in numbers])


@pytest.fixture
def incidents(engine: AsyncEngine) -> Incidents:
    return Incidents(engine)


@pytest.fixture
async def incident(incidents: Incidents, store: CaseStore) -> str:
    """An open incident with ten cases, 0 to 9."""
    view = await incidents.create(BUDI, title=TITLE, topic=None)
    await joined(store, view.id, await heard(store, 10))
    return view.id


async def told(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    """How often each case was told, what, and in how many events."""
    return await rows(
        engine,
        "SELECT number, locale, timeline.text, count(*) FROM core.timeline JOIN core.cases ON cases.id = case_id"
        " JOIN core.conversations ON conversations.id = timeline.conversation_id WHERE kind = 'update'"
        " GROUP BY number, locale, timeline.text",
    )


async def assert_each_told_once(engine: AsyncEngine, *, cases: int) -> None:
    found = await told(engine)
    assert len(found) == cases
    assert all((text, times) == (TEXTS[locale], 1) for _, locale, text, times in found)
    published = await rows(
        engine,
        "SELECT count(*) FROM core.outbox WHERE convert_from(value, 'UTF8') LIKE '%\"text\":\"Sudah pulih\"%'"
        " OR convert_from(value, 'UTF8') LIKE '%\"text\":\"It is back\"%'",
    )
    assert published == [(cases,)]
    assert [str(one) async for one in differences(engine)] == []


class TestTell:
    async def test_each_case_once_in_its_language(
        self, engine: AsyncEngine, store: CaseStore, incidents: Incidents, incident: str
    ) -> None:
        await incidents.write_update(incident, BUDI, texts=TEXTS)
        task = IncidentUpdates(engine, apply=store.apply)
        assert [await task.tell(), await task.tell()] == [10, 0]
        await assert_each_told_once(engine, cases=10)
        (update,) = await incidents.updates(incident)
        assert (update.waiting, update.told, update.refused) == (0, 10, 0)

    async def test_later_ones_are_not_told_unless_it_is_wished(
        self, engine: AsyncEngine, store: CaseStore, incidents: Incidents, incident: str
    ) -> None:
        await incidents.write_update(incident, BUDI, texts=TEXTS)
        late = await heard(store, 2, start=50)
        await joined(store, incident, late)
        task = IncidentUpdates(engine, apply=store.apply)
        assert await task.tell() == 10
        ids = [case_id for (case_id,) in await rows(engine, "SELECT id::text FROM core.cases ORDER BY id")]
        assert await incidents.tell_last(incident, ids) == 2
        assert await incidents.tell_last(incident, ids) == 0
        assert await task.tell() == 2
        await assert_each_told_once(engine, cases=12)

    async def test_who_left_or_is_closed_is_refused_and_counted(
        self, engine: AsyncEngine, store: CaseStore, incidents: Incidents, incident: str
    ) -> None:
        await incidents.write_update(incident, BUDI, texts=TEXTS)
        gone = LeaveIncident(number=number(0), agent=BUDI, incident_id=incident, title=TITLE)
        await store.apply([gone, Resolve(number=number(1), agent=BUDI)])
        await IncidentUpdates(engine, apply=store.apply).tell()
        (update,) = await incidents.updates(incident)
        assert (update.waiting, update.told, update.refused) == (0, 9, 1)
        refused = await rows(engine, "SELECT result FROM core.incident_tellings WHERE result <> 'told'")
        assert refused == [("not_in_incident",)]

    async def test_at_several_replicas(
        self,
        engine: AsyncEngine,
        store: CaseStore,
        incidents: Incidents,
        incident: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(incident_updates, "AT_ONCE", 3)
        for _ in range(2):
            await incidents.write_update(incident, BUDI, texts=TEXTS)
        replicas = [IncidentUpdates(engine, apply=store.apply) for _ in range(4)]
        while await count(engine, "incident_tellings WHERE result IS NULL"):
            await asyncio.gather(*(one.tell() for one in replicas))
        seqs = await rows(
            engine,
            "SELECT array_agg(CAST(payload ->> 'update' AS integer) ORDER BY seq) FROM core.timeline"
            " WHERE kind = 'update' GROUP BY case_id",
        )
        assert seqs == [([1, 2],)] * 10

    @pytest.mark.parametrize("before", [True, False])
    async def test_goes_on_after_it_died(
        self, engine: AsyncEngine, store: CaseStore, incidents: Incidents, incident: str, *, before: bool
    ) -> None:
        await incidents.write_update(incident, BUDI, texts=TEXTS)

        async def dies(inputs: Sequence[Input]) -> list[Outcome]:
            if not before:
                await store.apply(inputs[:7])
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await IncidentUpdates(engine, apply=dies).tell()
        assert len(await told(engine)) == (0 if before else 7)
        assert await IncidentUpdates(engine, apply=store.apply).tell() == 10
        await assert_each_told_once(engine, cases=10)

    async def test_goes_on_after_the_process_was_killed(
        self, engine: AsyncEngine, dsn: str, store: CaseStore, incidents: Incidents, incident: str
    ) -> None:
        """A real process, killed with -9 each time that it has told one or two more: after the case, before its row."""
        await incidents.write_update(incident, BUDI, texts=TEXTS)
        for kill in range(1, 4):
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(KILLED), dsn, env={**os.environ, "KILLED_AT_ONCE": "3"}
            )

            async def has_told(enough: int = 2 * kill) -> bool:
                return len(await told(engine)) >= enough

            await eventually(has_told, timeout=30, interval=0.01)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        assert await count(engine, "incident_tellings WHERE result IS NULL") > 0
        task = IncidentUpdates(engine, apply=store.apply)
        async with asyncio.timeout(30):  # PostgreSQL takes a moment to see that the killed one is gone
            while await count(engine, "incident_tellings WHERE result IS NULL"):
                await task.tell()
        await assert_each_told_once(engine, cases=10)
