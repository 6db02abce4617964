"""Databases of a test run: made once for each set of services, emptied for each test, dropped at the end."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from kawal.testing.waiting import run_apart

TABLES = """
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'alembic_version'
      and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
"""


@dataclass(slots=True)
class Databases:
    """The databases on `server` (a superuser's DSN) that this run has made, by the services they serve."""

    server: str
    _made: dict[tuple[str, ...], str] = field(default_factory=dict)

    def empty(self, *services: str) -> str:
        """The DSN of a database with the migrations of `services`, all its tables empty.

        What a migration inserts is gone from the second test on, so migrations should not hold data.
        """
        wanted = tuple(sorted(set(services)))
        if wanted in self._made:
            dsn = self._made[wanted]
            run_apart(partial(_truncate, dsn))
            return dsn
        dsn = self._made[wanted] = self._create()
        for service in wanted:
            _migrate(service, dsn=dsn)
        return dsn

    def drop_all(self) -> None:
        for dsn in self._made.values():
            name = urlsplit(dsn).path.lstrip("/")
            run_apart(partial(_execute, self.server, f'drop database if exists "{name}" with (force)'))
        self._made.clear()

    def _create(self) -> str:
        name = f"kawal_test_{uuid4().hex}"
        run_apart(partial(_execute, self.server, f'create database "{name}"'))
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))


def _migrate(service: str, *, dsn: str) -> None:
    # Imported late: packages without a database test without Alembic.
    upgrade: Callable[..., Any] = importlib.import_module("kawal.database.migrate").upgrade
    run_apart(partial(upgrade, service, dsn=dsn))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _truncate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        if tables:
            # A test that left a transaction open should fail the next one with a clear error, not hang it.
            await connection.execute("set lock_timeout = '10s'")
            await connection.execute(f"truncate {', '.join(tables)} restart identity cascade")
    finally:
        await connection.close()
