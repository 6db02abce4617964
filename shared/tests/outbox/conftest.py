import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.envelope import KafkaMessage
from kawal.database.engines import opened
from kawal.database.tables import metadata
from kawal.outbox import OutboxRelay, append, create_outbox, outbox_table


@dataclass
class Box:
    """An outbox of this test only, and the topic that it is published to."""

    engine: AsyncEngine
    table: Table
    topic: str
    bootstrap_servers: str

    def message(self, key: str, number: int) -> KafkaMessage:
        return KafkaMessage(self.topic, key.encode(), str(number).encode(), (("ce_id", f"{key}/{number}".encode()),))

    async def append(self, *messages: tuple[str, int]) -> None:
        async with self.engine.begin() as connection:
            await append(connection, self.table, [self.message(*message) for message in messages])

    def relay(self, **options: Any) -> OutboxRelay:
        return OutboxRelay(engine=self.engine, table=self.table, bootstrap_servers=self.bootstrap_servers, **options)

    async def unpublished(self) -> int:
        query = select(func.count()).select_from(self.table).where(self.table.c.published_at.is_(None))
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def published(self) -> list[tuple[str, int]]:
        """What is in the topic: keys and numbers, in order."""
        client = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers, enable_auto_commit=False)
        await client.start()
        try:
            partition = TopicPartition(self.topic, 0)
            client.assign([partition])
            end = (await client.end_offsets([partition]))[partition]
            client.seek(partition, 0)
            found: list[Any] = []
            while len(found) < end:
                found += (await client.getmany(partition, timeout_ms=500)).get(partition, [])
            return [(raw.key.decode(), int(raw.value)) for raw in found]
        finally:
            await client.stop()


@contextlib.asynccontextmanager
async def running(*relays: OutboxRelay) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture
async def engine(database: Callable[..., str]) -> AsyncIterator[AsyncEngine]:
    async with opened(database()) as engine:
        yield engine


@pytest.fixture
async def outbox(engine: AsyncEngine) -> AsyncIterator[Table]:
    schema = f"outbox_{uuid4().hex[:12]}"

    def migrate(connection: Connection) -> None:
        create_outbox(Operations(MigrationContext.configure(connection)), schema)

    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {schema}"))
        await connection.run_sync(migrate)
    yield outbox_table(metadata(schema))
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))


@pytest.fixture
def box(engine: AsyncEngine, outbox: Table, topic_name: Callable[..., str], kafka_bootstrap: str) -> Box:
    return Box(engine, outbox, topic_name("outbox"), kafka_bootstrap)


@pytest.fixture
def run() -> Any:
    """`async with run(relay, …) as tasks`: the relays run, and are cancelled afterwards."""
    return running
