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

# A test fills few of the tables, and to truncate an empty one costs as much as a full one: files are made for it.
EMPTY_ALL = """
do $$
declare
  every text[] := array(
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'alembic_version'
      and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  );
  filled text[] := '{}';
  one text;
  has_rows boolean;
begin
  if every = '{}' then return; end if;
  execute 'lock table ' || array_to_string(every, ', ') || ' in access exclusive mode';
  foreach one in array every loop
    execute format('select exists (select from %s)', one) into has_rows;
    if has_rows then filled := filled || one; end if;
  end loop;
  if filled <> '{}' then execute 'truncate ' || array_to_string(filled, ', ') || ' cascade'; end if;
  perform setval(format('%I.%I', schemaname, sequencename), start_value, false)
    from pg_sequences where last_value is not null;
end $$
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
        # A test that left a transaction open should fail the next one with a clear error, not hang it.
        await connection.execute("set lock_timeout = '10s'")
        await connection.execute(EMPTY_ALL)
    finally:
        await connection.close()
