"""`python -m kawal_bench.fill --cases 1000000`: existing cases for the running stack, to see how it copes."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from kawal_bench.demo.running import NothingRuns, RunningStack
from kawal_bench.seeding import seed
from kawal_local.credentials import Credentials
from kawal_local.layout import Layout


def main(
    cases: Annotated[int, typer.Option(min=1, max=5_000_000, help="How many; only once for each database")] = 10_000,
) -> None:
    """Add cases as they look after some months: most closed, one in twenty active."""
    try:
        stack = RunningStack.find()
    except NothingRuns as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
    started = time.perf_counter()
    secrets: Path = Layout.from_environment().secrets
    key = Credentials.load(secrets).case_number_key
    seeded = asyncio.run(seed(str(stack.facts["postgres"]["dsn"]), cases=cases, number_key=key))
    print(f"{cases:,} cases in {time.perf_counter() - started:.0f} s; {seeded.long_case} has fifty entries.")


if __name__ == "__main__":
    typer.run(main)
