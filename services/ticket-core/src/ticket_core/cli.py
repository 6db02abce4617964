"""Commands of ticket-core: `kawal agent`, `kawal rebuild`."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from kawal import database
from kawal.contracts.words import Locale
from kawal.errors import KawalError
from kawal.programme import ProgrammeError
from kawal.programme.commands import Folder
from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.domain.profiles import Profile
from ticket_core.rebuild import Difference, differences
from ticket_core.repair import repair
from ticket_core.store import stamps
from ticket_core.store.agents import Agents
from ticket_core.store.attendance import Attendances, colleagues
from ticket_core.store.search_index import SearchIndex
from ticket_core.store.store import utc_now

T = TypeVar("T")
Dsn = Annotated[str, typer.Option(envvar="KAWAL_POSTGRES_DSN", help="Where PostgreSQL is.")]


class Clearable(StrEnum):
    """What `kawal agent set --clear` takes away; everybody keeps a language."""

    CAPACITY = "capacity"
    SKILLS = "skills"
    TEAMS = "teams"


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


@agent.command("set")
def set_(
    dsn: Dsn,
    email: Annotated[str, typer.Option(help="The agent's address.")],
    *,
    capacity: Annotated[int | None, typer.Option(min=0, max=1_000, help="How much at a time; 0: nothing.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="A key of routing.yaml; may be repeated.")] = None,
    language: Annotated[list[Locale] | None, typer.Option(help="May be repeated.")] = None,
    team: Annotated[list[str] | None, typer.Option(help="A key of routing.yaml; may be repeated.")] = None,
    clear: Annotated[list[Clearable] | None, typer.Option(help="Take all away of this; may be repeated.")] = None,
    programme: Folder = Path("programme"),
) -> None:
    """Say what an agent can do. What is not named stays as it is; what is named replaces what there was."""
    cleared = set(clear or ())
    changes: dict[str, Any] = {
        **({"capacity": capacity} if capacity is not None or Clearable.CAPACITY in cleared else {}),
        **({"skills": frozenset(skill or ())} if skill or Clearable.SKILLS in cleared else {}),
        **({"teams": frozenset(team or ())} if team or Clearable.TEAMS in cleared else {}),
        **({"languages": frozenset(language)} if language else {}),
    }
    typer.echo(_run(_set(dsn, email, changes, _routing(programme))))


@agent.command("list")
def list_(dsn: Dsn, programme: Folder = Path("programme")) -> None:
    """Who works here, whether they are there, and what they can do."""
    for line in _run(_list(dsn, _routing(programme))):
        typer.echo(line)


def rebuild(
    dsn: Dsn,
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Only compare, change nothing.")] = False,
    search: Annotated[bool, typer.Option("--search", help="Index all cases for search again.")] = False,
    restamp: Annotated[bool, typer.Option("--restamp", help="After a dump was restored into another cluster.")] = False,
) -> None:
    """Fold every timeline again, and write again what is kept otherwise; or only compare; or index for search."""
    if restamp:
        base = _run(_restamped(dsn))
        typer.echo("nothing to do" if base is None else f"stamps are transaction ids and {base} from now on", err=True)
        return
    if search:
        typer.echo(f"{_run(_indexed(dsn))} cases indexed", err=True)
        return
    found, left = _run(_differences(dsn)) if verify else _run(_repaired(dsn))
    for difference in found:
        typer.echo(f"{difference}" if verify or difference not in left else f"{difference} is still so")
    typer.echo(f"{len(found)} differences" + ("" if verify else f", {len(left)} left"), err=True)
    raise typer.Exit(1 if left else 0)


MIN_PASSWORD = 10


async def _put(dsn: str, *, email: str, name: str, password: str, roles: list[str]) -> None:
    async with database.opened(dsn, application="kawal-agent") as engine:
        await Agents(engine).put(email=email, name=name, password=password, roles=roles)


def _routing(programme: Path) -> RoutingFile:
    with refusals_told():
        return RoutingFile.load(programme)


async def _set(dsn: str, email: str, changes: dict[str, Any], routing: RoutingFile) -> str:
    async with database.opened(dsn, application="kawal-agent") as engine:
        attendances = Attendances(engine, attendance=routing.attendance)
        before = (await attendances.colleague(email)).profile
        after = replace(before, **changes)
        routing.require_known(after)
        await attendances.set_profile(email, after)
    return f"{email}: {_said(after)}"


async def _list(dsn: str, routing: RoutingFile) -> list[str]:
    async with database.opened(dsn, application="kawal-agent") as engine, engine.connect() as connection:
        known = await colleagues(connection)
    now = utc_now()
    return [
        f"{one.agent.name} ({one.presence(attendance=routing.attendance, now=now)}): {_said(one.profile)}"
        for one in known
        if one.active
    ]


def _said(profile: Profile) -> str:
    capacity = "the programme's" if profile.capacity is None else profile.capacity
    words = {"skills": profile.skills, "languages": profile.languages, "teams": profile.teams}
    return "; ".join([f"capacity {capacity}", *(f"{name} {' '.join(sorted(w)) or '-'}" for name, w in words.items())])


async def _differences(dsn: str) -> tuple[list[Difference], list[Difference]]:
    async with database.opened(dsn, application="kawal-rebuild") as engine:
        found = [difference async for difference in differences(engine)]
        return found, found


async def _repaired(dsn: str) -> tuple[list[Difference], list[Difference]]:
    async with database.opened(dsn, application="kawal-rebuild") as engine:
        return await repair(engine)


async def _restamped(dsn: str) -> int | None:
    async with database.opened(dsn, application="kawal-restamp") as engine:
        return await stamps.restamp(engine)


async def _indexed(dsn: str) -> int:
    async with database.opened(dsn, application="kawal-rebuild") as engine:
        return await SearchIndex(engine).rebuild()


def _run(work: Coroutine[Any, Any, T]) -> T:
    with refusals_told():
        return asyncio.run(work)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say in one line what is refused or wrong in the programme, or that the database is away, and exit with 1."""
    try:
        yield
    except ProgrammeError as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from wrong
    except KawalError as refused:
        typer.echo(f"{refused.title}: {refused}", err=True)
        raise typer.Exit(1) from refused
    except Exception as error:
        if not database.is_outage(error) or _is_of_a_file(error):
            raise
        typer.echo(f"The database cannot be reached ({type(error).__name__})", err=True)
        raise typer.Exit(1) from error


def _is_of_a_file(error: Exception) -> bool:
    return isinstance(error, OSError) and error.filename is not None
