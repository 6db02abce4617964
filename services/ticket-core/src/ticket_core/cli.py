"""Commands of ticket-core: `kawal agent`, `kawal rebuild`."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

from kawal import database
from kawal.errors import KawalError
from ticket_core.rebuild import Difference, differences
from ticket_core.store.agents import Agents
from ticket_core.store.search_index import SearchIndex

T = TypeVar("T")
Dsn = Annotated[str, typer.Option(envvar="KAWAL_POSTGRES_DSN", help="Where PostgreSQL is.")]

agent = typer.Typer(help="Who may work at the console.", no_args_is_help=True)


@agent.callback()
def _agent() -> None:
    """Who may work at the console."""


@agent.command()
def add(
    dsn: Dsn,
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="What participants and colleagues see.")],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    role: Annotated[list[str] | None, typer.Option(help="`agent` or `supervisor`; may be repeated.")] = None,
) -> None:
    """Add an agent; an existing one gets the new name, password and roles."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("Password", hide_input=True)
    if len(password) < MIN_PASSWORD:
        typer.echo(f"A password has at least {MIN_PASSWORD} characters.", err=True)
        raise typer.Exit(1)
    _run(_put(dsn, email=email, name=name, password=password, roles=role or ["agent"]))
    typer.echo(f"{email} can sign in.")


def rebuild(
    dsn: Dsn,
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Only compare, change nothing.")] = False,
    search: Annotated[bool, typer.Option("--search", help="Index all cases for search again.")] = False,
) -> None:
    """Fold every timeline again, and compare what comes out with the rows of the cases; or index them for search."""
    if search:
        typer.echo(f"{_run(_indexed(dsn))} cases indexed", err=True)
        return
    if not verify:
        typer.echo("Only --verify and --search are possible so far.", err=True)
        raise typer.Exit(2)
    found = _run(_differences(dsn))
    for difference in found:
        typer.echo(str(difference))
    typer.echo(f"{len(found)} differences", err=True)
    raise typer.Exit(1 if found else 0)


MIN_PASSWORD = 10


async def _put(dsn: str, *, email: str, name: str, password: str, roles: list[str]) -> None:
    async with database.opened(dsn, application="kawal-agent") as engine:
        await Agents(engine).put(email=email, name=name, password=password, roles=roles)


async def _differences(dsn: str) -> list[Difference]:
    async with database.opened(dsn, application="kawal-rebuild") as engine:
        return [difference async for difference in differences(engine)]


async def _indexed(dsn: str) -> int:
    async with database.opened(dsn, application="kawal-rebuild") as engine:
        return await SearchIndex(engine).rebuild()


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KawalError as refused:
        typer.echo(f"{refused.title}: {refused}", err=True)
        raise typer.Exit(1) from refused
