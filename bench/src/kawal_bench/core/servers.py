"""PostgreSQL (fsync on) and Kafka as the local stack runs them, without the services."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from kawal.database import migrate
from kawal.kafka import topics
from kawal.testing.servers import running
from kawal.testing.stack import free_offset
from kawal_bench.machine import CHECKOUT
from kawal_local import stores
from kawal_local.credentials import Credentials
from kawal_local.environment import service_environment
from kawal_local.layout import Layout
from kawal_local.program import Program


@dataclass(frozen=True, slots=True)
class Servers:
    """Both are up, and the topics are there."""

    layout: Layout
    credentials: Credentials
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def bootstrap_servers(self) -> str:
        return stores.kafka(self.layout).bootstrap_servers

    def dsn(self, database: str) -> str:
        return stores.postgres(self.layout, self.credentials).dsn(database)

    async def database(self, name: str) -> str:
        """A new database with ticket-core's tables; its DSN."""
        await stores.postgres(self.layout, self.credentials).ensure_database(name)
        await asyncio.to_thread(asyncio.run, migrate.upgrade("ticket-core", self.dsn(name)))
        return self.dsn(name)

    async def drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    def ticket_core(self, dsn: str, python: str) -> Program:
        """ticket-core on a database of its own, on ports that are free at this moment."""
        environment = service_environment(self.layout, credentials=self.credentials, postgres_dsn=dsn)
        environment["KAWAL_PORT_OFFSET"] = str(free_offset())
        command = (python, "-m", "ticket_core")
        return Program(name="ticket-core", command=command, env=environment, directory=CHECKOUT)


@asynccontextmanager
async def servers(state: Path, *, cores: set[int]) -> AsyncIterator[Servers]:
    """Start both on `cores`, in a state folder of their own and on free ports."""
    layout = Layout(state=state, offset=free_offset(), checkout=CHECKOUT)
    started = Servers(layout, Credentials.load(layout.secrets))
    postgres, kafka = stores.postgres(layout, started.credentials), stores.kafka(layout)
    await asyncio.gather(asyncio.to_thread(postgres.prepare), asyncio.to_thread(kafka.prepare))
    with ExitStack() as stack:
        with on_cores(cores):
            for name, program in (("postgres", postgres.program()), ("kafka", kafka.program())):
                started.pids[name] = stack.enter_context(running(program, log=state / f"{name}.log")).pid
        await asyncio.gather(postgres.wait_ready(), kafka.wait_ready())
        await topics.create(topics.declared(), bootstrap_servers=kafka.bootstrap_servers)
        yield started


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """What is started in the block runs on `cores`; so do we, meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
