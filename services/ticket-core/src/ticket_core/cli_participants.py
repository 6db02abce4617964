"""`kawal participants`: the programme's own list of them."""

import asyncio
import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kawal import database
from kawal.observability import logging
from ticket_core.adapters.participant_files import COLUMNS, content_of
from ticket_core.cli import Dsn, refusals_told
from ticket_core.domain.imports import Fault, Progress
from ticket_core.domain.register import Imported
from ticket_core.importing import import_file
from ticket_core.store.imports import ParticipantImports
from ticket_core.store.numbers import NoNumbers
from ticket_core.store.store import CaseStore

participants = typer.Typer(help="The programme's own list of participants.", no_args_is_help=True)
_Csv = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help=f"UTF-8, the first line names the columns: {', '.join(COLUMNS)}"),
]


@participants.callback()
def _participants() -> None:
    """The programme's own list of participants."""


@participants.command("import")
def import_(
    dsn: Dsn,
    file: _Csv,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only see what would become of each line.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the lines that cannot be taken over here, as CSV.")] = None,
) -> None:
    """Take over who is in the list. The same file again goes on where it ended; what is in it is verified."""
    logging.configure("ticket-core", level="warning")
    with refusals_told():
        done = asyncio.run(_rehearse(dsn, file, report) if dry_run else _import(dsn, file, report))
    typer.echo(_summary(done))


async def _import(dsn: str, file: Path, report: Path | None) -> Progress:
    async with database.opened(dsn, application="kawal-import") as engine:
        imports = ParticipantImports(engine)
        known = await imports.progress(content_of(file))
        if known.line:
            typer.echo(f"Going on behind line {known.line}", err=True)
        store = CaseStore(engine, numbers=NoNumbers())
        done = await import_file(file, known=known, apply=store.apply, told=_tell)
        # Of all runs, so not before the last one ends.
        with _reporting(report) as write:
            async for fault in imports.faults(done.content):
                write(fault)
        return done


async def _rehearse(dsn: str, file: Path, report: Path | None) -> Progress:
    async with database.opened(dsn, application="kawal-import") as engine:
        store = CaseStore(engine, numbers=NoNumbers())
        with _reporting(report) as write:

            def tell(step: Imported) -> None:
                _tell(step)
                for fault in step.faults:
                    write(fault)

            known = Progress(content_of(file))
            return await import_file(file, known=known, apply=store.rehearse, told=tell, rehearsed=True)


def _tell(step: Imported) -> None:
    typer.echo(f"Line {step.progress.line}", err=True)


@contextmanager
def _reporting(report: Path | None) -> Iterator[Callable[[Fault], object]]:
    if report is None:
        yield lambda _: None
        return
    with report.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "column", "reason"))
        yield writer.writerow


def _summary(done: Progress) -> str:
    counts = {"new": done.created, "changed": done.changed, "as before": done.unchanged, "refused": done.refused}
    return "; ".join(f"{count} {name}" for name, count in counts.items())
