"""`kawal sla`: what participants were promised."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kawal import database
from kawal.observability import logging
from kawal.programme.commands import Folder
from ticket_core.adapters.sla_files import load_sla
from ticket_core.cli import Dsn, refusals_told
from ticket_core.domain.sla import SlaPolicies
from ticket_core.sla_recompute import Recounted, SlaRecompute
from ticket_core.store.numbers import NoNumbers
from ticket_core.store.store import CaseStore

sla = typer.Typer(help="What participants were promised.", no_args_is_help=True)


@sla.callback()
def _sla() -> None:
    """What participants were promised."""


@sla.command()
def recompute(
    dsn: Dsn,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    programme: Folder = Path("programme"),
) -> None:
    """Count the clocks of all active cases again, as if the policies of the programme had always held.

    A line tells of each clock that is another now, and at the end how many there are by policy. Start ticket-core with
    the same files first. It can be interrupted: begin again, and what is right already is left alone.
    """
    logging.configure("ticket-core", level="warning")
    with refusals_told():
        left = asyncio.run(_recompute(dsn, load_sla(programme), dry_run=dry_run))
    if left:
        typer.echo(f"{left} cases were changed by others all the time: begin again", err=True)
        raise typer.Exit(1)


async def _recompute(dsn: str, policies: SlaPolicies, *, dry_run: bool) -> int:
    counts: Counter[tuple[str, str, str]] = Counter()
    async with database.opened(dsn, application="kawal-sla") as engine:
        store = CaseStore(engine, numbers=NoNumbers())
        work = SlaRecompute(engine, sla=policies, apply=None if dry_run else store.apply)
        async for one in work.run():
            typer.echo(_line(one))
            counts.update((one.policy, one.clock, what) for what in _counted(one))
    for line in _summary(counts):
        typer.echo(line, err=True)
    return work.left


def _line(one: Recounted) -> str:
    verdict = "".join(f", {what}" for what in _counted(one) if what != "changed")
    return f"{one.number} {one.clock}: due {_moment(one.due_before)} -> {_moment(one.due_after)}{verdict}"


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _counted(one: Recounted) -> Iterator[str]:
    yield "changed"
    if one.is_overdue and not one.was_overdue:
        yield "newly overdue"
    if one.was_overdue and not one.is_overdue:
        yield "no longer overdue"


def _summary(counts: Counter[tuple[str, str, str]]) -> Iterator[str]:
    for policy, clock in sorted({(policy, clock) for policy, clock, _ in counts}):
        kinds = ("changed", "newly overdue", "no longer overdue")
        yield f"{policy} {clock}: " + ", ".join(f"{counts[policy, clock, what]} {what}" for what in kinds)
    if not counts:
        yield "nothing changes"
