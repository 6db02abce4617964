"""One ticket-core process on one core, timed by its own log: a line for each committed batch."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kawal.contracts.envelope import KafkaMessage
from kawal.kafka.producer import Producer
from kawal.testing.servers import running
from kawal_bench.core.servers import Servers, on_cores
from kawal_bench.costs import Meter

DEADLINE_S = 300.0
POLL_S = 0.2
PRODUCED_AT_ONCE = 5_000
GROUP = "ticket-core"


@dataclass(frozen=True, slots=True)
class Batch:
    """A committed batch; `at` is in seconds, `records` are how many events it had."""

    at: float
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """What one process did, from its first committed batch to its last."""

    events: int
    seconds: float
    batches: int
    cost: str

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


async def produce(servers: Servers, messages: Sequence[KafkaMessage]) -> None:
    """Put `messages` on the broker, all acknowledged."""
    producer = Producer(bootstrap_servers=servers.bootstrap_servers)
    try:
        for start in range(0, len(messages), PRODUCED_AT_ONCE):
            await producer.send_all(messages[start : start + PRODUCED_AT_ONCE])
    finally:
        await producer.stop()


async def consume(servers: Servers, dsn: str, *, events: int, cores: set[int], log: Path) -> Run:
    """Start ticket-core on `cores` and wait until it has committed `events` interactions.

    What it committed in its first batches, when it also opens connections and prepares statements, is not counted.
    """
    program = servers.ticket_core(dsn, sys.executable)
    with ExitStack() as stack:
        with on_cores(cores):
            process = stack.enter_context(running(program, log=log))
        meter = Meter(lambda: servers.pids | {GROUP: process.pid})
        await _until(lambda: any(batches(log)), process, log)
        counted_from = sum(batch.records for batch in batches(log))
        meter.start()
        await _until(lambda: sum(batch.records for batch in batches(log)) >= events, process, log)
        return _run(list(batches(log)), cost=meter.each(events - counted_from))


async def _until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline or process.poll() is not None:
            raise TimeoutError(f"ticket-core did not commit what was there; see {log}")
        await asyncio.sleep(POLL_S)


def batches(log: Path) -> Iterator[Batch]:
    """The batches of interactions that a process has told of."""
    for line in log.read_bytes().splitlines() if log.exists() else ():
        if b'"batch_done"' in line and b'"ticket-core"' in line:
            told = json.loads(line)
            yield Batch(datetime.fromisoformat(told["at"]).timestamp(), told["records"], told["duration_s"])


def _run(done: Sequence[Batch], *, cost: str) -> Run:
    ordered = sorted(done, key=lambda batch: batch.at)
    first, counted = ordered[0], ordered[1:]
    events = sum(batch.records for batch in counted)
    return Run(events=events, seconds=ordered[-1].at - first.at, batches=len(counted), cost=cost)
