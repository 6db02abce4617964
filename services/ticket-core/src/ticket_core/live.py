"""Pushes the stream of all timelines to the screens that are connected to this replica.

One task reads the stream for all of them. A screen that reconnects catches up from the database first. A screen that
does not read fast enough is cut off; it comes back and catches up.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from pydantic_core import to_json

from kawal.database import is_outage
from kawal.errors import KawalError
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.store.stream import CaseStream, StreamedEntry, StreamPlace

POLL_S = 0.05
"""Other replicas commit, too; and what we committed shows only once older transactions have ended."""
OUTAGE_S = 1.0
PAGE = 500
MOST_UNREAD = 2_000
MOST_SCREENS = 1_000

Event = tuple[StreamPlace, bytes]

log = get_logger()


class TooManyScreens(KawalError):
    status, code, title = 503, "too_many_streams", "Too many screens are connected"
    retry_after_s = 5


class CutOff(Exception):
    """A screen did not keep up."""


class Subscription:
    """What comes after `joined_at`, in order."""

    def __init__(self, joined_at: StreamPlace) -> None:
        self.joined_at = joined_at
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(MOST_UNREAD + 1)
        self._cut = False

    def put(self, events: list[Event]) -> None:
        """Never waits: whoever is behind too far is cut off."""
        if self._cut:
            return
        if self._events.qsize() + len(events) > MOST_UNREAD:
            self._cut = True
            metrics.LIVE_SCREENS_CUT.inc()
            events = []
            self._events.put_nowait(None)
        for event in events:
            self._events.put_nowait(event)

    async def next(self) -> Event:
        """The next event.

        Raises:
            CutOff: there was no room for the events that followed.
        """
        event = await self._events.get()
        if event is None:
            raise CutOff
        return event


class LiveFeed:
    """`run` is a task of the service. `wake` says that something was committed."""

    def __init__(self, stream: CaseStream) -> None:
        self._stream = stream
        self._woken = asyncio.Event()
        self._subscriptions: set[Subscription] = set()
        self._place: StreamPlace | None = None

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> NoReturn:
        """Read the stream for as long as somebody listens; PostgreSQL may come and go."""
        while True:
            try:
                await self._rest()
                await self._advance()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("live_feed_interrupted", error=error)
                await asyncio.sleep(OUTAGE_S)

    async def here(self) -> StreamPlace:
        """The place of a screen that wants only what comes from now on."""
        return await self._stream.now()

    def refuse_if_full(self) -> None:
        """Raises `TooManyScreens`."""
        if len(self._subscriptions) >= MOST_SCREENS:
            raise TooManyScreens("Try again in a moment")

    async def events(self, after: StreamPlace) -> AsyncGenerator[Event]:
        """Everything behind `after`, without an end.

        Raises:
            TooManyScreens: before the first event.
            CutOff: the caller was too slow; he has to begin again from the last event that he has.
        """
        async with self._subscribed() as subscription:
            seen = after
            async for event in self._missed(after, until=subscription.joined_at):
                seen = event[0]
                yield event
            while True:
                event = await subscription.next()
                if event[0] > seen:
                    yield event

    async def _missed(self, place: StreamPlace, *, until: StreamPlace) -> AsyncIterator[Event]:
        """What is in the database behind `place`, as far as `until`."""
        while place < until and (page := await self._stream.after(place, limit=PAGE)):
            for found, entry in page:
                if found > until:
                    return
                yield found, encoded(found, entry)
            place = page[-1][0]

    @asynccontextmanager
    async def _subscribed(self) -> AsyncIterator[Subscription]:
        self.refuse_if_full()
        if self._place is None:
            place = await self._stream.now()
            self._place = self._place or place
        subscription = Subscription(self._place)
        self._subscriptions.add(subscription)
        metrics.LIVE_SCREENS.set(len(self._subscriptions))
        self._woken.set()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            metrics.LIVE_SCREENS.set(len(self._subscriptions))
            if not self._subscriptions:
                self._place = None

    async def _rest(self) -> None:
        if self._subscriptions:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
        else:
            await self._woken.wait()
        self._woken.clear()

    async def _advance(self) -> None:
        while self._subscriptions and self._place is not None:
            page = await self._stream.after(self._place, limit=PAGE)
            if not page or self._place is None:
                return
            events = [(place, encoded(place, entry)) for place, entry in page]
            self._place = page[-1][0]
            for subscription in self._subscriptions:
                subscription.put(events)


def encoded(place: StreamPlace, entry: StreamedEntry) -> bytes:
    """One server-sent event (WHATWG HTML, section 9.2)."""
    return b"id: %s\nevent: entry\ndata: %s\n\n" % (str(place).encode(), to_json(entry))
