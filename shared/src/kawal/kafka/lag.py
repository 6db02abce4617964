"""How far a consumer is behind, and whether its client has gone silent (aiokafka's issue 1154)."""

import asyncio
import time
from collections import defaultdict

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from kawal.kafka.commit import Committer
from kawal.kafka.poll import Poll, Stalled
from kawal.kafka.settings import ConsumerSettings
from kawal.observability import metrics
from kawal.observability.logging import get_logger

log = get_logger()


class LagWatch:
    """Compares what is done with the ends of the log, every `lag_interval_s`; what is in hand is not done."""

    def __init__(
        self,
        client: AIOKafkaConsumer,
        *,
        group: str,
        poll: Poll,
        committer: Committer,
        settings: ConsumerSettings,
    ) -> None:
        self._client = client
        self._group = group
        self._poll = poll
        self._committer = committer
        self._settings = settings
        self._behind_since: float | None = None
        self._told: set[str] = set()
        # Timestamp of the last handled record by topic, in seconds since 1970; the handling loop sets it.
        self.handled: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            Stalled: for `silence_s` nothing came although the log holds more and nothing is paused.
        """
        while True:
            await asyncio.sleep(self._settings.lag_interval_s)
            try:
                async with asyncio.timeout(self._settings.lag_interval_s * 2):
                    await self._look()
            except (KafkaError, TimeoutError, AssertionError) as error:
                log.info("lag_unknown", group=self._group, error=error)

    async def _look(self) -> None:
        partitions = self._client.assignment()
        ends = await self._client.end_offsets(partitions) if partitions else {}
        lag: dict[str, int] = defaultdict(int)
        behind = False
        for partition, end in ends.items():
            lag[partition.topic] += max(0, end - await self._committer.done(partition))
            behind = behind or end > await self._client.position(partition)
        self._publish(lag)
        self._check_silence(behind=behind)

    def _publish(self, lag: dict[str, int]) -> None:
        # Also of topics whose partitions have all gone to others, which tell of them from now on.
        self._told |= lag.keys()
        for topic in self._told:
            records = lag.get(topic, 0)
            metrics.CONSUMER_LAG_RECORDS.labels(self._group, topic).set(records)
            seconds = max(0.0, time.time() - self.handled[topic]) if records and topic in self.handled else 0.0
            metrics.CONSUMER_LAG_SECONDS.labels(self._group, topic).set(seconds)

    def _check_silence(self, *, behind: bool) -> None:
        now = time.monotonic()
        if not behind or self._client.paused():
            self._behind_since = None
            return
        if self._behind_since is None:
            self._behind_since = now
        if now - max(self._behind_since, self._poll.received_at) > self._settings.silence_s:
            raise Stalled("records are waiting and none arrive")
