"""Part b: from the edge's accept to the agent's screen, and from the agent's reply to the participant's window."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import uuid_utils

from kawal.testing.waiting import eventually
from kawal_bench.clients.agent import AgentClient
from kawal_bench.clients.raw_chat import RawChat
from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.costs import Meter
from kawal_bench.load import open_loop, quantile
from kawal_bench.parts.participants import conversations, windows
from kawal_bench.report import Figure, Goal
from kawal_bench.stage import Stage

RATES = (50, 200)
SECONDS = 15
WINDOWS = 200
AGENTS = 16
ARRIVED_WITHIN_S = 30.0
_GOAL = Goal.most(250, "ms")
Send = Callable[[int], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Watch:
    """When each text left and when it was seen, both in seconds of one clock."""

    left: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def note(self, text: str) -> None:
        self.seen.setdefault(text, time.perf_counter())

    @property
    def latencies(self) -> list[float]:
        """In ascending order; what was seen before its sender heard of the accept took no time."""
        return sorted(max(0.0, self.seen[text] - at) for text, at in self.left.items())

    @property
    def is_complete(self) -> bool:
        return self.left.keys() <= self.seen.keys()


@dataclass(slots=True)
class Places:
    """Everybody who takes part. `opened` are windows, `numbers` their cases."""

    stage: Stage
    screen: Watch
    widget: Watch
    opened: list[RawChat] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    agents: asyncio.Queue[RawHttp] = field(default_factory=asyncio.Queue)


async def measure(stage: Stage) -> list[Figure]:
    """Both directions at both rates, one after the other."""
    places = Places(stage, Watch(), Watch())
    async with httpx.AsyncClient(
        base_url=stage.url("ticket-core"), headers={"authorization": f"Bearer {stage.token}"}, trust_env=False
    ) as client:
        watching = asyncio.create_task(_watch_screen(AgentClient(client), places))
        try:
            await _take_places(places)
            figures = []
            for rate in RATES:
                await stage.settle()
                figures.append(await _run(stage.meter(), rate, places.screen, _message(places, rate), _TO_SCREEN))
                await stage.settle()
                figures.append(await _run(stage.meter(), rate, places.widget, _reply(places, rate), _TO_WINDOW))
            return figures
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


_TO_SCREEN = (
    "edge's accept to agent's screen",
    "participants in {windows} open windows; from `accepted` in the window to the entry on GET /v1/events",
)
_TO_WINDOW = (
    "agent's reply to participant's window",
    "POST …/replies; from the sending of the request to the `message` frame in one of {windows} windows",
)


async def _run(meter: Meter, rate: int, watch: Watch, send: Send, words: tuple[str, str]) -> Figure:
    watch.left.clear()
    meter.start()
    await open_loop(send, per_second=rate, count=rate * SECONDS)
    await eventually(lambda: watch.is_complete, timeout=ARRIVED_WITHIN_S)
    latencies = watch.latencies
    what, how = words
    return Figure(
        what=f"{what}, p99 at {rate}/s",
        value=quantile(latencies, 0.99) * 1000,
        unit="ms",
        goal=_GOAL,
        beside=f"(p50 {quantile(latencies, 0.5) * 1000:.0f} ms)",
        how=how.format(windows=WINDOWS) + f"; by the clock, {len(latencies):,} in {SECONDS} s, everything on this"
        " machine",
        cost=meter.each(len(latencies)),
    )


async def _take_places(places: Places) -> None:
    url = places.stage.url("chat-ingest")
    tokens = await conversations(url, count=WINDOWS, seed=31)
    places.opened = await windows(url, tokens, on_message=lambda raw: _on_message(places.widget, raw))
    for place, window in enumerate(places.opened):
        await window.say(f"place {place}", client_id=f"place-{place}")
    wanted = [f"place {place}" for place in range(WINDOWS)]
    await eventually(lambda: all(text in places.screen.seen for text in wanted), timeout=ARRIVED_WITHIN_S)
    for _ in range(AGENTS):
        places.agents.put_nowait(await RawHttp.connect(places.stage.url("ticket-core")))


def _on_message(watch: Watch, raw: bytes) -> None:
    watch.note(json.loads(raw).get("text", ""))


async def _watch_screen(agent: AgentClient, places: Places) -> None:
    async for _, entry in agent.events():
        places.screen.note(entry["text"])
        if entry["text"].startswith("place "):
            places.numbers.append(entry["number"])


def _message(places: Places, rate: int) -> Send:
    async def send(turn: int) -> None:
        text = f"Pesan ke-{turn} pada {rate}"
        await places.opened[turn % WINDOWS].say(text, client_id=f"{rate}-{turn}")
        places.screen.left[text] = time.perf_counter()

    return send


def _reply(places: Places, rate: int) -> Send:
    async def send(turn: int) -> None:
        text, path = f"Jawaban ke-{turn} pada {rate}", f"/v1/cases/{places.numbers[turn % WINDOWS]}/replies"
        places.widget.left[text] = time.perf_counter()
        agent = await places.agents.get()
        await agent.post(path, {"text": text}, token=places.stage.token, key=uuid_utils.uuid7().hex, expect=201)
        places.agents.put_nowait(agent)

    return send
