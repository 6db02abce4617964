"""A stream of this test only: topic, dead letters, group, and a service's table of parked keys."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.topics import Topic, dead_letters
from kawal.database.engines import opened
from kawal.database.tables import metadata
from kawal.kafka import Consumer, ConsumerSettings, DeadLetters, Producer, Record, headers, parked_keys_table
from kawal.kafka import topics as topic_admin
from kawal.observability import metrics

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def event(topic: str, *, key: str, number: int, event_id: str | None = None) -> KafkaMessage:
    envelope = Envelope(
        id=event_id or f"{key}/{number}", source="/test", type="kawal.test.v1", time=NOW, partition_key=key
    )
    return envelope.message(topic=topic, data=json.dumps({"number": number}).encode())


def decode(data: bytes) -> dict[str, Any] | None:
    read: dict[str, Any] = json.loads(data)
    return None if read.get("kind") == "from the future" else read


@dataclass
class Applied:
    """A service's handler: applies each event once, as with an inbox, and refuses on demand.

    `trouble(record)` may return an exception: it is raised before anything of the batch is applied.
    """

    trouble: Callable[[Record[Any]], Exception | None] = lambda _record: None
    batches: list[int] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    repeated: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, records: Sequence[Record[Any]]) -> None:
        self.entered.set()
        self.calls.update(record.envelope.id for record in records)
        await self.gate.wait()
        for record in records:
            if (error := self.trouble(record)) is not None:
                raise error
        self.batches.append(len(records))
        for record in records:
            if record.envelope.id in self.ids:
                self.repeated += 1
            else:
                self.ids.append(record.envelope.id)

    def of(self, key: str) -> list[int]:
        """The numbers applied for `key`, in the order in which they were."""
        return [int(one.rpartition("/")[2]) for one in self.ids if one.startswith(f"{key}/")]


@dataclass
class Stream:
    """One topic with its group, and what a test does with them."""

    bootstrap_servers: str
    engine: AsyncEngine
    table: Table
    producer: Producer
    topic: str
    group: str
    made: list[str]

    @property
    def dead_letter_topic(self) -> str:
        return dead_letters(topic=self.topic, group=self.group).name

    def message(self, key: str, number: int) -> KafkaMessage:
        return event(self.topic, key=key, number=number)

    def halted(self) -> bool:
        return metrics.CONSUMER_HALTED.labels(self.group)._value.get() == 1

    def restarts(self) -> float:
        return metrics.CONSUMER_RESTARTS.labels(self.group)._value.get()

    def rebalances(self) -> float:
        return metrics.CONSUMER_REBALANCES.labels(self.group)._value.get()

    def another_group(self) -> "Stream":
        return replace(self, group=f"{self.group}.other")

    async def create_dead_letters(self) -> None:
        wanted = [dead_letters(topic=self.topic, group=self.group)]
        self.made += await topic_admin.create(wanted, bootstrap_servers=self.bootstrap_servers)

    async def send(self, *messages: tuple[str, int]) -> None:
        await self.producer.send_all([event(self.topic, key=key, number=number) for key, number in messages])

    def letters(self) -> DeadLetters:
        return DeadLetters(
            group=self.group, engine=self.engine, table=self.table, bootstrap_servers=self.bootstrap_servers
        )

    def consumer(self, handle: Any, *, letters: DeadLetters | None = None, **settings: Any) -> Consumer[Any]:
        quick = {"backoff_first_s": 0.01, "backoff_max_s": 0.1, "commit_interval_s": 0.0, "heartbeat_s": 0.3}
        return Consumer(
            topics=[self.topic],
            group=self.group,
            decode=decode,
            handle=handle,
            dead_letters=letters or self.letters(),
            settings=ConsumerSettings(bootstrap_servers=self.bootstrap_servers, **(quick | settings)),
        )

    async def committed(self) -> int:
        """How many records the group has behind it."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self.group)
        except GroupCoordinatorNotAvailableError:
            return 0  # the broker is so young that nobody has committed anything
        finally:
            await admin.close()
        return sum(max(0, one.offset) for one in offsets.values())

    async def buried(self) -> list[Any]:
        """The letters in the dead-letter topic, in order."""
        return [raw for raw in await self.dead_letter_log() if headers.REPLAYED_THROUGH not in dict(raw.headers)]

    async def dead_letter_log(self) -> list[Any]:
        """Everything in the dead-letter topic, in order."""
        return await read_all(self.bootstrap_servers, self.dead_letter_topic)

    async def buried_ids(self) -> list[str]:
        return [dict(raw.headers)["ce_id"].decode() for raw in await self.buried()]

    async def parked(self) -> set[bytes]:
        async with self.engine.connect() as connection:
            return set(await connection.scalars(self.table.select().with_only_columns(self.table.c.key)))


async def read_all(bootstrap_servers: str, topic: str) -> list[Any]:
    client = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await client.start()
    try:
        partition = TopicPartition(topic, 0)
        client.assign([partition])
        end = (await client.end_offsets([partition]))[partition]
        client.seek(partition, (await client.beginning_offsets([partition]))[partition])
        found: list[Any] = []
        while await client.position(partition) < end:
            for records in (await client.getmany(partition, timeout_ms=500)).values():
                found += records
        return found
    finally:
        await client.stop()


@contextlib.asynccontextmanager
async def running(*consumers: Any) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(consumer.run()) for consumer in consumers]
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
async def parked_table(engine: AsyncEngine) -> Table:
    tables = metadata("kawal_test")
    table = parked_keys_table(tables)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS kawal_test"))
        await connection.run_sync(tables.create_all)
    return table


@pytest.fixture
async def producer(kafka_bootstrap: str) -> AsyncIterator[Producer]:
    producer = Producer(bootstrap_servers=kafka_bootstrap)
    yield producer
    await producer.stop()


@pytest.fixture
async def stream_of(
    kafka_bootstrap: str, engine: AsyncEngine, parked_table: Table, producer: Producer
) -> AsyncIterator[Callable[..., Any]]:
    """`await stream_of(partitions=2)`: a new stream; its topics are deleted afterwards."""
    made: list[str] = []

    async def make(*, partitions: int = 1, with_dead_letters: bool = True) -> Stream:
        suffix = uuid4().hex[:12]
        stream = Stream(kafka_bootstrap, engine, parked_table, producer, f"events.{suffix}", f"readers.{suffix}", made)
        wanted = [Topic(stream.topic, partitions=partitions)]
        if with_dead_letters:
            wanted.append(dead_letters(topic=stream.topic, group=stream.group))
        made.extend(await topic_admin.create(wanted, bootstrap_servers=kafka_bootstrap))
        return stream

    yield make
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.delete_topics(made)
    await admin.close()


@pytest.fixture
async def stream(stream_of: Callable[..., Any]) -> Any:
    return await stream_of()


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def applied_of() -> type[Applied]:
    return Applied


@pytest.fixture
def run() -> Any:
    """`async with run(consumer, …) as tasks`: the consumers run, and are cancelled afterwards."""
    return running


@pytest.fixture(name="decode")
def decode_fixture() -> Any:
    return decode
