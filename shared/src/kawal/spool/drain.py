"""From the spool to Kafka: read in order, produce, mark; go on by itself whatever the broker does."""

import asyncio
import time

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from kawal.backoff import Backoff
from kawal.errors import KawalError, TransientError
from kawal.kafka import aborting
from kawal.kafka.aborting import abort
from kawal.observability.logging import get_logger
from kawal.spool import broker
from kawal.spool.lane import LogLost
from kawal.spool.model import Place
from kawal.spool.session import Session
from kawal.spool.spool import Spool

LOG_CHECK_S = 30.0
SWEEP_S = 1.0
STOP_TIMEOUT_S = aborting.WITHIN_S + 1
# Longer than a session that hears nothing from the broker, its end and the start of the next one.
SILENCE_S = 90.0

_OUTAGE = (KafkaError, OSError, KawalError, TransientError)

log = get_logger()


class SpoolDrain:
    """Sends what is in a spool, in order per key, until cancelled.

    A row is marked only after the broker's ack. Whatever goes wrong ends the session (one producer and what it
    had in flight); the next one starts again at the oldest unsent row. So a row may be sent twice, and after
    a produce timeout, which means unknown, it is.
    """

    def __init__(self, spool: Spool, *, bootstrap_servers: str, log_check_s: float = LOG_CHECK_S) -> None:
        self._spool = spool
        self._bootstrap_servers = bootstrap_servers
        self._log_check_s = log_check_s
        self._heard_at = time.monotonic()
        self._backoff = Backoff(first_s=0.1, max_s=5.0)

    def alive(self) -> bool:
        """Whether the drain makes progress or at least tries; an absent broker does not make it dead."""
        return time.monotonic() - self._heard_at < SILENCE_S and self._spool.alive()

    async def run(self) -> None:
        """Drain until cancelled; then ends within `STOP_TIMEOUT_S`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep())
            while True:
                self._heard()
                await self._run_session()
                await asyncio.sleep(self._backoff.next())

    async def _run_session(self) -> None:
        """One session, in a task of its own: a failing task group swallows a cancellation (before Python 3.13)."""
        session = asyncio.create_task(self._session())
        try:
            await asyncio.wait({session})
        finally:
            session.cancel()
            await asyncio.wait({session}, timeout=STOP_TIMEOUT_S)

    async def _session(self) -> None:
        try:
            producer = await broker.start_producer(self._bootstrap_servers)
            try:
                await self._drain(producer)
            finally:
                await abort(producer)
        except* LogLost as lost:
            log.warning("spool_log_lost", error=_cause(lost))
        except* _OUTAGE as away:
            log.warning("spool_drain_interrupted", error=_cause(away))
        except* Exception as failed:  # noqa: BLE001 - the rows are safe, and only trying again helps
            log.error("spool_drain_failed", error=_cause(failed))  # noqa: TRY400 - structlog

    async def _drain(self, producer: AIOKafkaProducer) -> None:
        for topic, partition in await self._lost(producer):
            rows = await self._spool.mark_lost(topic, partition)
            log.error("spool_resends", topic=topic, partition=partition, rows=rows)
        session = Session(self._spool, producer, heard=self._heard, acknowledged=self._acknowledged)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_log(producer))
            tasks.create_task(session.run())

    def _heard(self) -> None:
        self._heard_at = time.monotonic()

    def _acknowledged(self) -> None:
        self._backoff.reset()

    async def _lost(self, producer: AIOKafkaProducer) -> list[Place]:
        """The partitions whose log does not hold what was acknowledged, see `broker.held`.

        All retained rows of such a partition count as lost, those below its end too: a topic that was
        recreated may have grown again.
        """
        acknowledged = self._spool.acknowledged
        held = await broker.held(producer, acknowledged, bootstrap_servers=self._bootstrap_servers)
        self._spool.checked({place: acknowledged[place] for place, holds in held.items() if holds})
        return [place for place, holds in held.items() if not holds]

    async def _watch_log(self, producer: AIOKafkaProducer) -> None:
        while True:
            await asyncio.sleep(self._log_check_s)
            if lost := await self._lost(producer):
                raise LogLost(f"{lost} hold not what they did")

    async def _sweep(self) -> None:
        """Delete what was retained long enough, in small batches between which appends get their turn."""
        while True:
            try:
                while await self._spool.delete_expired():
                    pass
            except KawalError as refused:
                log.warning("spool_sweep_failed", error=refused)
            await asyncio.sleep(SWEEP_S)


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error inside nested groups."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
