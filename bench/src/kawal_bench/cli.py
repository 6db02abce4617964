"""`python -m kawal_bench [part]`: measures, prints one table, asserts nothing."""

import sys
from collections.abc import Coroutine
from enum import StrEnum
from typing import Annotated, Any

import typer
import uvloop

from kawal_bench import machine
from kawal_bench.core.measure import EVENTS
from kawal_bench.core.measure import measure as measure_core
from kawal_bench.parts import doors, edges, latency, memory, routing, search
from kawal_bench.report import Figure, costs, markdown, table
from kawal_bench.stage import stage


class Part(StrEnum):
    """What can be measured by itself."""

    CORE = "core"
    LATENCY = "latency"
    DOORS = "doors"
    EDGES = "edges"
    MEMORY = "memory"
    SEARCH = "search"
    ROUTING = "routing"


ON_STAGE = (Part.LATENCY, Part.DOORS, Part.EDGES, Part.MEMORY)


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="All, unless some are named")] = None,
    *,
    many: Annotated[bool, typer.Option(help="core: also at a million cases")] = True,
    events: Annotated[int, typer.Option(min=5_000, max=500_000, help="core: so many interactions")] = EVENTS,
    cases: Annotated[int, typer.Option(min=1_000, max=2_000_000, help="search: so many cases")] = search.CASES,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the table for a README")] = False,
) -> None:
    """Measure Kawal on this machine. Nothing of it is left afterwards."""
    wanted = parts or list(Part)
    print(machine.description(), flush=True)
    figures: list[Figure] = []
    if Part.CORE in wanted:
        figures += _measured(Part.CORE, measure_core(many=many, events=events))
    if on_stage := [part for part in wanted if part in ON_STAGE]:
        figures += uvloop.run(_on_stage(on_stage))
    if Part.SEARCH in wanted:
        figures += _measured(Part.SEARCH, search.measure(cases=cases))
    if Part.ROUTING in wanted:
        figures += _measured(Part.ROUTING, routing.measure())
    print(markdown(figures) if as_markdown else table(figures))
    if spent := costs(figures):
        print(f"\nWhere the time went\n{spent}")
    print(f"\nAt the end: {machine.load()}")


async def _on_stage(parts: list[Part]) -> list[Figure]:
    figures: list[Figure] = []
    async with stage() as running:
        for part in parts:
            _say(part)
            await running.settle()
            match part:
                case Part.LATENCY:
                    figures += await latency.measure(running)
                case Part.DOORS:
                    figures += await doors.measure(running, await running.seed(doors.EXISTING))
                case Part.EDGES:
                    figures += await edges.measure(running)
                case _:
                    figures += await memory.measure(running)
    return figures


def _measured(part: Part, work: Coroutine[Any, Any, list[Figure]]) -> list[Figure]:
    _say(part)
    return uvloop.run(work)


def _say(part: Part) -> None:
    print(f"measuring: {part}", file=sys.stderr, flush=True)


def run() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
