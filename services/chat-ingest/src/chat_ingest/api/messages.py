"""The chat without WebSockets: sending, waiting for messages, and telling what was read."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from chat_ingest.api.desk import Desk
from chat_ingest.api.exchange import answer, bearer, read_json
from chat_ingest.api.pauses import pauses
from chat_ingest.api.places import Places
from chat_ingest.api.receipts import report_delivered, report_read
from chat_ingest.domain.feed import Feed
from chat_ingest.domain.protocol import MAX_SEQ, Message, Queue, encode, parse_message, parse_read
from chat_ingest.domain.refusals import InvalidFrame, RateLimited
from chat_ingest.domain.sessions import Session
from kawal.contracts.outbound import OutboundMessage, OutboundQueue
from kawal.rates import Buckets

PAGE = 100
LONGEST_WAIT_S = 30.0


class _Query(BaseModel):
    after: Annotated[int, Field(ge=0, le=MAX_SEQ)] = 0
    wait: Annotated[float, Field(ge=0, le=3600)] = 0
    queue: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None


class Messages:
    """`POST` answers 202 like an `accepted` frame, after the fsync; `GET` waits up to `wait` seconds for messages.

    Where no place is free to wait in, `GET` answers at once. Who says in `queue` which place in the queue it shows (0:
    none) is also answered when that is another one by now.
    """

    def __init__(self, desk: Desk, *, rates: Buckets, places: Places) -> None:
        self._desk = desk
        self._rates = rates
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _admitted(scope, self._desk, rates=self._rates)
        if scope["method"] == "POST":
            await self._accept(session, scope, receive, send)
        else:
            await self._list(session, scope, receive, send)

    async def _accept(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        message = parse_message(await read_json(scope, receive))
        accepted = await self._desk.intake.message(session, client_id=message.client_id, text=message.text, begun=False)
        await answer(send, 202, encode(accepted).encode())

    async def _list(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        query = _query(scope)
        poll = _Poll(query.after, shown=query.queue)
        self._desk.rooms.join(session.conversation_id, poll)
        drained = asyncio.create_task(scope["app"].state.draining.wait())
        gone = asyncio.create_task(_disconnected(receive))
        try:
            wait_s = 0 if self._places.full else min(query.wait, LONGEST_WAIT_S)
            with self._places.taken():
                await self._fill(poll, session.conversation_id, wait_s=wait_s, ends=(drained, gone))
            if gone.done():
                return  # nobody hears it: the place is free for the next poll, and nothing is reported as delivered
        finally:
            self._desk.rooms.leave(session.conversation_id, poll)
            drained.cancel()
            gone.cancel()
        await answer(send, 200, _page(poll))
        await report_delivered(self._desk.intake, poll.ready)

    async def _fill(
        self, poll: "_Poll", conversation_id: str, *, wait_s: float, ends: Sequence[asyncio.Task[Any]]
    ) -> None:
        """What is there, else what comes within `wait_s`, unless one of `ends` comes first."""
        await self._look_up(poll, conversation_id)
        for end in ends:
            end.add_done_callback(lambda _: poll.changed.set())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not (poll.ready or poll.moved or any(end.done() for end in ends)):
                    await poll.changed.wait()
                    poll.changed.clear()
                    await self._close_gap(poll, conversation_id, ends=ends)

    async def _close_gap(self, poll: "_Poll", conversation_id: str, *, ends: Sequence[asyncio.Task[Any]]) -> None:
        """The transcript is a moment behind the live feed, so it may take several looks."""
        for pause_s in pauses():
            if poll.ready or not poll.feed.gap or any(end.done() for end in ends):
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await poll.changed.wait()
            poll.changed.clear()
            await self._look_up(poll, conversation_id)

    async def _look_up(self, poll: "_Poll", conversation_id: str) -> None:
        for message in await self._desk.transcript.after(conversation_id, seq=poll.feed.seq, limit=PAGE):
            poll.offer(message)


class ReadMarks:
    """`POST /v1/chat/read {seq}`: the `read` frame for clients without a socket; answers 202."""

    def __init__(self, desk: Desk, *, rates: Buckets) -> None:
        self._desk = desk
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _admitted(scope, self._desk, rates=self._rates)
        seq = parse_read(await read_json(scope, receive)).seq
        await self._desk.intake.read(session, seq=seq)
        await report_read(self._desk, session.conversation_id, up_to=seq)
        self._desk.rooms.read(session.conversation_id, seq=seq, by=None)
        await answer(send, 202, b"{}")


class _Poll:
    """A reader that is answered once, with what is there in order."""

    def __init__(self, after: int, *, shown: int | None) -> None:
        self.feed = Feed(after)
        self.queue = Queue(position=0)
        self._shown = shown
        self.ready: list[OutboundMessage] = []
        self.changed = asyncio.Event()

    def offer(self, message: OutboundMessage) -> None:
        self.ready.extend(self.feed.offer(message))
        self.changed.set()

    def expect(self, seq: int) -> None:
        self.feed.expect(seq)
        self.changed.set()

    def place(self, place: OutboundQueue) -> None:
        self.queue = Queue(position=place.position, wait_minutes=place.wait_minutes)
        self.changed.set()

    @property
    def tells_place(self) -> bool:
        return self._shown is not None

    @property
    def moved(self) -> bool:
        """Whether the place in the queue is another than the one shown."""
        return self._shown is not None and self.queue.position != self._shown

    def read_elsewhere(self, seq: int) -> None:
        """Nothing to tell: the next poll asks for messages only."""


def _admitted(scope: Scope, desk: Desk, *, rates: Buckets) -> Session:
    """Whose request it is; raises `InvalidSession`, `ExpiredSession` or `RateLimited`."""
    session = desk.tokens.read(bearer(scope), now=desk.now())
    if not rates.take(session.conversation_id, now=desk.steady()):
        raise RateLimited("Send it again in a moment")
    return session


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _query(scope: Scope) -> _Query:
    try:
        return _Query.model_validate(dict(QueryParams(scope["query_string"])))
    except ValidationError as invalid:
        field = invalid.errors()[0]["loc"][0]
        raise InvalidFrame(f"{field} is not a number in its range") from None


def _page(poll: _Poll) -> bytes:
    items = ",".join(encode(Message.of(message)) for message in poll.ready)
    cursor = f'"{poll.ready[-1].seq}"' if poll.ready else "null"
    queue = f',"queue":{encode(poll.queue)}' if poll.tells_place else ""
    return f'{{"items":[{items}],"next_cursor":{cursor}{queue}}}'.encode()
