"""The live stream over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core import live
from ticket_core.api import events
from ticket_core.domain.inputs import Reply

pytestmark = pytest.mark.integration


class Screen:
    """Reads events of one connection."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The id and the data of the next event; heartbeats are passed over."""
        found: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and "data" in found:
                    return found["id"], json.loads(found["data"])
                name, _, value = line.partition(": ")
                found[name] = value
        raise AssertionError("the stream ended")

    async def take(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def screen(served: Served, *, after: str | None = None) -> AsyncIterator[Screen]:
    headers = {"last-event-id": after} if after else {}
    async with served.client.stream("GET", "/v1/events", headers=headers) as response:
        opened = Screen(response)
        assert response.status_code == 200
        yield opened


def seqs(seen: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [event["seq"] for _, event in seen]


class TestStreamEvents:
    async def test_shows_what_is_written(self, served: Served) -> None:
        begin = str(await served.stream.now())
        async with screen(served, after=begin) as one:
            assert one.response.headers["content-type"].startswith("text/event-stream")
            await served.store.apply([contact(message(reference=number(1)))])
            seen = await one.take(3)
            assert seqs(seen) == [1, 2, 3]
            assert {event["number"] for _, event in seen} == {number(1)}
            assert seen[1][1]["text"] == "Halo"

    async def test_without_a_place_it_begins_with_the_request(self, served: Served) -> None:
        await served.store.apply([contact(message(reference=number(1)))])
        async with screen(served) as one:
            await served.store.apply([Reply(number=number(1), agent=BUDI, text="Baik")])
            assert seqs(await one.take(1)) == [4]

    async def test_goes_on_where_it_was(self, served: Served) -> None:
        begin = str(await served.stream.now())
        await served.store.apply([contact(message(reference=number(1)))])
        async with screen(served, after=begin) as one:
            seen = await one.take(2)
        await served.store.apply([Reply(number=number(1), agent=BUDI, text="Baik")])
        async with screen(served, after=seen[-1][0]) as one:
            assert seqs(await one.take(2)) == [3, 4]

    async def test_every_screen_sees_everything_once(self, served: Served) -> None:
        begin = str(await served.stream.now())
        await served.store.apply([contact(message(reference=number(1)))])

        async def watch() -> list[int]:
            async with screen(served, after=begin) as one:
                return seqs(await one.take(23))

        watching = [asyncio.create_task(watch()) for _ in range(5)]
        for turn in range(20):
            await served.store.apply([contact(message(f"Pesan {turn}"))])
        assert await asyncio.gather(*watching) == [list(range(1, 24))] * 5

    async def test_ends_with_the_session(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "KNOWN_FOR_S", 0.05)
        agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
        session = await served.desk.sessions.create(agent_id)
        headers = {"cookie": f"kawal_session={session}"}
        async with asyncio.timeout(10), served.anyone.stream("GET", "/v1/events", headers=headers) as response:
            await served.desk.sessions.revoke(session)
            assert "data" not in [line async for line in response.aiter_lines()]

    async def test_too_many_screens(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live, "MOST_SCREENS", 0)
        answer = await served.client.get("/v1/events")
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")

    async def test_an_id_of_somewhere_else(self, served: Served) -> None:
        for written in ("x", "1.2.3", "-1.00000000-0000-0000-0000-000000000000.1", "1.x.1"):
            answer = await served.client.get("/v1/events", headers={"last-event-id": written})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_event_id"), written
