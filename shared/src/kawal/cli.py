"""`kawal`: one command; what it can do comes from the installed packages.

A package registers a typer app (a group of commands) or a function (one command) under the entry point group
`kawal.commands`: name -> `module:object`.
"""

import sys
from importlib.metadata import EntryPoint, entry_points

import typer

GROUP = "kawal.commands"


def build() -> typer.Typer:
    """The root app with every registered command, in alphabetical order."""
    root = typer.Typer(name="kawal", help="Run and look after Kawal.", no_args_is_help=True, add_completion=False)
    root.callback()(_root)
    for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        _register(root, entry)
    return root


def _root() -> None:
    """Run and look after Kawal."""


def _register(root: typer.Typer, entry: EntryPoint) -> None:
    command = entry.load()
    if isinstance(command, typer.Typer):
        root.add_typer(command, name=entry.name)
    else:
        root.command(name=entry.name)(command)


def main() -> None:
    """The console script `kawal`."""
    build()(sys.argv[1:])
