"""Before partitions move: finish the batch in hand or cancel it, within a bound, and commit what is done.

aiokafka has no cooperative rebalancing: every rebalance revokes everything, and the group waits for us no longer
than `rebalance_timeout_s`.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import ConsumerRebalanceListener

from kawal.kafka.commit import Committer
from kawal.kafka.settings import ConsumerSettings
from kawal.observability import metrics
from kawal.observability.logging import get_logger

log = get_logger()


class Drain(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is not typed
    """Knows the batch in hand. `generation` grows whenever partitions are revoked.

    aiokafka hands out no record between a revocation and the next assignment, so whoever sees the same generation
    before and after a poll knows that what he holds is still his.
    """

    def __init__(self, *, group: str, settings: ConsumerSettings, committer: Committer) -> None:
        self.generation = 0
        self._released = -1
        self.draining = asyncio.Event()
        self._group = group
        self._settings = settings
        self._committer = committer
        self._work: asyncio.Task[None] | None = None

    def track(self, work: asyncio.Task[None]) -> None:
        self._work = work

    def holds(self, generation: int) -> bool:
        """Whether the partitions of `generation` are still ours to commit."""
        return generation > self._released

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        if not list(revoked):
            return
        metrics.CONSUMER_REBALANCES.labels(self._group).inc()
        leaving = self.generation
        self.generation += 1
        await self.finish()
        self._released = leaving
        self._committer.forget()

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        log.info("partitions_assigned", group=self._group, partitions=len(list(assigned)))

    async def finish(self) -> None:
        """End the batch in hand and commit; takes at most `drain_s + cancel_s` and one commit."""
        self.draining.set()
        try:
            if self._work is not None and not self._work.done():
                await self._end(self._work)
            await self._committer.commit()
        finally:
            self.draining.clear()

    async def _end(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work}, timeout=self._settings.drain_s)
        if not work.done():
            log.warning("batch_cancelled", group=self._group)
            work.cancel()
            await asyncio.wait({work}, timeout=self._settings.cancel_s)
        if work.done() and not work.cancelled() and (error := work.exception()) is not None:
            log.warning("batch_let_go", group=self._group, error=error)
