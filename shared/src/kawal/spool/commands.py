"""`kawal spool …`: what lies in the spools of this machine."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from kawal.spool.file import connect, read_status
from kawal.spool.model import SpoolStatus

app = typer.Typer(help="Look into the spools of the edges.", no_args_is_help=True)


@app.callback()
def spool() -> None:
    """Look into the spools of the edges."""


@app.command()
def status(
    paths: Annotated[list[Path] | None, typer.Argument(help="Spool files; default: all of this stack.")] = None,
) -> None:
    """Print what waits, since when, and what is retained. Reads only; the edge may run."""
    found = paths or sorted(_default_directory().glob("*.sqlite3"))
    if not found:
        typer.echo(f"No spool in {_default_directory()}", err=True)
        raise typer.Exit(1)
    for path in found:
        typer.echo(f"{path}\n{_describe(_read(path))}")


def _default_directory() -> Path:
    state = Path(os.environ.get("KAWAL_STATE", ".kawal"))
    return Path(os.environ.get("KAWAL_SPOOL_DIR", state / "spool"))


def _read(path: Path) -> SpoolStatus:
    if not path.is_file():
        typer.echo(f"{path} is not a spool file", err=True)
        raise typer.Exit(1)
    connection = connect(path, read_only=True)
    try:
        return read_status(connection)
    finally:
        connection.close()


def _describe(status: SpoolStatus) -> str:
    lines = (
        ("waiting", f"{status.depth_rows} messages, {status.depth_bytes} bytes"),
        ("oldest", _ago(status.oldest_accepted_at)),
        ("last sent", _ago(status.last_sent_at)),
        ("retained", f"{status.retained_rows} messages, {status.retained_bytes} bytes"),
        ("case numbers left", str(status.unused_case_numbers)),
    )
    return "\n".join(f"  {name:18}{value}" for name, value in lines)


def _ago(moment: float | None) -> str:
    return "-" if moment is None else f"{time.time() - moment:.0f} s ago"
