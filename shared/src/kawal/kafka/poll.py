"""Step 1, poll: records in the order of their partitions, and the pause while a batch takes its time."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer

from kawal.kafka.drain import Drain
from kawal.kafka.record import Raw
from kawal.kafka.settings import ConsumerSettings
from kawal.pace import Pace

IDLE_POLL_MS = 500


class Stalled(Exception):
    """The client makes no progress although it should: throw it away."""


class Poll:
    """Collects batches, and remembers when it last came back from a poll."""

    def __init__(self, client: AIOKafkaConsumer, *, drain: Drain, settings: ConsumerSettings) -> None:
        self._client = client
        self._drain = drain
        self._settings = settings
        self._kept: list[Raw] = []
        self._kept_generation = 0
        self._pace = Pace(least_s=settings.pace_s)
        self._in_hand = False
        self.polled_at = time.monotonic()
        self.received_at = time.monotonic()

    async def batch(self) -> tuple[list[Raw], int]:
        """Up to `max_records`, perhaps none, with the generation of the assignment that they belong to.

        Asking for the next one says that the one before is done. Comes back at once when something is there, unless
        it would be too early for a batch that is not full, see `kawal.pace`.

        Raises:
            Stalled: the poll itself did not come back.
        """
        if self._in_hand:
            self._pace.end(time.monotonic())
        records = self._take_kept()
        if not records:
            records = await self._poll(IDLE_POLL_MS, limit=self._settings.max_records)
        generation = self._drain.generation
        missing = self._settings.max_records - len(records)
        early_s = self._pace.early_s(time.monotonic())
        if records and missing > 0 and early_s > 0:
            await asyncio.sleep(early_s)
            more = await self._poll(0, limit=missing)
            # If partitions were revoked meanwhile, what came before is somebody else's now.
            records = records + more if generation == self._drain.generation else more
        self._in_hand = bool(records)
        if self._in_hand:
            self._pace.begin(time.monotonic())
        return records, self._drain.generation

    def _take_kept(self) -> list[Raw]:
        kept, self._kept = self._kept, []
        return kept if self._kept_generation == self._drain.generation else []

    def pause(self) -> None:
        self._client.pause(*self._client.assignment())

    def resume(self) -> None:
        self._client.resume(*self._client.paused())

    async def keep_alive(self) -> None:
        """Poll while paused, so that the group knows us to be alive.

        Partitions that were assigned this very moment are not paused; their records are kept for the next batch.
        """
        polled = await self._poll(0, limit=self._settings.max_records)
        self._kept = self._take_kept() + polled
        self._kept_generation = self._drain.generation

    async def _poll(self, timeout_ms: int, *, limit: int) -> list[Raw]:
        try:
            async with asyncio.timeout(self._settings.stall_s):
                polled = await self._client.getmany(timeout_ms=timeout_ms, max_records=limit)
        except TimeoutError as error:
            raise Stalled("a poll did not come back") from error
        self.polled_at = time.monotonic()
        records = _flattened(polled)
        if records:
            self.received_at = self.polled_at
        return records


def _flattened(polled: Mapping[Any, Sequence[Raw]]) -> list[Raw]:
    return list(itertools.chain.from_iterable(polled.values()))
