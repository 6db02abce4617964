"""`GET /v1/events`: every entry of every timeline, as it is written (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from kawal.database import is_outage
from kawal.http.bearer import Unauthorized
from ticket_core.api.answers import problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.domain.case import Agent
from ticket_core.live import CutOff, Event, LiveFeed
from ticket_core.store.stream import StreamPlace

HEARTBEAT_S = 15.0
KNOWN_FOR_S = 30.0
"""So long after his session an agent may still see what happens; and so often his open screen says that he is there."""
_HEARTBEAT = b": still here\n\n"

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get("", responses=problems(400, 401, 503), response_class=StreamingResponse)
async def stream_events(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    agent: CurrentAgent,
    last_event_id: Annotated[str | None, Header(description="Go on behind this event", max_length=100)] = None,
    after: Annotated[str | None, Query(description="The same, for a browser's first request", max_length=100)] = None,
) -> StreamingResponse:
    """Entries as they are committed, each exactly once, the entries of a case in their order.

    The `data` of an `entry` event is one JSON object: the case's `number`, `state`, `topic` and `assignee_id`, and the
    entry's `seq`, `kind`, `at`, `channel`, `conversation_id`, `conversation_seq`, `author`, `author_name`, `text`,
    `about`. Without `Last-Event-ID` or `after` it begins at the moment of the request. A browser's EventSource goes on
    by itself where it was; anybody else sends the id of the last event.
    """
    desk.live.refuse_if_full()  # while it can still be told: once the stream has begun, only the connection can end
    written = last_event_id or after
    place = StreamPlace.parse(written) if written else await desk.live.here()
    await desk.staffing.attendances.seen(agent.id, now=desk.clock())
    body = _body(desk.live, place, over=partial(_over, request, desk, agent))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _over(request: Request, desk: Desk, agent: Agent) -> None:
    """Return once the service drains, or the caller is nobody we know any more. Until then, his screen is open."""
    draining: asyncio.Event = request.app.state.draining
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_FOR_S):
                await draining.wait()
                return
        try:
            await desk.gatekeeper.agent(request)
            await desk.staffing.attendances.seen(agent.id, now=desk.clock())
        except Unauthorized:
            return
        except Exception as error:
            if not is_outage(error):
                raise


async def _body(
    live: LiveFeed, after: StreamPlace, *, over: Callable[[], Coroutine[Any, Any, None]]
) -> AsyncIterator[bytes]:
    """The stream with its heartbeat, until the client leaves, is cut off, or it is `over`."""
    yield b"retry: 1000\nid: %s\n\n" % str(after).encode()
    async with aclosing(live.events(after)) as events:
        with suppress(CutOff, StopAsyncIteration):
            coming = _next(events)
            ending = asyncio.create_task(over())
            try:
                while not ending.done():
                    await asyncio.wait({coming, ending}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        yield _HEARTBEAT
                        continue
                    yield coming.result()[1]
                    coming = _next(events)
            finally:
                ending.cancel()
                coming.cancel()
                with suppress(asyncio.CancelledError, CutOff):
                    await coming


def _next(events: AsyncIterator[Event]) -> "asyncio.Task[Event]":
    async def take() -> Event:
        return await anext(events)

    return asyncio.create_task(take())
