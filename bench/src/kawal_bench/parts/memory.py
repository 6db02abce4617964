"""Part d, second half: memory of an idle chat window."""

import asyncio

import psutil

from kawal_bench.clients.raw_chat import RawChat
from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.parts.participants import chat_contacts, new_session, windows
from kawal_bench.report import Figure, Goal
from kawal_bench.stage import Stage

CONNECTIONS = 5_000
WARM_UP = 200
REST_S = 3.0


async def measure(stage: Stage) -> list[Figure]:
    """Resident memory of chat-ingest with and without the windows."""
    await _close(await _open(stage, WARM_UP, seed=21))
    await stage.settle()
    process = psutil.Process(stage.process.pid("chat-ingest"))
    before = process.memory_info().rss
    opened = await _open(stage, CONNECTIONS, seed=22)
    await asyncio.sleep(REST_S)
    after = process.memory_info().rss
    await _close(opened)
    return [
        Figure(
            what=f"memory of an idle chat window, at {CONNECTIONS:,}",
            value=(after - before) / CONNECTIONS / 1024,
            unit="KiB",
            goal=Goal.most(40, "KiB"),
            beside=f"({before / 2**20:.0f} -> {after / 2**20:.0f} MiB)",
            how="growth of chat-ingest's resident memory (RSS) by WebSockets that have said hello, each in a"
            f" conversation of its own, after {REST_S:.0f} s of rest",
        )
    ]


async def _open(stage: Stage, count: int, *, seed: int) -> list[RawChat]:
    url = stage.url("chat-ingest")
    http, people = await RawHttp.connect(url), chat_contacts(seed)
    tokens = [await new_session(http, next(people)) for _ in range(count)]
    http.close()
    return await windows(url, tokens)


async def _close(opened: list[RawChat]) -> None:
    for window in opened:
        window.close()
    await asyncio.sleep(REST_S)
