"""`kawal dlq`."""

import typer

app = typer.Typer(help="Look at dead letters, and have them handled again.", no_args_is_help=True)
