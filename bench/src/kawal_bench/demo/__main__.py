"""`python -m kawal_bench.demo [--minutes 3] [--seed 1]`."""

import asyncio
from typing import Annotated

import httpx
import typer

from kawal_bench.demo.desk import NotSignedIn
from kawal_bench.demo.play import play
from kawal_bench.demo.running import NothingRuns, RunningStack

FAILED, INTERRUPTED = 1, 130


def main(
    minutes: Annotated[float, typer.Option(min=0.1, max=600, help="For how long people come")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed brings the same people")] = 1,
) -> None:
    """Let people contact the running stack through its real doors, and an automatic agent answer some of them."""
    try:
        stack = RunningStack.find()
        email, _ = stack.agent
        print(f"Watch it at {stack.url('ticket-core')}/console/ (sign in as {email}). Ctrl-C ends it.", flush=True)
        count = asyncio.run(play(stack, minutes=minutes, seed=seed))
    except (NothingRuns, NotSignedIn) as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(FAILED) from None
    except httpx.HTTPError as away:
        typer.echo(f"The stack does not answer any more ({type(away).__name__}).", err=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        print("\nEnough for now.", flush=True)
        raise typer.Exit(INTERRUPTED) from None
    print(f"{count} contacts.", flush=True)


if __name__ == "__main__":
    typer.run(main)
