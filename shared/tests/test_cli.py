from importlib.metadata import EntryPoint, EntryPoints

import typer
from typer.testing import CliRunner

from kawal import cli

group = typer.Typer()


@group.command("greet")
def greet(name: str) -> None:
    typer.echo(f"hello {name}")


@group.command("part")
def part() -> None:
    typer.echo("goodbye")


def single(times: int = 1) -> None:
    """Count."""
    typer.echo(f"{times} times")


class TestKawal:
    def test_a_typer_app_becomes_a_group(self, monkeypatch):
        assert _invoke(monkeypatch, "many", "greet", "Sri") == "hello Sri\n"

    def test_a_function_becomes_a_command(self, monkeypatch):
        assert _invoke(monkeypatch, "one", "--times", "3") == "3 times\n"

    def test_a_command_of_a_broken_package_hinders_no_other(self, monkeypatch):
        assert _invoke(monkeypatch, "one") == "1 times\n"


def _invoke(monkeypatch, *arguments: str) -> str:
    registered = EntryPoints(
        [
            EntryPoint("many", f"{__name__}:group", cli.GROUP),
            EntryPoint("one", f"{__name__}:single", cli.GROUP),
            EntryPoint("broken", "nowhere.to_be.found:app", cli.GROUP),
        ]
    )
    monkeypatch.setattr(cli, "entry_points", registered.select)
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output
    return result.output
