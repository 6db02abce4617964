"""One producer's life: rows are read in order and dealt out to the lanes of their partitions."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from kawal.errors import TransientError
from kawal.spool import broker
from kawal.spool.file import size_of
from kawal.spool.lane import Lane
from kawal.spool.model import Place, SpooledMessage
from kawal.spool.spool import Spool
from kawal.waiting import comes

READ_ROWS = 500
READ_BYTES = 4 * 1024 * 1024
IN_FLIGHT_BYTES = 16 * 1024 * 1024
ROW_OVERHEAD_BYTES = 1_000
# After so long without a wake-up look again: a lane may have failed, or one been missed.
IDLE_S = 1.0
# The least time between two reads that catch up with the appends: a lone row goes at once, many go together.
LINGER_S = 0.005


class TopicCame(TransientError):
    """A topic is there that was missing; its rows must be read again, from the oldest."""


class Session:
    """Drains through one producer until something fails.

    Rows of a topic that is missing stay where they are, and hold up no others.

    `heard` is called whenever the loop turns, `acknowledged` whenever the broker took something.
    """

    def __init__(
        self,
        spool: Spool,
        producer: AIOKafkaProducer,
        *,
        heard: Callable[[], None],
        acknowledged: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._producer = producer
        self._heard = heard
        self._acknowledged = acknowledged
        self._lanes: dict[Place, Lane] = {}
        self._in_flight_bytes = 0
        self._room = asyncio.Event()
        self._missing: set[str] = set()

    async def run(self) -> None:
        """Start at the oldest unsent row. Raises what the first failing lane raised, as a group."""
        after = self._spool.drained
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._spool.appended.clear()
                rows = await self._spool.unsent(after=after, max_rows=READ_ROWS, max_bytes=READ_BYTES)
                self._heard()
                for row in rows:
                    await self._deal(row, tasks=tasks)
                    after = row.seq
                if not rows:
                    await comes(self._spool.appended, within_s=IDLE_S)
                elif len(rows) < READ_ROWS:
                    await asyncio.sleep(LINGER_S)

    async def _deal(self, row: SpooledMessage, *, tasks: asyncio.TaskGroup) -> None:
        message = row.message
        if message.topic in self._missing:
            return
        while self._in_flight_bytes >= IN_FLIGHT_BYTES:
            self._room.clear()
            await comes(self._room, within_s=IDLE_S)
        try:
            place = message.topic, await broker.partition_for(self._producer, topic=message.topic, key=message.key)
        except UnknownTopicOrPartitionError:
            # All of its later rows are passed over too, or they would overtake this one.
            self._missing.add(message.topic)
            tasks.create_task(self._until_it_comes(message.topic))
            return
        if place not in self._lanes:
            lane = Lane(spool=self._spool, producer=self._producer, place=place, delivered=self._delivered)
            self._lanes[place] = lane
            tasks.create_task(lane.run())
        self._lanes[place].put(row)
        self._in_flight_bytes += _weight(row)

    async def _until_it_comes(self, topic: str) -> None:
        while not await broker.partition_count(self._producer, topic):  # noqa: ASYNC110 - it is the broker that is asked
            await asyncio.sleep(IDLE_S)
        raise TopicCame(topic)

    def _delivered(self, rows: list[SpooledMessage]) -> None:
        self._in_flight_bytes -= sum(_weight(row) for row in rows)
        self._room.set()
        self._heard()
        self._acknowledged()


def _weight(row: SpooledMessage) -> int:
    return size_of(row.message) + ROW_OVERHEAD_BYTES
