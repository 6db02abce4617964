"""One partition's rows on their way to the broker, one batch at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from kawal.observability import metrics
from kawal.spool.model import Place, Sent, SpooledMessage
from kawal.spool.spool import Spool

DELIVERY_TIMEOUT_S = 20.0


class LogLost(Exception):
    """The broker's log does not hold any more what it acknowledged."""


class Lane:
    """Keeps the order of a partition.

    The next batch leaves only after the broker acknowledged the one before, so that no row can overtake one
    whose fate is unknown. The lanes of different partitions run side by side: one without a leader holds up
    only its own rows. (`kawal.kafka.producer` batches over partitions, so it cannot do that.)
    """

    def __init__(
        self,
        *,
        spool: Spool,
        producer: AIOKafkaProducer,
        place: Place,
        delivered: Callable[[list[SpooledMessage]], None],
    ) -> None:
        self._spool = spool
        self._producer = producer
        self._place = place
        self._delivered = delivered
        self._rows: deque[SpooledMessage] = deque()
        self._filled = asyncio.Event()

    def put(self, row: SpooledMessage) -> None:
        self._rows.append(row)
        self._filled.set()

    async def run(self) -> None:
        """Deliver until cancelled.

        Raises:
            TimeoutError: no answer in time; the batch may or may not be in the log.
            KafkaError: the broker refused.
            LogLost: the acknowledged offset shows that the log was started anew.
        """
        while True:
            await self._filled.wait()
            rows, batch = self._next_batch()
            base_offset = await self._send(batch)
            await self._mark(rows, base_offset)
            self._delivered(rows)
            if not self._rows:
                self._filled.clear()

    def _next_batch(self) -> tuple[list[SpooledMessage], BatchBuilder]:
        batch = self._producer.create_batch()
        rows: list[SpooledMessage] = []
        while self._rows and _fits(batch, self._rows[0]):
            rows.append(self._rows.popleft())
        batch.close()
        return rows, batch

    async def _send(self, batch: BatchBuilder) -> int:
        topic, partition = self._place
        async with asyncio.timeout(DELIVERY_TIMEOUT_S):
            started = time.perf_counter()
            delivery = await self._producer.send_batch(batch, topic, partition=partition)
            delivery.add_done_callback(_retrieve)
            metadata = await asyncio.shield(delivery)
            metrics.PRODUCE_SECONDS.observe(time.perf_counter() - started)
        offset: int = metadata.offset
        return offset

    async def _mark(self, rows: list[SpooledMessage], base_offset: int) -> None:
        topic, partition = self._place
        # -1 is what a broker answers that has the batch already, but not its offset.
        restarted = 0 <= base_offset <= self._spool.end(self._place)
        if restarted:
            await self._spool.mark_lost(topic, partition)
        offsets = range(base_offset, base_offset + len(rows)) if base_offset >= 0 else [-1] * len(rows)
        await self._spool.mark_sent(
            [
                Sent(row.seq, topic, partition, offset, row.message.headers)
                for row, offset in zip(rows, offsets, strict=True)
            ]
        )
        if restarted:
            raise LogLost(f"{topic}-{partition} was started anew")


def _retrieve(delivery: "asyncio.Future[Any]") -> None:
    """Look at the outcome, which may come when nobody waits any more: asyncio complains of errors nobody saw."""
    if not delivery.cancelled():
        delivery.exception()


def _fits(batch: BatchBuilder, row: SpooledMessage) -> bool:
    message = row.message
    appended = batch.append(
        timestamp=int(row.accepted_at * 1000),
        key=message.key,
        value=message.value,
        headers=list(message.headers),
    )
    return appended is not None
