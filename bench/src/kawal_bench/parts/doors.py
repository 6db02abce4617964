"""Part c: through the public doors with eight closed-loop clients, as the peers of DESIGN.md were measured."""

import itertools
from collections.abc import Sequence

import uuid_utils

from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.load import Measured, Request, closed_loop
from kawal_bench.parts.participants import chat_contacts, conversations, lines, new_session, windows, write
from kawal_bench.report import Figure, Goal
from kawal_bench.seeding import Seeded
from kawal_bench.stage import Stage

CLIENTS = 8
SECONDS = 6.0
EXISTING = 10_000
CONVERSATIONS = 512
"""Enough that no conversation comes near the limit of ten messages a second."""
_ALL_HERE = "load generator, all services, PostgreSQL and Kafka on the same cores"


async def measure(stage: Stage, seeded: Seeded) -> list[Figure]:
    """Each load on its own, the stack at rest in between."""
    figures = []
    for part in (_list, _view, _replies, _messages, _contacts):
        await stage.settle()
        figures.append(await part(stage, seeded))
    return figures


async def _contacts(stage: Stage, _seeded: Seeded) -> Figure:
    people = chat_contacts(1)

    async def client() -> Request:
        http = await RawHttp.connect(stage.url("chat-ingest"))

        async def request() -> None:
            contact = next(people)
            token = await new_session(http, contact)
            await write(http, token, contact.lines[0], client_id="1")

        return request

    measured = await _load(stage, [await client() for _ in range(CLIENTS)])
    return _figure(
        "new contacts",
        measured,
        Goal.least(1_750, "/s"),
        f"{CLIENTS} closed-loop clients, each contact a new session and its first message over HTTP (two requests),"
        f" answered after the fsync; {_ALL_HERE}",
    )


async def _messages(stage: Stage, _seeded: Seeded) -> Figure:
    url = stage.url("chat-ingest")
    opened = await windows(url, await conversations(url, count=CONVERSATIONS, seed=2))
    texts, serial = lines(3), itertools.count()
    await stage.settle()

    def client(place: int) -> Request:
        own = itertools.cycle(opened[place::CLIENTS])

        async def request() -> None:
            await next(own).say(next(texts), client_id=str(next(serial)))

        return request

    measured = await _load(stage, [client(place) for place in range(CLIENTS)])
    for window in opened:
        window.close()
    return _figure(
        "messages into existing conversations",
        measured,
        Goal.least(2_300, "/s"),
        f"{CLIENTS} closed-loop clients, each going round {CONVERSATIONS // CLIENTS} open WebSockets; a message is"
        f" answered by `accepted` after the fsync; {_ALL_HERE}",
    )


async def _replies(stage: Stage, seeded: Seeded) -> Figure:
    numbers = itertools.cycle(seeded.active)

    async def client() -> Request:
        http = await RawHttp.connect(stage.url("ticket-core"))

        async def request() -> None:
            path = f"/v1/cases/{next(numbers)}/replies"
            body = {"text": "Sudah kami cek, dana masuk paling lambat besok. Mohon ditunggu ya."}
            await http.post(path, body, token=stage.token, key=uuid_utils.uuid7().hex, expect=201)

        return request

    measured = await _load(stage, [await client() for _ in range(CLIENTS)])
    return _figure(
        "agents' replies",
        measured,
        Goal.least(750, "/s"),
        f"{CLIENTS} closed-loop clients, POST …/replies with Idempotency-Key into {len(seeded.active)} active cases,"
        f" answered after the commit; {_ALL_HERE}",
    )


async def _list(stage: Stage, _seeded: Seeded) -> Figure:
    async def client() -> Request:
        http = await RawHttp.connect(stage.url("ticket-core"))

        async def request() -> None:
            await http.get("/v1/cases?limit=25", token=stage.token)

        return request

    measured = await _load(stage, [await client() for _ in range(CLIENTS)])
    return Figure(
        what=f"list of 25 at {EXISTING:,} cases, p50",
        value=measured.quantile(0.5) * 1000,
        unit="ms",
        goal=Goal.most(20, "ms"),
        beside=f"({measured.per_second:,.0f}/s, p99 {measured.quantile(0.99) * 1000:.1f} ms)",
        how=f"{CLIENTS} closed-loop clients, GET /v1/cases?limit=25; {_ALL_HERE}",
        cost=measured.cost,
    )


async def _view(stage: Stage, seeded: Seeded) -> Figure:
    path = f"/v1/cases/{seeded.long_case}"

    async def client() -> Request:
        http = await RawHttp.connect(stage.url("ticket-core"))

        async def request() -> None:
            await http.get(path, token=stage.token)
            await http.get(f"{path}/timeline", token=stage.token)

        return request

    measured = await _load(stage, [await client() for _ in range(CLIENTS)])
    return _figure(
        "views of one case with 50 entries",
        measured,
        Goal.least(580, "/s"),
        f"{CLIENTS} closed-loop clients, a view is the case and its timeline (two GETs); {_ALL_HERE}",
    )


async def _load(stage: Stage, clients: Sequence[Request]) -> Measured:
    return await closed_loop(clients, seconds=SECONDS, meter=stage.meter())


def _figure(what: str, measured: Measured, goal: Goal, how: str) -> Figure:
    return Figure(
        what=what,
        value=measured.per_second,
        unit="/s",
        goal=goal,
        beside=measured.spread,
        how=how,
        cost=measured.cost,
    )
