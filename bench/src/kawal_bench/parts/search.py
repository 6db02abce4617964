"""Lists and search at a million cases, through ticket-core's API."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import httpx

from kawal.observability import logging
from kawal.testing.servers import running
from kawal.testing.waiting import eventually
from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.core.servers import Servers, servers
from kawal_bench.costs import Meter
from kawal_bench.load import Request, closed_loop
from kawal_bench.report import Figure, Goal
from kawal_bench.seeding import Seeded, seed
from ticket_core.main import PORT

CASES = 1_000_000
CLIENTS = 8
SECONDS = 10.0
_LIST, _SEARCH = Goal.most(50, "ms"), Goal.most(200, "ms")
_TOPICS = ("registration.otp_not_received", "incentive.not_paid", "training.certificate_missing", "selection")

Paths = Callable[[random.Random], str]


async def measure(*, cases: int = CASES) -> list[Figure]:
    """Fill a database of its own (`cases` cases, more than five entries each), and ask for lists and searches."""
    logging.configure("kawal-bench", level="warning")
    # Not below a home folder: the account that PostgreSQL runs as may not walk through it.
    with tempfile.TemporaryDirectory(prefix="kawal-bench-") as directory:
        cores = set(range(2))
        async with servers(Path(directory) / "state", cores=cores) as started:
            dsn = await started.database("search")
            began = time.perf_counter()
            key = started.credentials.case_number_key
            seeded = await seed(dsn, cases=cases, number_key=key, lifelike=True)
            _say(f"{cases:,} cases in {time.perf_counter() - began:.0f} s")
            entries, texts, names = await _material(dsn)
            loads = _loads(seeded, texts, names)
            figures = await _through_the_door(started, dsn, loads, entries=entries, cases=cases)
    return [*figures, _indexed(seeded)]


def _indexed(seeded: Seeded) -> Figure:
    cases = len(seeded.numbers)
    return Figure(
        what="documents made for search",
        value=cases / seeded.documents_s,
        unit="cases/s",
        how=f"kawal rebuild --search of {cases:,} cases on one connection, the two GIN indexes made afterwards",
    )


async def _material(dsn: str) -> tuple[int, list[str], list[str]]:
    """The number of entries, and texts and names that are there, to be asked for."""
    connection = await asyncpg.connect(dsn)
    try:
        entries = await connection.fetchval("SELECT count(*) FROM core.timeline")
        texts = await connection.fetch("SELECT text FROM core.timeline WHERE kind = 'message' AND seq = 2 LIMIT 20000")
        names = await connection.fetch("SELECT name FROM core.participants LIMIT 20000")
    finally:
        await connection.close()
    return entries, [row[0] for row in texts], [row[0] for row in names]


def _loads(seeded: Seeded, texts: list[str], names: list[str]) -> dict[str, Paths]:
    def words(count: int) -> Paths:
        return lambda chance: _cases(q=" ".join(chance.sample(chance.choice(texts).split()[-8:], count)))

    return {
        "list, first page": lambda _: _cases(),
        "list, filters and orders": lambda chance: chance.choice(_lists())(chance),
        "search, one word": words(1),
        "search, two words": words(2),
        "search, one word in active cases": lambda chance: words(1)(chance) + "&active=true",
        "search, a name": lambda chance: _cases(q=chance.choice(names)),
        "search, the beginning of a number": lambda chance: _cases(q=chance.choice(seeded.numbers)[:5]),
        "search, a frequent word": lambda chance: _cases(q=chance.choice(("insentif", "sertifikat", "sinyal", "nik"))),
    }


def _lists() -> tuple[Paths, ...]:
    return (
        lambda _: _cases(active="true"),
        lambda _: _cases(active="true", assignee="none"),
        lambda _: _cases(active="true", sort="waiting"),
        lambda _: _cases(sort="priority"),
        lambda _: _cases(sort="opened"),
        lambda _: _cases(state="resolved", channel="chat"),
        lambda chance: _cases(topic=chance.choice(_TOPICS)),
        lambda chance: _cases(topic=chance.choice(_TOPICS), active="true"),
        lambda _: _cases(assignee="me"),
    )


def _cases(**query: str) -> str:
    return f"/v1/cases?{urlencode({'limit': '25', **query})}"


async def _through_the_door(
    started: Servers, dsn: str, loads: dict[str, Paths], *, entries: int, cases: int
) -> list[Figure]:
    program = started.ticket_core(dsn, sys.executable)
    url = f"http://127.0.0.1:{PORT + int(program.env['KAWAL_PORT_OFFSET'])}"
    token = started.credentials.api_token
    with ExitStack() as stack:
        process = stack.enter_context(running(program, log=started.layout.state / "ticket-core.log"))
        await eventually(lambda: _answers(url, token), timeout=60)
        meter = Meter(lambda: started.pids | {"ticket-core": process.pid})
        figures = []
        for what, paths in loads.items():
            _say(what)
            clients = [await _client(url, token, paths, place) for place in range(CLIENTS)]
            measured = await closed_loop(clients, seconds=SECONDS, meter=meter)
            figures.append(
                Figure(
                    what=f"{what}, p99",
                    value=measured.quantile(0.99) * 1000,
                    unit="ms",
                    goal=_LIST if what.startswith("list") else _SEARCH,
                    beside=f"(p50 {measured.quantile(0.5) * 1000:.1f} ms, {measured.per_second:,.0f}/s)",
                    how=(
                        f"{cases:,} cases, {entries:,} entries; {CLIENTS} closed-loop clients, GET /v1/cases?… of 25,"
                        f" one ticket-core process, clients and PostgreSQL (fsync on) on the same cores"
                    ),
                    cost=measured.cost,
                )
            )
    return figures


async def _client(url: str, token: str, paths: Paths, place: int) -> Request:
    http, chance = await RawHttp.connect(url), random.Random(place)

    async def request() -> None:
        await http.get(paths(chance), token=token)

    return request


async def _answers(url: str, token: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        try:
            answer = await client.get(f"{url}/v1/cases", headers={"authorization": f"Bearer {token}"})
        except httpx.TransportError:
            return False
    return answer.status_code == 200


def _say(what: str) -> None:
    print(f"search: {what}", file=sys.stderr, flush=True)
