"""`kawal contracts`: the generated files in `docs/contracts/`, and what was released of them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kawal.contracts import schemas
from kawal.contracts.compatibility import breaking_changes

app = typer.Typer(help="Generate and check the contracts between the services.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option(help="Where the contracts lie.")]
FOLDER = Path("docs/contracts")


@app.command()
def generate(folder: Folder = FOLDER) -> None:
    """Write JSON Schemas and AsyncAPI from the models."""
    written = schemas.files()
    folder.mkdir(parents=True, exist_ok=True)
    for stale in _present(folder) - written.keys():
        (folder / stale).unlink()
    for name, content in written.items():
        (folder / name).write_text(content, "utf-8")
    typer.echo(f"{len(written)} files in {folder}")


@app.command()
def check(folder: Folder = FOLDER) -> None:
    """Fail when the files are not what the models make, or when they would break somebody."""
    problems = stale_files(folder) + breaking_changes(released(folder), schemas.schemas())
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("The contracts are up to date and compatible.")


@app.command()
def release(folder: Folder = FOLDER) -> None:
    """Keep the schemas of now as what every later version is compared with."""
    target = folder / "released" / str(max(_releases(folder), default=0) + 1)
    target.mkdir(parents=True)
    for name in schemas.schemas():
        (target / name).write_text(schemas.files()[name], "utf-8")
    typer.echo(f"Released as {target}")


def stale_files(folder: Path) -> list[str]:
    """Which files differ from what the models make, one sentence each."""
    wanted = schemas.files()
    different = [
        f"{folder / name} is out of date; run `kawal contracts generate`"
        for name, content in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != content
    ]
    return different + [f"{folder / name} belongs to no model" for name in sorted(_present(folder) - wanted.keys())]


def released(folder: Path) -> dict[str, schemas.Schema]:
    """The schemas of the last release, by file name; none before the first."""
    if not (releases := _releases(folder)):
        return {}
    last = folder / "released" / str(max(releases))
    return {path.name: json.loads(path.read_text("utf-8")) for path in last.glob(f"*{schemas.SUFFIX}")}


def _present(folder: Path) -> set[str]:
    return {path.name for path in folder.glob(f"*{schemas.SUFFIX}")}


def _releases(folder: Path) -> list[int]:
    return [int(path.name) for path in (folder / "released").glob("*") if path.name.isdigit()]
