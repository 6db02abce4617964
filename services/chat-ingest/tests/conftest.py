"""The whole service on free ports, on the real PostgreSQL and the real broker."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chat_factories import send_outbound, settings
from chat_ingest.main import NAME, PORT, opened
from chat_ingest.store.transcript import StoredTranscript
from kawal import database
from kawal.contracts.outbound import OutboundMessage, OutboundQueue
from kawal.contracts.topics import DELIVERIES, INTERACTIONS, Topic, dead_letters
from kawal.kafka import topics
from kawal.service import Service
from kawal.testing.databases import Databases
from kawal.testing.topics import Topics
from kawal.testing.waiting import eventually, run_apart


@dataclass
class Edge:
    """A running chat-ingest and how to reach what is around it."""

    url: str
    operations_url: str
    kafka: str
    outbound_topic: str
    client: httpx.AsyncClient = field(repr=False)
    transcript: StoredTranscript = field(repr=False)

    async def session(self, **fields: Any) -> tuple[str, str]:
        """Token and conversation id of a new session."""
        response = await self.client.post("/v1/chat/sessions", json=fields)
        assert response.status_code == 201, response.text
        return response.json()["session_token"], response.json()["conversation_id"]

    async def send_out(self, *messages: OutboundMessage | OutboundQueue) -> None:
        await send_outbound(self.kafka, self.outbound_topic, messages)

    async def has_written(self, conversation_id: str, seq: int) -> bool:
        """Whether the transcript goes up to `seq`."""
        return bool(await self.transcript.after(conversation_id, seq=seq - 1, limit=1))

    async def is_ready(self) -> bool:
        return (await self.client.get(f"{self.operations_url}/readyz")).status_code == 200


@dataclass
class Edges:
    """Starts edges that share a broker, a database and a topic of outbound messages."""

    kafka: str
    dsn: str
    outbound_topic: str
    group: str

    def service(self, state: Path, **changes: Any) -> Service:
        chosen = settings(postgres_dsn=self.dsn, kafka=self.kafka, state=state, **changes)
        return Service(
            NAME,
            settings=chosen,
            port=PORT,
            opened=partial(opened, chosen, outbound_topic=self.outbound_topic, group=self.group),
        )

    @asynccontextmanager
    async def run(self, service: Service, *, port: int = 0) -> AsyncIterator[Edge]:
        """The edge once it is ready; port 0 takes a free one."""
        async with (
            service.serving(port, 0) as address,
            httpx.AsyncClient(base_url=address.url, timeout=60) as client,
            database.opened(self.dsn) as engine,
        ):
            transcript = StoredTranscript(engine)
            edge = Edge(address.url, address.operations_url, self.kafka, self.outbound_topic, client, transcript)
            await eventually(edge.is_ready, timeout=30)
            yield edge


@pytest.fixture(scope="session")
def edges(kafka_bootstrap: str, databases: Databases) -> Iterator[Edges]:
    made = Topics(kafka_bootstrap)
    outbound_topic = made.create("outbound-chat", partitions=2)
    group = f"chat-ingest.{uuid4().hex[:12]}"
    buried = dead_letters(topic=outbound_topic, group=group)
    wanted: list[Topic] = [INTERACTIONS, DELIVERIES, buried]
    run_apart(partial(topics.create, wanted, bootstrap_servers=kafka_bootstrap))
    made._made.append(buried.name)
    yield Edges(kafka_bootstrap, databases.empty("chat-ingest"), outbound_topic, group)
    made.delete_all()


@pytest.fixture(scope="module")
async def edge(edges: Edges, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """One edge for a module's tests that only talk to it; each has conversations of its own.

    Not for the whole run: the loop stands still in tests that do not use it, for minutes in some of other packages.
    """
    async with edges.run(edges.service(tmp_path_factory.mktemp("edge"))) as running_edge:
        yield running_edge
