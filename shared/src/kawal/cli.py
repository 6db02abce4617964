"""`kawal`: one command; what it can do comes from the installed packages.

A package registers a typer app (a group of commands) or a function (one command) under the entry point group
`kawal.commands`: name -> `module:object`. It is imported when it is used.
"""

from importlib.metadata import entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

GROUP = "kawal.commands"


class RegisteredCommands(TyperGroup):
    """The entry points as commands, in alphabetical order."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's interface
        return sorted(entry_points(group=GROUP).names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's interface
        found = tuple(entry_points(group=GROUP, name=cmd_name))
        if not found:
            return None
        command = get_command(_as_app(found[0].load()))
        command.name = cmd_name
        return command


def _as_app(registered: Any) -> typer.Typer:
    if isinstance(registered, typer.Typer):
        return registered
    app = typer.Typer(add_completion=False)
    app.command()(registered)
    return app


app = typer.Typer(
    cls=RegisteredCommands,
    name="kawal",
    help="Run and look after Kawal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Run and look after Kawal."""


def main() -> None:
    """The console script `kawal`."""
    app()
