"""Part a: events a second through ticket-core, against the floor, at few and at many existing cases."""

import asyncio
import tempfile
from pathlib import Path

import asyncpg

from kawal.contracts.envelope import KafkaMessage
from kawal.observability import logging
from kawal_bench.core import floor
from kawal_bench.core.interactions import messages
from kawal_bench.core.process import Run, consume, produce
from kawal_bench.core.servers import Servers, on_cores, servers
from kawal_bench.costs import Meter
from kawal_bench.report import Figure, Goal
from kawal_bench.seeding import reserve, seed

EVENTS = 40_000
FEW, MANY = 10_000, 1_000_000
CORE, OTHERS = {0}, {1}
_SHARE = Goal.least(0.5, "of the floor")
_RATE = Goal.least(5_000, "events/s")


async def measure(*, many: bool = True, events: int = EVENTS) -> list[Figure]:
    """The figures of ticket-core alone; `many` also at a million cases, which takes minutes to fill in."""
    logging.configure("kawal-bench", level="warning")
    # Not below a home folder: the account that PostgreSQL runs as may not walk through it.
    with tempfile.TemporaryDirectory(prefix="kawal-bench-") as directory:
        async with servers(Path(directory) / "state", cores=OTHERS) as started:
            figures = await _beside_the_floor(started, events)
            return figures + ([await _at_many(started, events)] if many else [])


async def _beside_the_floor(started: Servers, events: int) -> list[Figure]:
    made = await _prepared(started, "few", cases=FEW, events=events)
    for copy in ("recorded", "floor"):
        await _copy(started, "few", copy)
    run = await _applied(started, "few", made)
    with on_cores(CORE):
        key = started.credentials.case_number_key
        recording = await floor.record(started.dsn("recorded"), made, number_key=key)
        bare = await floor.replay(started.dsn("floor"), recording, meter=Meter(lambda: started.pids))
    for name in ("few", "recorded", "floor"):
        await started.drop(name)
    return [_rate_figure(run, existing=FEW), *_floor_figures(run, bare, recording)]


async def _at_many(started: Servers, events: int) -> Figure:
    made = await _prepared(started, "many", cases=MANY, events=events)
    return _rate_figure(await _applied(started, "many", made), existing=MANY)


async def _prepared(started: Servers, name: str, *, cases: int, events: int) -> list[KafkaMessage]:
    """Existing cases in the database `name`, and interactions of which some go on with them."""
    dsn = await started.database(name)
    key = started.credentials.case_number_key
    await seed(dsn, cases=cases, number_key=key)
    connection = await asyncpg.connect(dsn)
    try:
        numbers = await reserve(connection, count=events, number_key=key)
    finally:
        await connection.close()
    return await asyncio.to_thread(messages, cases, count=events, numbers=numbers, old_cases=cases)


async def _applied(started: Servers, name: str, made: list[KafkaMessage]) -> Run:
    await produce(started, made)
    log = started.layout.state / f"ticket-core-{name}.log"
    return await consume(started, started.dsn(name), events=len(made), cores=CORE, log=log)


async def _copy(started: Servers, name: str, copy: str) -> None:
    connection = await asyncpg.connect(started.dsn("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    finally:
        await connection.close()


def _rate_figure(run: Run, *, existing: int) -> Figure:
    return Figure(
        what=f"ticket-core, Kafka to committed, at {existing:,} cases",
        value=run.per_second,
        unit="events/s",
        goal=_RATE,
        how=(
            f"{run.events:,} lifelike interactions wait on Kafka; one ticket-core process on core 0 (affinity), outbox"
            f" relay included, PostgreSQL (fsync on) and Kafka on core 1; from its first committed batch to its last,"
            f" {run.batches} batches, by its own log"
        ),
        cost=run.cost,
    )


def _floor_figures(run: Run, bare: floor.Replay, recording: floor.Recording) -> list[Figure]:
    return [
        Figure(
            what="bare-SQL floor of the same events",
            value=bare.per_second,
            unit="events/s",
            how=(
                f"the rows that ticket-core wrote, by the same unnest statements ({recording.statements:,}), batches of"
                f" {floor.BATCH}, {floor.CONNECTIONS} connections, fsync on, nothing read, no Python domain, client on"
                f" core 0; {bare.again} batches sent twice, because the other connection's was not committed yet"
            ),
            cost=bare.cost,
        ),
        Figure(
            what="ticket-core, share of the floor",
            value=run.per_second / bare.per_second,
            unit="",
            goal=_SHARE,
            how="the two lines above, in this run",
        ),
    ]
