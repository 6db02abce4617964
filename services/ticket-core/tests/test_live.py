import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

import pytest

from core_factories import NOW
from ticket_core import live as module
from ticket_core.live import CutOff, Event, LiveFeed, TooManyScreens
from ticket_core.store.stream import StreamedEntry, StreamPlace

CASE = "0198f2c0-0000-7000-8000-0000000000c1"


def place(stamp: int) -> StreamPlace:
    return StreamPlace(stamp, CASE, stamp)


def entry(stamp: int) -> StreamedEntry:
    return StreamedEntry(
        CASE, stamp, "1", "message", NOW, "chat", None, None, "agent", None, "x", "open", None, None, None
    )


class Written:
    """A stream without a database: what a test has written so far."""

    def __init__(self) -> None:
        self.entries: list[tuple[StreamPlace, StreamedEntry]] = []
        self.read = asyncio.Event()

    def write(self, *stamps: int) -> None:
        self.entries += [(place(stamp), entry(stamp)) for stamp in stamps]

    async def now(self) -> StreamPlace:
        return self.entries[-1][0] if self.entries else place(0)

    async def after(self, begin: StreamPlace, *, limit: int) -> Sequence[tuple[StreamPlace, StreamedEntry]]:
        await asyncio.sleep(0)
        self.read.set()
        return [one for one in self.entries if one[0] > begin][:limit]


@asynccontextmanager
async def running(written: Written) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(written)  # type: ignore[arg-type]
    task = asyncio.create_task(feed.run())
    yield feed
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def take(feed: LiveFeed, after: int, count: int) -> list[int]:
    seen: list[Event] = []
    async with asyncio.timeout(10), aclosing(feed.events(place(after))) as events:
        async for event in events:
            seen.append(event)
            if len(seen) == count:
                break
    return [one[0].stamp for one in seen]


async def drained(events: AsyncIterator[Event], *, into: list[Event]) -> None:
    async with asyncio.timeout(10):
        async for event in events:
            into.append(event)  # noqa: PERF401 what came before the end is wanted, too


class TestEvents:
    async def test_what_was_missed_and_what_comes(self) -> None:
        written = Written()
        written.write(1, 2, 3)
        async with running(written) as feed:
            taking = asyncio.create_task(take(feed, 1, 4))
            await written.read.wait()
            written.write(4, 5)
            feed.wake()
            assert await taking == [2, 3, 4, 5]

    async def test_ahead_of_this_replica(self) -> None:
        written = Written()
        written.write(1)
        async with running(written) as feed:
            waiting = asyncio.create_task(take(feed, 0, 3))
            ahead = asyncio.create_task(take(feed, 2, 1))
            await written.read.wait()
            written.write(2, 3)
            feed.wake()
            assert (await waiting, await ahead) == ([1, 2, 3], [3])

    async def test_many_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PAGE", 3)
        written = Written()
        written.write(*range(1, 20))
        async with running(written) as feed:
            assert await take(feed, 0, 19) == list(range(1, 20))

    async def test_who_does_not_keep_up_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_UNREAD", 5)
        monkeypatch.setattr(module, "PAGE", 3)
        written = Written()
        written.write(1)
        async with running(written) as feed, aclosing(feed.events(place(0))) as slow:
            await anext(slow)
            written.write(*range(2, 20))
            assert await take(feed, 1, 18) == list(range(2, 20))
            seen: list[Event] = []
            with pytest.raises(CutOff):
                await drained(slow, into=seen)
            assert [one[0].stamp for one in seen] == [2, 3, 4]
            assert await take(feed, 4, 15) == list(range(5, 20))

    async def test_there_is_a_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_SCREENS", 0)
        with pytest.raises(TooManyScreens):
            await take(LiveFeed(Written()), 0, 1)  # type: ignore[arg-type]
