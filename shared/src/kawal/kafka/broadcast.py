"""What every replica reads: all of a topic, from its end, without a group."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from kawal.backoff import Backoff
from kawal.errors import TransientError
from kawal.kafka import clients, headers
from kawal.kafka.decode import Decode, arrival
from kawal.kafka.record import Raw, Record
from kawal.observability import metrics
from kawal.observability.logging import get_logger

T = TypeVar("T")

STALL_S = 60.0
POLL_MS = 500

log = get_logger()


class Broadcast(Generic[T]):
    """Hands each new record of `topics` to `handle`, as far as possible.

    For live pushes whose receivers can see a gap and read what they missed elsewhere: a record that `handle` fails
    on, or that cannot be decoded, is logged and passed over. After an interruption reading goes on where it was.
    `ready` is set while records are being read.
    """

    def __init__(
        self,
        *,
        topics: Sequence[str],
        decode: Decode[T],
        handle: Callable[[Sequence[Record[T]]], Awaitable[None]],
        bootstrap_servers: str,
    ) -> None:
        self.ready = asyncio.Event()
        self._topics = list(topics)
        self._decode = decode
        self._handle = handle
        self._bootstrap_servers = bootstrap_servers
        self._positions: dict[Any, int] = {}
        self._polled_at = time.monotonic()

    def alive(self) -> bool:
        """Whether the loop polls, or at least tries to connect."""
        return time.monotonic() - self._polled_at <= 2 * STALL_S

    async def run(self) -> None:
        """Read until cancelled."""
        backoff = Backoff(first_s=0.1, max_s=5.0)
        while True:
            try:
                await self._session(backoff)
            except (KafkaError, TransientError, OSError) as error:
                metrics.CONSUMER_RESTARTS.labels("broadcast").inc()
                log.warning("broadcast_replaced", topics=self._topics, error=error)
            self._polled_at = time.monotonic()
            await asyncio.sleep(backoff.next())

    async def _session(self, backoff: Backoff) -> None:
        client = clients.lone_consumer(*self._topics, bootstrap_servers=self._bootstrap_servers, from_end=True)
        try:
            await clients.started(client, topics=self._topics)
            await self._seek(client)
            self.ready.set()
            backoff.reset()
            while True:
                await self._pass_on(await self._poll(client))
        finally:
            self.ready.clear()
            await clients.stopped(client)

    async def _seek(self, client: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(STALL_S):
            ends = await client.end_offsets(client.assignment())
            for partition, offset in ends.items():
                # A topic that was made anew starts over: then the position of old lies beyond its end.
                known = self._positions.get(partition, offset)
                client.seek(partition, min(known, offset))

    async def _poll(self, client: AIOKafkaConsumer) -> list[Raw]:
        async with asyncio.timeout(STALL_S):
            polled = await client.getmany(timeout_ms=POLL_MS)
        self._polled_at = time.monotonic()
        for partition, records in polled.items():
            self._positions[partition] = records[-1].offset + 1
        return [raw for records in polled.values() for raw in records]

    async def _pass_on(self, batch: Sequence[Raw]) -> None:
        records = [record for raw in batch if (record := self._decoded(raw))]
        if not records:
            return
        try:
            await self._handle(records)
        except Exception as error:  # noqa: BLE001 - best effort, see the class
            metrics.CONSUMER_FAILURES.labels("broadcast", "unexpected").inc()
            log.error("broadcast_failed", records=len(records), error=error)  # noqa: TRY400 - structlog

    def _decoded(self, raw: Raw) -> Record[T] | None:
        if headers.ADDED & {name for name, _ in raw.headers}:
            return None  # a replay for some group; every replica has had the original
        found = arrival(raw, group="", decode=self._decode)
        if found is not None and found.fault is not None:
            log.warning("broadcast_undecodable", topic=raw.topic, partition=raw.partition, offset=raw.offset)
        return found.record if found else None
