"""How a drain talks to Kafka: one idempotent producer, batches made by hand, end offsets of partitions."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from kawal.kafka.aborting import abort
from kawal.kafka.partitions import partition_of
from kawal.observability.logging import get_logger

REQUEST_TIMEOUT_MS = 10_000
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
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


async def end_offsets(
    producer: AIOKafkaProducer, partitions: Iterable[tuple[str, int]], *, bootstrap_servers: str
) -> dict[tuple[str, int], int]:
    """The offset behind the last record of each partition; 0 when the topic has fewer partitions than that.

    Partitions of topics that do not exist are left out: a topic may come back empty, or not at all.
    """
    existing: list[TopicPartition] = []
    ends: dict[tuple[str, int], int] = {}
    counts = {topic: await partition_count(producer, topic) for topic in {topic for topic, _ in partitions}}
    for topic, partition in partitions:
        if partition < counts[topic]:
            existing.append(TopicPartition(topic, partition))
        elif counts[topic]:
            ends[topic, partition] = 0
    found = await _fetch_end_offsets(existing, bootstrap_servers=bootstrap_servers)
    return ends | {(place.topic, place.partition): end for place, end in found.items()}


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    """0 when there is no such topic, after a while in which it might have come."""
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            return len(await producer.partitions_for(topic))
    except (TimeoutError, UnknownTopicOrPartitionError):
        log.warning("spool_topic_missing", topic=topic)
        return 0


async def _fetch_end_offsets(partitions: list[TopicPartition], *, bootstrap_servers: str) -> dict[TopicPartition, int]:
    if not partitions:
        return {}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await consumer.start()
            offsets: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
            return offsets
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await consumer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("spool_consumer_not_stopped", error=error)
