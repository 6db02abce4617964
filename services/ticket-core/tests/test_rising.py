"""Rates learnt from real cases, and suggestions made of what is above them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, claimed, contact, message
from core_tables import count, rows
from kawal.observability import metrics
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.domain.errors import SuggestionDecided
from ticket_core.rising import Rising
from ticket_core.store.incidents import Incidents
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.rises import Rises
from ticket_core.store.store import CaseStore

pytestmark = pytest.mark.integration

MATCHING = load_matching(Path(__file__).parents[3] / "programme")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MORNING = datetime.fromisoformat("2026-11-24T03:20:00+00:00")
DOWN = "dashboard error 500 tidak bisa dibuka"
TITLE = {"id": "Dasbor mati", "en": "The dashboard is down"}


class Clock:
    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hearing(engine: AsyncEngine, numbers: CaseNumbers, clock: Clock) -> CaseStore:
    return CaseStore(engine, numbers=numbers, clock=clock)


@pytest.fixture
async def rising(engine: AsyncEngine, hearing: CaseStore, clock: Clock) -> Rising:
    """Two days are known in which one person an hour came with this topic."""
    for hour in range(48):
        at = MORNING.replace(minute=30) - HOUR * (hour + 2)
        await hear(hearing, [at], topic="account.other", start=10_000 + hour)
    rising = Rising(engine, matching=MATCHING, clock=clock)
    for _ in range(3):
        await rising.look()
    return rising


async def hear(
    store: CaseStore,
    times: Iterable[datetime],
    *,
    start: int,
    topic: str | None = None,
    said: str = DOWN,
    **changes: object,
) -> None:
    await store.apply(
        [
            contact(message(said, conversation=f"chat:{start + at:08d}", at=when, topic=topic, **changes))
            for at, when in enumerate(times)
        ]
    )


def within(minutes: int, *, cases: int, until: datetime = MORNING) -> list[datetime]:
    return [until - MINUTE * minutes * ((at + 1) / cases) for at in range(cases)]


class TestLook:
    async def test_learns_whole_hours_once(self, engine: AsyncEngine, rising: Rising) -> None:
        hours = await rows(engine, "SELECT count(*), sum(people) FROM core.topic_hours WHERE topic = 'account.other'")
        assert hours == [(48, 48)]
        await rising.look()
        assert await count(engine, "topic_hours WHERE topic = 'account.other'") == 48

    async def test_a_quiet_hour_suggests_nothing(self, engine: AsyncEngine, rising: Rising, hearing: CaseStore) -> None:
        await hear(hearing, within(50, cases=3), start=0, topic="account.other")
        await rising.look()
        assert await count(engine, "topic_rises") == 0

    async def test_says_what_rose(self, engine: AsyncEngine, rising: Rising, hearing: CaseStore) -> None:
        await hear(hearing, within(40, cases=27), start=0, topic="account.other")
        await rising.look()
        (found,) = await Rises(engine).suggested()
        assert (found.topic, found.people, found.cases) == ("account.other", 27, 27)
        assert (found.since.hour, found.since.minute) == (2, 40)
        assert found.usual_per_hour < 2
        assert found.per_hour > 35
        assert "dashboard" in found.words
        assert metrics.INCIDENT_SUGGESTIONS._value.get() == 1

    async def test_one_person_fifty_times(self, engine: AsyncEngine, rising: Rising, hearing: CaseStore) -> None:
        """Fifty anonymous chats are fifty participants; that all of them claim one address gives him away."""
        him = (claimed("+6281234567890"),)
        await hear(hearing, within(40, cases=50), start=0, topic="account.other", identities=him)
        assert await count(engine, "cases WHERE topic = 'account.other'") == 98
        await rising.look()
        assert await count(engine, "topic_rises") == 0

    async def test_what_no_topic_names_has_the_same_words(
        self, engine: AsyncEngine, rising: Rising, hearing: CaseStore
    ) -> None:
        await hear(hearing, within(30, cases=12), start=0, said="kuis barista macet terus")
        await hear(hearing, within(30, cases=2), start=100, said="kapan gelombang berikut")
        await rising.look()
        (found,) = await Rises(engine).suggested()
        assert (found.topic, found.people, found.cases) == (None, 12, 12)

    async def test_different_words_without_a_topic_are_no_incident(
        self, engine: AsyncEngine, rising: Rising, hearing: CaseStore
    ) -> None:
        words = ["kucing", "gunung", "pantai", "kereta", "sepeda", "lampu", "meja", "pintu", "jendela", "taman"]
        for at, word in enumerate(words):
            await hear(hearing, within(20, cases=1), start=at, said=f"{word} {word}an")
        await rising.look()
        assert await count(engine, "topic_rises") == 0


class TestSuggestion:
    async def test_dismissed_is_not_repeated_for_the_same_rise(
        self, engine: AsyncEngine, rising: Rising, hearing: CaseStore, clock: Clock
    ) -> None:
        suggestions = Rises(engine)
        await hear(hearing, within(40, cases=20), start=0, topic="account.other")
        await rising.look()
        (found,) = await suggestions.suggested()
        await suggestions.dismiss(found.id, BUDI)
        clock.now += 30 * MINUTE
        await hear(hearing, within(25, cases=20, until=clock.now), start=100, topic="account.other")
        await rising.look()
        assert await suggestions.suggested() == []
        assert await rows(engine, "SELECT state, over_at IS NULL FROM core.topic_rises") == [("dismissed", True)]
        # It ends; what rises afterwards is another rise.
        clock.now += 2 * HOUR
        await rising.look()
        assert await rows(engine, "SELECT over_at IS NULL FROM core.topic_rises") == [(False,)]
        await hear(hearing, within(30, cases=30, until=clock.now), start=200, topic="account.other")
        await rising.look()
        assert [one.people for one in await suggestions.suggested()] == [30]

    async def test_of_an_open_incident_brings_it_more_cases(
        self, engine: AsyncEngine, rising: Rising, hearing: CaseStore
    ) -> None:
        incident = await Incidents(engine).create(BUDI, title=TITLE, topic="account.other")
        await hear(hearing, within(40, cases=20), start=0, topic="account.other")
        await rising.look()
        assert await Rises(engine).suggested() == []
        assert (await Incidents(engine).get(incident.id)).suggested == 20

    async def test_is_decided_once(self, engine: AsyncEngine, rising: Rising, hearing: CaseStore) -> None:
        await hear(hearing, within(40, cases=20), start=0, topic="account.other")
        await rising.look()
        (found,) = await Rises(engine).suggested()
        incidents = Incidents(engine)
        made = await incidents.create(BUDI, title=TITLE, topic=None, suggestion_id=found.id, key="the same key")
        again = await incidents.create(BUDI, title=TITLE, topic=None, suggestion_id=found.id, key="the same key")
        assert (made.id, made.topic, made.suggested) == (again.id, "account.other", 20)
        with pytest.raises(SuggestionDecided):
            await incidents.create(BUDI, title=TITLE, topic=None, suggestion_id=found.id)
        with pytest.raises(SuggestionDecided):
            await Rises(engine).dismiss(found.id, BUDI)
        assert await count(engine, "incidents") == 1

    async def test_reads_along_an_index(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = await connection.execute(
                text("EXPLAIN SELECT id FROM core.cases WHERE opened_at >= now() - interval '1h' AND opened_at < now()")
            )
            assert "cases_opened_idx" in "".join(row[0] for row in plan)
