"""`kawal check`: is everything in `programme/` right?

Each part registers what it loads by an entry point `kawal.checks` (name -> a callable that takes the folder of the
programme and raises `ProgrammeError`).
"""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from kawal.programme.loading import ProgrammeError

GROUP = "kawal.checks"
Folder = Annotated[Path, typer.Option(envvar="KAWAL_PROGRAMME_DIR", help="The folder to check.")]


def check(programme: Folder = Path("programme")) -> None:
    """Check the programme's files: topics, reasons, fields, templates, forms and call flows."""
    failed = False
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            point.load()(programme)
        except ProgrammeError as wrong:
            failed = True
            typer.echo(str(wrong), err=True)
        else:
            typer.echo(f"{point.name}: fine")
    if failed:
        raise typer.Exit(1)
