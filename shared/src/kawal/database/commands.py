"""`kawal migrate`: the schemas of all services."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from kawal.database import migrate

T = TypeVar("T")

EVERY = "all"

app = typer.Typer(help="Migrate the schemas of the services.", no_args_is_help=True)
Dsn = Annotated[str, typer.Option(envvar="KAWAL_POSTGRES_DSN", help="Where PostgreSQL is.")]
Which = Annotated[str, typer.Argument(metavar="SERVICE", help="A service, or all of them.")]


@app.command()
def upgrade(dsn: Dsn, service: Which = EVERY) -> None:
    """Bring a service's schema to its newest version."""
    _each(service, lambda one: migrate.upgrade(one, dsn), done="is up to date")


@app.command()
def check(dsn: Dsn, service: Which = EVERY) -> None:
    """Fail when migrations and code disagree."""
    _each(service, lambda one: migrate.check(one, dsn), done="agrees with its tables")


@app.command()
def revision(service: str, message: Annotated[str, typer.Option("--message", "-m")], dsn: Dsn) -> None:
    """Write the next migration of a service from what its tables have become."""
    for path in _run(migrate.revision(service, dsn, message=message)):
        typer.echo(f"Wrote {path}; read it before you commit it.")


def _each(service: str, work: Callable[[str], Coroutine[Any, Any, None]], *, done: str) -> None:
    for one in migrate.services() if service == EVERY else [service]:
        _run(work(one))
        typer.echo(f"{one} {done}")


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (migrate.SchemaDrift, migrate.UnknownService) as told:
        typer.echo(str(told), err=True)
        raise typer.Exit(1) from told
