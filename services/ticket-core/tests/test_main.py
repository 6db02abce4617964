"""The whole service, from Kafka to Kafka."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import NOW, contact, identity, message, number
from core_service import API_TOKEN, settings
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import Interaction
from kawal.contracts.topics import CASE_EVENTS, dead_letters
from kawal.kafka import Producer
from kawal.kafka import topics as kafka_topics
from kawal.service import Parts, Service, running
from kawal.testing import eventually
from ticket_core.console.wiring import HTMX
from ticket_core.main import Topics, opened
from ticket_core.settings import Settings
from ticket_core.store.stamps import StampsAhead
from ticket_core.store.store import CaseStore, utc_now

pytestmark = pytest.mark.integration

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AWAY = "postgresql://nobody@127.0.0.1:9/nothing"
PROGRAMME = Path(__file__).parents[3] / "programme"


@dataclass(frozen=True, slots=True)
class Stage:
    """A service's topics, with dead letters, and what it runs on."""

    topics: Topics
    kafka: str
    settings: Settings

    @property
    def service(self) -> Service:
        def parts() -> AbstractAsyncContextManager[Parts]:
            return opened(self.settings, topics=self.topics)

        return Service("ticket-core", settings=self.settings, port=0, opened=parts)

    async def produce(self, *events: tuple[str, Interaction]) -> None:
        producer = Producer(bootstrap_servers=self.kafka)
        try:
            await asyncio.gather(*(producer.send(self._message(*one)) for one in events))
        finally:
            await producer.stop()

    def _message(self, event_id: str, interaction: Interaction) -> KafkaMessage:
        kind, key = f"kawal.interaction.{interaction.kind}.v1", interaction.conversation_id
        envelope = Envelope(event_id, "/edge", kind, NOW, key, TRACEPARENT)
        return envelope.message(topic=self.topics.interactions, data=interaction.model_dump_json().encode())


@pytest.fixture
async def stage(
    dsn: str, kafka_bootstrap: str, topic_name: Callable[..., str], group_name: Callable[..., str], tmp_path: Path
) -> Stage:
    group = group_name("core")
    named = Topics(topic_name("interactions", partitions=4), topic_name("deliveries"), group)
    letters = [dead_letters(topic=topic, group=group) for topic in (named.interactions, named.deliveries)]
    await kafka_topics.create([CASE_EVENTS, *letters], bootstrap_servers=kafka_bootstrap)
    htmx = tmp_path / HTMX
    htmx.parent.mkdir(parents=True)
    htmx.write_text("")
    chosen = settings(dsn=dsn, state=tmp_path, kafka=kafka_bootstrap, programme_dir=PROGRAMME, console_assets=tmp_path)
    return Stage(named, kafka_bootstrap, chosen)


class TestService:
    async def test_from_kafka_to_the_screen(self, stage: Stage, engine: AsyncEngine) -> None:
        known = (identity(),)
        chat = ("chat/1", message(identities=known, reference=number(1), at=utc_now()))
        web = ("web/1", message("Lagi", conversation="web:cccccccc", identities=known, at=utc_now()))
        poison = ("chat/2", message(conversation="chat:poison00", at=NOW.replace(tzinfo=None)))
        await stage.produce(chat, web, chat, poison)
        async with running(stage.service) as address:
            headers = {"authorization": f"Bearer {API_TOKEN}"}
            async with httpx.AsyncClient(base_url=address.url, headers=headers) as client:

                async def heard() -> bool:
                    page = (await client.get("/v1/cases")).json()
                    return [sorted(item["channels"]) for item in page["items"]] == [["chat", "web"]]

                await eventually(heard, timeout=30)
                await eventually(lambda: _published(engine), timeout=30)
                await eventually(lambda: _parked(engine), timeout=30)
                answer = await client.post(f"/v1/cases/{number(1)}/replies", json={"text": "Baik"})
                assert answer.status_code == 201


class TestReadiness:
    async def test_says_when_postgresql_is_away(self, stage: Stage) -> None:
        # Nothing listens on the port for discarding.
        away = replace(stage, settings=stage.settings.model_copy(update={"postgres_dsn": AWAY}))
        for chosen, status in ((stage, 200), (away, 503)):
            async with running(chosen.service) as address, httpx.AsyncClient() as client:
                ready = await client.get(f"{address.operations_url}/readyz")
                assert ready.status_code == status
                assert ("postgres" in ready.json().get("failing", {})) == (chosen is away)


class TestStart:
    async def test_refused_over_a_database_of_another_cluster(
        self, stage: Stage, store: CaseStore, in_another_cluster: Callable[[], Awaitable[None]]
    ) -> None:
        await store.apply([contact()])
        await in_another_cluster()
        with pytest.raises(StampsAhead, match="kawal rebuild --restamp"):
            async with running(stage.service):
                pass


async def _parked(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        keys = await connection.scalars(text("SELECT key FROM core.parked_key"))
        return [bytes(key) for key in keys] == [b"chat:poison00"]


async def _published(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        query = text("SELECT count(*), count(published_at) FROM core.outbox")
        rows, published = (await connection.execute(query)).one()
    return bool(rows == published == 5)
