"""Alembic, driven by code: each service has a history of its own in its own schema.

A service registers itself by an entry point `kawal.migrations` (name -> `<pkg>.store.tables:metadata`) and keeps its
history in `<pkg>/migrations/`: `versions/` and an `env.py` of three lines,

    from kawal.database.migrate import run_env
    from chat_ingest.store.tables import metadata
    run_env(metadata)
"""

import importlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.autogenerate import RevisionContext
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.schema import CreateSchema

from kawal.database.engines import engine

GROUP = "kawal.migrations"
VERSION_TABLE = "alembic_version"
LOCK_WITHIN_S = 60
_TEMPLATE_FOLDER = Path(__file__).with_name("template")
_PARTITIONS = text("""
    SELECT namespace.nspname || '.' || child.relname
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
    JOIN pg_namespace AS namespace ON namespace.oid = child.relnamespace
""")
_LOCK = text("SELECT pg_advisory_lock(hashtextextended('kawal.migrations.' || :schema, 0))")


class UnknownService(Exception):
    """No installed service of this name has migrations."""


class SchemaDrift(Exception):
    """The tables in the code are not what the migrations make."""


@dataclass(frozen=True, slots=True)
class History:
    """A service's migrations: the folder they live in, and the metadata they must lead to."""

    service: str
    folder: Path
    metadata: MetaData

    @property
    def schema(self) -> str:
        if self.metadata.schema is None:
            raise ValueError(f"The metadata of {self.service} name no schema")
        return self.metadata.schema


def services() -> list[str]:
    """The services that have migrations, sorted."""
    return sorted(entry_points(group=GROUP).names)


def history(service: str) -> History:
    """The migrations of an installed service.

    Raises:
        UnknownService: it is not installed, or has none.
    """
    found: tuple[EntryPoint, ...] = tuple(entry_points(group=GROUP, name=service))
    if not found:
        raise UnknownService(f"{service!r} has no migrations; known are {', '.join(services())}")
    package = importlib.import_module(found[0].module.partition(".")[0])
    return History(service, Path(str(package.__file__)).parent / "migrations", found[0].load())


async def upgrade(service: str, dsn: str) -> None:
    """Bring the service's schema to its newest version; replicas that start together wait for one another.

    Raises:
        UnknownService: see `history`.
    """
    await _with_connection(history(service), dsn, _upgrade)


async def check(service: str, dsn: str) -> None:
    """Whether migrations and code agree, on a database that is at the newest version.

    Raises:
        SchemaDrift: they do not, or the database is behind.
    """
    await _with_connection(history(service), dsn, _check)


async def revision(service: str, dsn: str, *, message: str) -> list[Path]:
    """Write the next version from the difference between the database and the code; returns the new files."""
    written: list[Path] = []
    await _with_connection(history(service), dsn, lambda config: written.extend(_revision(config, message)))
    return written


def run_env(metadata: MetaData) -> None:
    """What a service's `env.py` does: run alembic's current command within the connection it was given."""
    connection: Connection = context.config.attributes["connection"]
    partitions = set(connection.scalars(_PARTITIONS))
    connection.rollback()  # alembic begins its own transactions
    schema = metadata.schema

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        """Only our schema, and no partitions: they come and go by themselves."""
        if kind == "schema":
            return name == schema
        return kind != "table" or f"{parents.get('schema_name')}.{name}" not in partitions

    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        version_table_schema=schema,
        include_schemas=True,
        include_name=include_name,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _with_connection(made: History, dsn: str, work: Any) -> None:
    """Run `work(config)` while holding the schema's lock, which belongs to the session: it survives commits."""
    connected = engine(dsn, application="kawal-migrate", pool_size=1, statement_timeout_s=0)
    try:
        async with connected.connect() as connection:
            await connection.execute(text(f"SET lock_timeout = '{LOCK_WITHIN_S}s'"))
            await connection.execute(_LOCK, {"schema": made.schema})
            await connection.execute(CreateSchema(made.schema, if_not_exists=True))
            await connection.commit()
            await connection.run_sync(lambda sync: work(_config(made, sync)))
            await connection.commit()
    finally:
        await connected.dispose()


def _config(made: History, connection: Connection) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(made.folder).replace("%", "%%"))
    config.set_main_option("version_locations", str(made.folder / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _upgrade(config: Config) -> None:
    command.upgrade(config, "head")


def _check(config: Config) -> None:
    try:
        command.check(config)
    except CommandError as drift:
        raise SchemaDrift(str(drift)) from drift


def _revision(config: Config, message: str) -> Iterator[Path]:
    scripts = ScriptDirectory.from_config(config)
    number = sum(1 for _ in scripts.walk_revisions()) + 1
    arguments = {
        "message": message,
        "autogenerate": True,
        "sql": False,
        "head": "head",
        "splice": False,
        "branch_label": None,
        "version_path": None,
        "rev_id": f"{number:04}",
        "depends_on": None,
    }
    revisions = RevisionContext(config, scripts, arguments)

    def compare(current: Any, migration: Any) -> list[Any]:
        revisions.run_autogenerate(current, migration)
        return []

    with EnvironmentContext(
        config, scripts, fn=compare, as_sql=False, template_args=revisions.template_args, revision_context=revisions
    ):
        scripts.run_env()
    scripts.dir = str(_TEMPLATE_FOLDER)  # alembic wants one in each history's folder; all of ours share one
    yield from (Path(script.path) for script in revisions.generate_scripts() if script)
