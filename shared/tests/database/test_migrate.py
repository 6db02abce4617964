"""Migrations against the real PostgreSQL, for a service that is made up on disk."""

import asyncio
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from kawal.database import engine, migrate

pytestmark = pytest.mark.integration

TABLES = """
from kawal.database import metadata
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text

metadata = metadata("made_up")
person = Table(
    "person", metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, server_default="nobody"),
    CheckConstraint("name <> ''", name="named"),
    Index(None, "name"),
)
seen = Table(
    "seen", metadata,
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("person_id", Integer, ForeignKey(person.c.id)),
    postgresql_partition_by="RANGE (at)",
)
"""
ENV = """
from kawal.database.migrate import run_env
from {package}.store.tables import metadata
run_env(metadata)
"""


class MadeUpService:
    def __init__(self, root: Path, package: str) -> None:
        self.tables = root / package / "store" / "tables.py"
        self.migrations = root / package / "migrations"
        self.package = package
        self.tables.parent.mkdir(parents=True)
        (self.migrations / "versions").mkdir(parents=True)
        (root / package / "__init__.py").touch()
        (root / package / "store" / "__init__.py").touch()
        (self.migrations / "env.py").write_text(ENV.format(package=package))
        self.write(TABLES)

    def write(self, source: str) -> None:
        self.tables.write_text(source)
        for module in [name for name in sys.modules if name.startswith(self.package)]:
            del sys.modules[module]


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    package = f"made_up_{uuid4().hex[:8]}"
    service = MadeUpService(tmp_path, package)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    points = EntryPoints([EntryPoint("made-up", f"{package}.store.tables:metadata", migrate.GROUP)])
    monkeypatch.setattr(migrate, "entry_points", points.select)
    return service


@pytest.fixture
def dsn(database) -> str:
    return database()


async def execute(dsn: str, *statements: str) -> None:
    connected = engine(dsn)
    async with connected.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await connected.dispose()


@pytest.mark.usefixtures("made_up")
class TestMigrate:
    async def test_written_revision_leads_to_the_tables(self, dsn):
        await execute(dsn, "DROP SCHEMA IF EXISTS made_up CASCADE")
        written = await migrate.revision("made-up", dsn, message="Make tables")
        assert [path.name for path in written] == ["0001_make_tables.py"]
        await asyncio.gather(migrate.upgrade("made-up", dsn), migrate.upgrade("made-up", dsn))
        await migrate.check("made-up", dsn)

    async def test_partitions_and_other_schemas_are_no_drift(self, dsn):
        await execute(dsn, "DROP SCHEMA IF EXISTS made_up CASCADE")
        await migrate.revision("made-up", dsn, message="Make tables")
        await migrate.upgrade("made-up", dsn)
        await execute(
            dsn,
            "CREATE TABLE made_up.seen_2026 PARTITION OF made_up.seen FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            "CREATE SCHEMA IF NOT EXISTS somebody",
            "CREATE TABLE IF NOT EXISTS somebody.elses (id int)",
        )
        await migrate.check("made-up", dsn)

    async def test_forgotten_migration_is_drift(self, made_up, dsn):
        await execute(dsn, "DROP SCHEMA IF EXISTS made_up CASCADE")
        await migrate.revision("made-up", dsn, message="Make tables")
        await migrate.upgrade("made-up", dsn)
        made_up.write(TABLES.replace('Column("name", Text', 'Column("age", Integer), Column("name", Text'))
        with pytest.raises(migrate.SchemaDrift, match="age"):
            await migrate.check("made-up", dsn)
        written = await migrate.revision("made-up", dsn, message="Add the age")
        assert [path.name for path in written] == ["0002_add_the_age.py"]
        await migrate.upgrade("made-up", dsn)
        await migrate.check("made-up", dsn)

    async def test_database_that_is_behind_is_drift(self, dsn):
        await execute(dsn, "DROP SCHEMA IF EXISTS made_up CASCADE")
        await migrate.revision("made-up", dsn, message="Make tables")
        with pytest.raises(migrate.SchemaDrift, match="not up to date"):
            await migrate.check("made-up", dsn)

    async def test_unknown_service(self, dsn):
        with pytest.raises(migrate.UnknownService, match="made-up"):
            await migrate.upgrade("nobody", dsn)
