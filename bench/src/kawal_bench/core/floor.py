"""The bare-SQL floor: the very rows that ticket-core writes, by the same `unnest` statements, without Python's part.

First ticket-core's store applies the events, and each statement that writes is noted with its parameters. Then these
are sent again to a fresh copy of the same database: a transaction a batch, prepared statements, nothing else.
"""

import asyncio
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import interaction_adapter
from kawal_bench.costs import Meter
from ticket_core.domain.inputs import Contact
from ticket_core.domain.numbers import NumberSpace
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore

CONNECTIONS = 2
"""As many as ticket-core has consumers."""
BATCH = 500
MOST_AGAIN = 200
PAUSE_S = 0.01
_WRITES = ("INSERT", "UPDATE", "DELETE")
_COUNTER = "number_counter"
_RETRIED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DeadlockDetectedError)

Statement = tuple[str, tuple[Any, ...]]


@dataclass(slots=True)
class Recording:
    """The statements of each batch, for each connection."""

    batches: list[list[list[Statement]]] = field(default_factory=lambda: [[] for _ in range(CONNECTIONS)])
    events_counted: int = 0
    """Without those of the first batch of each connection, which prepares the statements."""

    @property
    def statements(self) -> int:
        return sum(len(batch) for stream in self.batches for batch in stream)


async def record(dsn: str, messages: Sequence[KafkaMessage], *, number_key: str) -> Recording:
    """Apply `messages` in batches as the consumers do, and note what is written."""
    recording = Recording()
    async with database.opened(dsn) as engine:
        store = CaseStore(engine, numbers=CaseNumbers(engine, space=NumberSpace(number_key)))
        for stream, contacts in _batches(messages):
            with _noted(engine) as statements:
                await store.apply(contacts)
            recording.events_counted += len(contacts) if recording.batches[stream] else 0
            recording.batches[stream].append(statements)
    return recording


def _batches(messages: Sequence[KafkaMessage]) -> Iterator[tuple[int, list[Contact]]]:
    waiting: defaultdict[int, list[Contact]] = defaultdict(list)
    for message in messages:
        stream = zlib.crc32(message.key) % CONNECTIONS
        waiting[stream].append(_contact(message))
        if len(waiting[stream]) == BATCH:
            yield stream, waiting.pop(stream)
    yield from waiting.items()


def _contact(message: KafkaMessage) -> Contact:
    envelope = Envelope.from_headers(message.headers)
    return Contact(envelope.source, envelope.id, interaction_adapter.validate_json(message.value), envelope.traceparent)


@contextmanager
def _noted(engine: AsyncEngine) -> Iterator[list[Statement]]:
    noted: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(_WRITES) and _COUNTER not in statement:
            noted.append((statement, tuple(parameters)))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Replay:
    """How fast it went. `again` batches had to be sent twice; `cost` says where the CPU's time went."""

    events: int
    seconds: float
    again: int
    cost: str

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


async def replay(dsn: str, recording: Recording, *, meter: Meter) -> Replay:
    """Send everything again; the first batch of each connection is not counted."""
    connections = [await asyncpg.connect(dsn, statement_cache_size=200) for _ in recording.batches]
    try:
        streams = list(zip(connections, recording.batches, strict=True))
        await asyncio.gather(*(_send(connection, batches[:1]) for connection, batches in streams))
        meter.start()
        started = time.perf_counter()
        again = await asyncio.gather(*(_send(connection, batches[1:]) for connection, batches in streams))
        seconds = time.perf_counter() - started
        # Before the connections are closed: what their servers have used goes with them.
        return Replay(recording.events_counted, seconds, sum(again), meter.each(recording.events_counted))
    finally:
        for connection in connections:
            await connection.close()


async def _send(connection: Any, batches: Sequence[Sequence[Statement]]) -> int:
    """Send batches one after the other; returns how often one had to be sent again.

    That is so when the other connection's batch, on which it builds, is not committed yet: somebody who came by
    two channels.
    """
    again = 0
    for batch in batches:
        while not await _sent(connection, batch):
            again += 1
            if again > MOST_AGAIN:
                raise RuntimeError("the recorded batches cannot be sent again")
            await asyncio.sleep(PAUSE_S)
    return again


async def _sent(connection: Any, batch: Sequence[Statement]) -> bool:
    try:
        async with connection.transaction():
            for statement, parameters in batch:
                await connection.fetch(statement, *parameters)
    except _RETRIED:
        return False
    return True
