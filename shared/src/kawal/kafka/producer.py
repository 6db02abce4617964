"""The producer: idempotent, `acks=all`, every wait bounded."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerClosed,
    RecordListTooLargeError,
)

from kawal.contracts.envelope import KafkaMessage
from kawal.errors import PermanentError, TransientError
from kawal.kafka.aborting import abort
from kawal.kafka.partitions import partition_of
from kawal.observability import metrics
from kawal.observability.logging import get_logger

log = get_logger()

MAX_BATCH_BYTES = 1_000_000
_REJECTED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError)


class ProduceUnknown(TransientError):
    """No acknowledgement came in time: the message may or may not be in the log. Send it again."""


class ProduceRejected(PermanentError):
    """The broker will never take this message."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Where the broker has stored a message."""

    topic: str
    partition: int
    offset: int


class Producer:
    """Sends messages and returns once all in-sync replicas have them.

    Messages of one key keep the order in which they are sent, also over a failure: after one the client is thrown
    away together with what it had not sent yet, so nothing overtakes a message that the caller sends again.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        timeout_s: float = 30.0,
        max_request_bytes: int = MAX_BATCH_BYTES,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._timeout_s = timeout_s
        self._max_request_bytes = max_request_bytes
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Connect.

        Raises:
            TransientError: no broker answers. `send` connects by itself, so calling `start` again is optional.
        """
        await self._connected()

    async def stop(self, *, timeout_s: float = 5.0) -> None:
        """Flush what was sent, within `timeout_s`, and close."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await client.stop()
        except (TimeoutError, KafkaError) as error:
            log.warning("producer_stopped_late", error=error)
            await _abort(client)

    async def send(self, message: KafkaMessage) -> Ack:
        """Send one message and wait for its acknowledgement.

        Raises:
            ProduceUnknown: see there; also when no broker can be reached.
            ProduceRejected: too large, or not a topic.
        """
        return (await self.send_all([message]))[0]

    async def send_all(self, messages: Sequence[KafkaMessage]) -> list[Ack]:
        """Send `messages` together and wait for all; their order is kept for each key.

        Raises the same as `send`, after which any part of `messages` may be in the log.
        """
        if not messages:
            return []
        client = await self._connected()
        started = time.perf_counter()
        try:
            # Bounded in its own right: a batch expires after one timeout and may be in flight for another.
            async with asyncio.timeout(2 * self._timeout_s + 5):
                acks = await _send(client, messages)
        except _REJECTED as error:
            await self._discard(client)
            raise ProduceRejected(type(error).__name__) from error
        except (KafkaError, TimeoutError, OSError) as error:
            await self._discard(client)
            raise ProduceUnknown(type(error).__name__) from error
        except asyncio.CancelledError:
            # Whoever sends the same again must not be overtaken by what this client still holds.
            await self._discard(client)
            raise
        metrics.PRODUCE_SECONDS.observe(time.perf_counter() - started)
        return acks

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> AIOKafkaProducer:
        client = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(self._timeout_s * 1000),
            max_batch_size=self._max_request_bytes,
            max_request_size=self._max_request_bytes,
            retry_backoff_ms=100,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await client.start()
        except (KafkaError, TimeoutError, OSError) as error:
            await abort(client)
            raise ProduceUnknown(type(error).__name__) from error
        except asyncio.CancelledError:
            await abort(client)
            raise
        return client

    async def _discard(self, client: AIOKafkaProducer) -> None:
        if self._client is client:
            self._client = None
            await _abort(client)


async def _send(client: AIOKafkaProducer, messages: Sequence[KafkaMessage]) -> list[Ack]:
    # With all metadata known, the sends below never yield: one batch a partition, which fails or lands whole.
    counts = {topic: len(await client.partitions_for(topic)) for topic in {message.topic for message in messages}}
    futures = [
        await client.send(
            message.topic,
            value=message.value,
            key=message.key or None,
            partition=partition_of(message.key, partitions=counts[message.topic]),
            headers=list(message.headers),
        )
        for message in messages
    ]
    try:
        metadata: list[Any] = await asyncio.gather(*futures)
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [Ack(topic=one.topic, partition=one.partition, offset=one.offset) for one in metadata]


async def _abort(client: AIOKafkaProducer) -> None:
    """Close at once; whoever else waits for this client is told that the outcome is unknown."""
    client._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001 - see `abort`
    await abort(client)
