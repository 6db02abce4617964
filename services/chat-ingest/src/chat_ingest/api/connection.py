"""One open chat window."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter

from starlette.types import Receive, Send

from chat_ingest.api.desk import Desk
from chat_ingest.api.outgoing import Outgoing
from chat_ingest.api.pauses import pauses
from chat_ingest.api.receipts import report_delivered, report_read
from chat_ingest.domain.feed import Feed
from chat_ingest.domain.protocol import (
    MAX_FRAME_BYTES,
    Busy,
    ClientFrame,
    Error,
    Hello,
    Message,
    Queue,
    Read,
    Receipt,
    SendMessage,
    ServerFrame,
    Status,
    Welcome,
    encode,
    parse,
)
from chat_ingest.domain.refusals import (
    ChatRefusal,
    FrameTooLarge,
    HelloExpected,
    HelloTimeout,
    RateLimited,
    TextFramesOnly,
    TooManyFrames,
    TranscriptAway,
)
from chat_ingest.domain.sessions import Session
from kawal.contracts.outbound import OutboundMessage, OutboundQueue
from kawal.errors import KawalError
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.rates import Bucket, Rate

PAGE = 100
UNREAD_KEPT = 200
REFUSALS_ENDURED = Rate(per_s=1, burst=20)

log = get_logger()


class _Disconnected(Exception):
    """The client has gone."""


class Connection:
    """Speaks `kawal.chat.v1` over one socket; a `Reader` of its room once it has said hello."""

    __slots__ = (
        "_bucket",
        "_catching_up",
        "_cut_reason",
        "_desk",
        "_feed",
        "_looked_up_to",
        "_outgoing",
        "_place",
        "_read_seq",
        "_receive",
        "_refusals",
        "_send",
        "_session",
        "_started_at",
        "_task",
        "_unread",
        "_welcomed",
    )

    def __init__(self, desk: Desk, *, receive: Receive, send: Send) -> None:
        self._desk = desk
        self._receive = receive
        self._send = send
        self._started_at = perf_counter()
        self._bucket = Bucket(desk.limits.rate, now=desk.steady())
        self._refusals: Bucket | None = None
        self._outgoing = Outgoing(
            send,
            limit=desk.limits.waiting_frames,
            within_s=desk.limits.write_within_s,
            written=self._written,
            cut=self._cut,
        )
        self._task: asyncio.Task[None] | None = None
        self._cut_reason: str | None = None
        self._session: Session | None = None
        self._feed = Feed(0)
        self._welcomed = False
        self._looked_up_to = 0
        self._read_seq = 0
        self._place: OutboundQueue | None = None
        self._unread: dict[int, OutboundMessage] | None = None
        self._catching_up: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Talk until one side ends it."""
        self._task = asyncio.current_task()
        ended = "left"
        try:
            session = await self._greet()
            await self._talk(session)
        except _Disconnected:
            pass
        except ChatRefusal as refused:
            ended = refused.code
            await self._close(refused)
        except asyncio.CancelledError:
            if self._cut_reason is None or self._task is None:
                raise
            self._task.uncancel()
            ended = self._cut_reason
        finally:
            await self._leave(ended)

    # --- hello ---

    async def _greet(self) -> Session:
        hello = await self._hello()
        session = self._desk.tokens.read(hello.session_token, now=self._desk.now())
        self._feed = Feed(hello.last_seq)
        self._looked_up_to = hello.last_seq
        self._desk.rooms.join(session.conversation_id, self)
        self._session = session
        await self._welcome(session)
        return session

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(self._desk.limits.hello_within_s):
                frame = parse(await self._next())
        except TimeoutError as late:
            raise HelloTimeout("Say hello first") from late
        if not isinstance(frame, Hello):
            raise HelloExpected("Say hello first")
        return frame

    async def _welcome(self, session: Session) -> None:
        missed, complete = await self._missed(session)
        last_seq = missed[-1].seq if missed else self._feed.seq
        self._tell(Welcome(conversation_id=session.conversation_id, last_seq=last_seq))
        self._welcomed = True
        if self._place is not None:
            self.place(self._place)
        for message in missed:
            self.offer(message)
        self._pass_on(self._feed.release())
        if self._feed.gap or not complete:
            self._catch_up(session)

    async def _missed(self, session: Session) -> tuple[Sequence[OutboundMessage], bool]:
        """The first page of what the client has not seen, and whether that is all as far as we know."""
        try:
            missed = await self._desk.transcript.after(session.conversation_id, seq=self._feed.seq, limit=PAGE)
        except TranscriptAway:
            return (), False
        return missed, len(missed) < PAGE

    # --- what the client says ---

    async def _talk(self, session: Session) -> None:
        while True:
            text = await self._next()
            try:
                self._take_token()
                await self._handle(session, parse(text))
            except ChatRefusal as refused:
                if refused.close_code is not None:
                    raise
                self._tell(Error(code=refused.code, detail=str(refused)))

    async def _next(self) -> str:
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise _Disconnected
        text: str | None = event.get("text")
        if text is None:
            raise TextFramesOnly("Send text frames")
        if len(text) * 4 > MAX_FRAME_BYTES and len(text.encode()) > MAX_FRAME_BYTES:
            raise FrameTooLarge(f"At most {MAX_FRAME_BYTES} bytes")
        return text

    def _take_token(self) -> None:
        now = self._desk.steady()
        if self._bucket.take(now=now):
            return
        self._refusals = self._refusals or Bucket(REFUSALS_ENDURED, now=now)
        if not self._refusals.take(now=now):
            raise TooManyFrames("Slow down")
        raise RateLimited("Send it again in a moment")

    async def _handle(self, session: Session, frame: ClientFrame) -> None:
        match frame:
            case SendMessage():
                await self._on_message(session, frame)
            case Read():
                await self._on_read(session, min(frame.seq, self._feed.seq))
            case Hello():
                raise HelloExpected("Say hello once")

    async def _on_message(self, session: Session, frame: SendMessage) -> None:
        try:
            accepted = await self._desk.intake.message(
                session, client_id=frame.client_id, text=frame.text, begun=self._feed.seq > 0
            )
        except ChatRefusal as refused:
            self._tell(Error(code=refused.code, detail=str(refused), client_id=frame.client_id))
        except KawalError as full:
            self._busy(full)
        else:
            self._tell(accepted)

    async def _on_read(self, session: Session, seq: int) -> None:
        if seq <= self._read_seq:
            return
        try:
            await self._desk.intake.read(session, seq=seq)
        except KawalError as full:
            self._busy(full)
            return
        unread = self._unread or {}
        known = [unread.pop(key) for key in [key for key in unread if key <= seq]]
        await report_read(self._desk, session.conversation_id, up_to=min(seq, self._looked_up_to), known=known)
        self._read_seq = seq
        self._desk.rooms.read(session.conversation_id, seq=seq, by=self)

    def _busy(self, full: KawalError) -> None:
        metrics.CHAT_BUSY.inc()
        self._tell(Busy(retry_after_s=full.retry_after_s or 1))

    # --- what the client is told ---

    def offer(self, message: OutboundMessage) -> None:
        """See `Reader`. Passed on in order; what is missing in between is looked up."""
        if not self._welcomed:
            self._feed.hold(message)
            return
        self._pass_on(self._feed.offer(message))
        if self._feed.gap and self._session is not None:
            self._catch_up(self._session)

    def _pass_on(self, messages: Sequence[OutboundMessage]) -> None:
        for message in messages:
            self._await_reading(message)
            self._outgoing.put(encode(Message.of(message)), message)

    def _await_reading(self, message: OutboundMessage) -> None:
        """Before it is written: its `read` may be here sooner than we hear that the last of a burst was written."""
        if not message.wants_receipt:
            return
        self._unread = self._unread or {}
        self._unread[message.seq] = message
        while len(self._unread) > UNREAD_KEPT:
            self._looked_up_to = next(iter(self._unread))
            del self._unread[self._looked_up_to]

    def expect(self, seq: int) -> None:
        """See `Reader`."""
        self._feed.expect(seq)
        if self._welcomed and self._feed.gap and self._session is not None:
            self._catch_up(self._session)

    def place(self, place: OutboundQueue) -> None:
        """See `Reader`. Before the welcome nothing is told."""
        self._place = place
        if self._welcomed:
            self._tell(Queue(position=place.position, wait_minutes=place.wait_minutes))

    def read_elsewhere(self, seq: int) -> None:
        """See `Reader`."""
        self._tell(Receipt(seq=seq))

    def _tell(self, frame: ServerFrame) -> None:
        self._outgoing.put(encode(frame))

    async def _written(self, messages: Sequence[OutboundMessage]) -> None:
        await report_delivered(self._desk.intake, messages)

    # --- catching up ---

    def _catch_up(self, session: Session) -> None:
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._fetch_missing(session.conversation_id))

    async def _fetch_missing(self, conversation_id: str) -> None:
        self._tell(Status(state="catching_up"))
        try:
            for pause_s in pauses():
                with suppress(TranscriptAway):
                    if await self._fetch(conversation_id):
                        break
                await asyncio.sleep(pause_s)
        except Exception:
            # Nobody else would notice: the window would stay open and say nothing more.
            log.exception("chat_catch_up_failed")
            self._cut("catch_up_failed")
            return
        finally:
            self._catching_up = None
        self._tell(Status(state="live"))

    async def _fetch(self, conversation_id: str) -> bool:
        """Pass on all that the transcript has without a gap; whether nothing is missing any more."""
        while True:
            had = self._feed.seq
            page = await self._desk.transcript.after(conversation_id, seq=had, limit=PAGE)
            for message in page:
                self.offer(message)
            if len(page) < PAGE or self._feed.seq == had:
                return not self._feed.gap
            await self._outgoing.drained()

    # --- the end ---

    def _cut(self, reason: str) -> None:
        """End it at once: the client does not read, so there is nobody to say goodbye to."""
        if self._cut_reason is None and self._task is not None:
            self._cut_reason = reason
            self._task.cancel()

    async def _close(self, refused: ChatRefusal) -> None:
        self._cut_reason = refused.code  # from here on it ends by itself, nobody needs to cut it
        self._tell(Error(code=refused.code, detail=str(refused)))
        await self._outgoing.drained()
        close = {"type": "websocket.close", "code": refused.close_code or 1008, "reason": refused.code}
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._desk.limits.write_within_s):
                await self._send(close)

    async def _leave(self, ended: str) -> None:
        if self._session is not None:
            self._desk.rooms.leave(self._session.conversation_id, self)
        if self._catching_up is not None:
            self._catching_up.cancel()
        await self._outgoing.stop()
        metrics.CHAT_CONNECTIONS_ENDED.labels(ended).inc()
        log.info("chat_connection_ended", reason=ended, duration_s=round(perf_counter() - self._started_at, 3))
