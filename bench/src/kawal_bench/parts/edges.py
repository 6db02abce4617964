"""Part d: how much the edges accept, each message fsynced before it is answered."""

import itertools
from collections.abc import Awaitable, Callable

import uuid_utils

from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.conversations import contacts
from kawal_bench.load import Request, closed_loop
from kawal_bench.parts.participants import conversations, lines, windows, write
from kawal_bench.report import Figure
from kawal_bench.stage import Stage

CLIENTS = 64
SECONDS = 6.0
CONVERSATIONS = 1_024


async def measure(stage: Stage) -> list[Figure]:
    """Chat by both of its doors, and the form."""
    figures = []
    for what, prepared in (
        ("chat, WebSocket", _by_socket),
        ("chat, HTTP", _by_http),
        ("form, API", _by_form),
    ):
        clients = await prepared(stage)
        await stage.settle()
        measured = await closed_loop(clients, seconds=SECONDS, meter=stage.meter())
        figures.append(
            Figure(
                what=f"edge accepts: {what}",
                value=measured.per_second,
                unit="/s",
                beside=measured.spread,
                how=f"{CLIENTS} closed-loop clients, each answer after the fsync of the spool; everything on this"
                " machine, the stack working it off meanwhile",
                cost=measured.cost,
            )
        )
    return figures


Prepared = Callable[[Stage], Awaitable[list[Request]]]


async def _by_socket(stage: Stage) -> list[Request]:
    url = stage.url("chat-ingest")
    opened = await windows(url, await conversations(url, count=CONVERSATIONS, seed=11))
    texts, serial = lines(12), itertools.count()

    def client(place: int) -> Request:
        own = itertools.cycle(opened[place::CLIENTS])

        async def request() -> None:
            await next(own).say(next(texts), client_id=str(next(serial)))

        return request

    return [client(place) for place in range(CLIENTS)]


async def _by_http(stage: Stage) -> list[Request]:
    url = stage.url("chat-ingest")
    tokens = await conversations(url, count=CONVERSATIONS, seed=13)
    texts, serial = lines(14), itertools.count()

    async def client(place: int) -> Request:
        http, own = await RawHttp.connect(url), itertools.cycle(tokens[place::CLIENTS])

        async def request() -> None:
            await write(http, next(own), next(texts), client_id=f"h{next(serial)}")

        return request

    return [await client(place) for place in range(CLIENTS)]


async def _by_form(stage: Stage) -> list[Request]:
    people = contacts(15)

    async def client() -> Request:
        http = await RawHttp.connect(stage.url("webform-ingest"))

        async def request() -> None:
            contact = next(people)
            answers = {"topic": contact.topic, "message": " ".join(contact.lines), "name": contact.person.name}
            path = "/v1/forms/complaint/submissions"
            await http.post(path, answers, key=uuid_utils.uuid7().hex, expect=202)

        return request

    return [await client() for _ in range(CLIENTS)]
