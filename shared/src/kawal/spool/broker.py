"""How a drain talks to Kafka: one idempotent producer, batches made by hand, a look at what the logs hold."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from kawal.kafka.aborting import abort
from kawal.kafka.partitions import partition_of
from kawal.observability.logging import get_logger
from kawal.spool.model import Acknowledged, Mark, Place
from kawal.waiting import undisturbed

REQUEST_TIMEOUT_MS = 10_000
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
LOOK_ENDS_S = 2.0
FETCH_WAIT_MS = 200
# A batch holds one row at least and must stay below Kafka's default `max.message.bytes` (1 MiB).
MAX_BATCH_BYTES = 256 * 1024

log = get_logger()


async def start_producer(bootstrap_servers: str) -> AIOKafkaProducer:
    """A producer that is connected, or an error within `START_TIMEOUT_S`."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=30_000,
        max_batch_size=MAX_BATCH_BYTES,
    )
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await producer.start()
    except BaseException:
        await abort(producer)
        raise
    return producer


async def partition_for(producer: AIOKafkaProducer, *, topic: str, key: bytes) -> int:
    """The partition every Kafka client chooses for `key`.

    Raises:
        UnknownTopicOrPartitionError: there is no such topic.
    """
    return partition_of(key, partitions=len(await producer.partitions_for(topic)))


async def held(
    producer: AIOKafkaProducer, acknowledged: Mapping[Place, Acknowledged], *, bootstrap_servers: str
) -> dict[Place, bool]:
    """Whether the log of each partition still holds what it acknowledged.

    It does not where it ends before `last`, or has another record where `checked` was: then the topic was recreated,
    and has grown again. What the log has deleted because it became too old is no loss. Partitions of topics that do
    not exist are left out: a topic may come back empty, or not at all.
    """
    counts = {topic: await partition_count(producer, topic) for topic in {topic for topic, _ in acknowledged}}
    existing = [place for place in acknowledged if place[1] < counts[place[0]]]
    fewer = [place for place in acknowledged if place[1] >= counts[place[0]] > 0]
    found = dict.fromkeys(fewer, False)
    if existing:
        logs = {TopicPartition(*place): acknowledged[place] for place in existing}
        # When cancelled as well: aiokafka leaves a connection open that is just being made.
        await undisturbed(_look(logs, found, bootstrap=bootstrap_servers), within_s=LOOK_ENDS_S)
    return found


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    """0 when there is no such topic, after a while in which it might have come."""
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            return len(await producer.partitions_for(topic))
    except (TimeoutError, UnknownTopicOrPartitionError):
        log.warning("spool_topic_missing", topic=topic)
        return 0


async def _look(logs: Mapping[TopicPartition, Acknowledged], found: dict[Place, bool], *, bootstrap: str) -> None:
    async with _consumer(bootstrap) as consumer:
        found |= await _looked_up(consumer, logs)


async def _looked_up(consumer: AIOKafkaConsumer, logs: Mapping[TopicPartition, Acknowledged]) -> dict[Place, bool]:
    ends, begins = await consumer.end_offsets(logs), await consumer.beginning_offsets(logs)
    held = {log: ends[log] > known.last.offset for log, known in logs.items()}
    marks = {log: known.checked for log, known in logs.items() if held[log] and begins[log] <= known.checked.offset}
    records = await _first_from(consumer, {log: mark.offset for log, mark in marks.items()})
    held |= {log: _is_at(mark, records[log]) for log, mark in marks.items()}
    return {(log.topic, log.partition): holds for log, holds in held.items()}


async def _first_from(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
    """The record at each offset, or the oldest one where the log has ceased to reach back so far."""
    if not offsets:
        return {}
    consumer.assign(list(offsets))
    for log, offset in offsets.items():
        consumer.seek(log, offset)
    found: dict[TopicPartition, Any] = {}
    while len(found) < len(offsets):
        for log, records in (await consumer.getmany(timeout_ms=FETCH_WAIT_MS)).items():
            found[log] = records[0]
            consumer.pause(log)
    return found


def _is_at(mark: Mark, record: Any) -> bool:
    return record.offset != mark.offset or tuple(record.headers) == mark.headers


@asynccontextmanager
async def _consumer(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group for one look, within `START_TIMEOUT_S`."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        # One batch is enough, and always comes, however large it is.
        max_partition_fetch_bytes=1,
    )
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await consumer.start()
            yield consumer
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await consumer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("spool_consumer_not_stopped", error=error)
