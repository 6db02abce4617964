"""Step 5, commit: offsets of what is done, partition by partition, never ahead of it."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from kawal.kafka.record import Raw
from kawal.observability.logging import get_logger

log = get_logger()

COMMIT_TIMEOUT_S = 5.0


class Committer:
    """Keeps the offsets that may be committed and commits them once per interval.

    A commit that fails is harmless: the records come again, and the inbox knows them.
    """

    def __init__(self, client: AIOKafkaConsumer, *, interval_s: float) -> None:
        self._client = client
        self._interval_s = interval_s
        self._staged: dict[Any, int] = {}
        self._done: dict[Any, int] = {}
        self._committed_at = 0.0

    def stage(self, records: Sequence[Raw]) -> None:
        """All of `records`, and so everything before them in their partitions, is done."""
        for raw in records:
            partition = TopicPartition(raw.topic, raw.partition)
            self._staged[partition] = max(self._staged.get(partition, 0), raw.offset + 1)
        self._done |= self._staged

    async def done(self, partition: Any) -> int:
        """The offset up to which `partition`, one of ours, is done, by us or by whoever had it before.

        Raises:
            KafkaError: the broker does not tell.
        """
        done = self._done
        if partition not in done:
            offset = await self._client.committed(partition)
            if offset is None:
                offset = (await self._client.beginning_offsets([partition]))[partition]
            done.setdefault(partition, offset)
        return done[partition]

    async def commit_when_due(self) -> None:
        if self._staged and time.monotonic() - self._committed_at >= self._interval_s:
            await self.commit()

    async def commit(self) -> None:
        """Commit what is staged; keeps it for the next time when the broker is away."""
        if not self._staged:
            return
        staged, self._staged = self._staged, {}
        self._committed_at = time.monotonic()
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._client.commit(staged)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("commit_too_late", error=error)
        except (KafkaError, TimeoutError) as error:
            log.warning("commit_failed", error=error)
            self._staged = staged | self._staged

    def forget(self) -> None:
        """The partitions are gone."""
        self._staged.clear()
        self._done = {}
