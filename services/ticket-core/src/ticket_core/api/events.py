"""`GET /v1/events`: every entry of every timeline, as it is written (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from ticket_core.api.answers import problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.live import CutOff, Event, LiveFeed
from ticket_core.store.stream import StreamPlace

HEARTBEAT_S = 15.0
_HEARTBEAT = b": still here\n\n"

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get("", responses=problems(400, 401, 503), response_class=StreamingResponse)
async def stream_events(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    _agent: CurrentAgent,
    last_event_id: Annotated[str | None, Header(description="Go on behind this event", max_length=100)] = None,
) -> StreamingResponse:
    """Entries as they are committed, each exactly once, the entries of a case in their order.

    The `data` of an `entry` event is one JSON object: the case's `number`, `state`, `topic` and `assignee_id`, and the
    entry's `seq`, `kind`, `at`, `channel`, `conversation_id`, `conversation_seq`, `author`, `author_name`, `text`,
    `about`. Without `Last-Event-ID` it begins at the moment of the request. A browser's EventSource goes on by itself
    where it was; anybody else sends the id of the last event.
    """
    after = StreamPlace.parse(last_event_id) if last_event_id else await desk.live.here()
    body = _body(desk.live, after, ended=request.app.state.draining)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _body(live: LiveFeed, after: StreamPlace, *, ended: asyncio.Event) -> AsyncIterator[bytes]:
    """The stream with its heartbeat, until the client leaves, is cut off, or the service drains."""
    yield b"retry: 1000\nid: %s\n\n" % str(after).encode()
    async with aclosing(live.events(after)) as events:
        with suppress(CutOff, StopAsyncIteration):
            coming = _next(events)
            draining = asyncio.ensure_future(ended.wait())
            try:
                while not ended.is_set():
                    await asyncio.wait({coming, draining}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        yield _HEARTBEAT
                        continue
                    yield coming.result()[1]
                    coming = _next(events)
            finally:
                draining.cancel()
                coming.cancel()
                with suppress(asyncio.CancelledError, CutOff):
                    await coming


def _next(events: AsyncIterator[Event]) -> "asyncio.Task[Event]":
    async def take() -> Event:
        return await anext(events)

    return asyncio.create_task(take())
