"""The emulated network: who has a phone open, which calls go on, and who rings."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kawal.observability.logging import get_logger
from voice_ingest.domain.calls import CallStatus
from voice_ingest.emulator.handset import Connection, Frame, Handset
from voice_ingest.emulator.ledger import Ledger
from voice_ingest.emulator.leg import Hungup, Leg, PhoneEvent, Recorded
from voice_ingest.emulator.records import CallRecord, Direction, RecordingRecord, TextRecord, new_sid
from voice_ingest.emulator.webhooks import Webhooks

MAX_PHONES = 200

log = get_logger()


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """`recording_delay`: how long a recording cannot be downloaded yet, which is the ordinary case at Twilio."""

    account_sid: str
    number: str
    public_url: str
    api_url: str
    max_ring_s: float = 30
    reconnect_s: float = 30
    recording_delay: timedelta = timedelta(0)

    @property
    def incoming_url(self) -> str:
        return f"{self.public_url.rstrip('/')}/v1/voice/twilio/incoming"

    @property
    def status_url(self) -> str:
        return f"{self.public_url.rstrip('/')}/v1/voice/twilio/status"


@dataclass(slots=True, eq=False)
class _Going:
    """A call that goes on. `picked` is set by the owner of the phone that rings."""

    call: CallRecord
    leg: Leg
    picked: asyncio.Event = field(default_factory=asyncio.Event)
    refused: bool = False


class Switchboard:
    def __init__(self, settings: NetworkSettings, *, ledger: Ledger, webhooks: Webhooks) -> None:
        self.settings = settings
        self.ledger = ledger
        self._webhooks = webhooks
        self._handsets: dict[str, Handset] = {}
        self._going: dict[str, _Going] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take up the calls that a restart interrupted; until it is cancelled, which leaves calls as they stand."""
        for call in await self.ledger.calls_going_on():
            if call.phone not in self._going:
                self._begin(call, self._resumed)
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # Phones

    def takes(self, number: str) -> bool:
        """Whether there is room for this phone."""
        return number in self._handsets or len(self._handsets) < MAX_PHONES

    async def opened(self, number: str, connection: Connection) -> None:
        """Somebody opened a phone: show all that there is, and ring if somebody calls."""
        texts = [_text_frame(text) for text in await self.ledger.texts_of(number)]
        calls = [_log_frame(call) for call in await self.ledger.calls_of(number)]
        connection.send(
            {"type": "ready", "number": number, "hotline": self.settings.number, "texts": texts, "calls": calls}
        )
        self._handset(number).attach(connection)
        if going := self._going.get(number):
            self._show_call(going.call)
            going.leg.show_again()

    def closed(self, number: str, connection: Connection) -> None:
        self._handset(number).detach(connection)
        self._put_away(number)

    async def dial(self, number: str) -> None:
        """The owner of a phone calls the hotline."""
        if number in self._going:
            return
        call = CallRecord(
            new_sid("CA"),
            Direction.INBOUND,
            from_=number,
            to=self.settings.number,
            next_url=self.settings.incoming_url,
            status_url=self.settings.status_url,
        )
        call.is_answered()
        self._begin(call, self._talk)

    def pick_up(self, number: str) -> None:
        if going := self._going.get(number):
            going.picked.set()

    def hang_up(self, number: str) -> None:
        if going := self._going.get(number):
            going.refused = True
            going.picked.set()
            going.leg.happened(Hungup())

    def happened(self, number: str, event: PhoneEvent) -> None:
        if going := self._going.get(number):
            going.leg.happened(event)

    # The provider's API

    async def place(self, *, to: str, answer_url: str, status_url: str, ring_s: float) -> CallRecord:
        """Call a phone. A number in a call is busy; one that nobody opens within `ring_s` does not answer."""
        call = CallRecord(
            new_sid("CA"),
            Direction.OUTBOUND,
            from_=self.settings.number,
            to=to,
            next_url=answer_url,
            status_url=status_url,
            ring_s=min(ring_s, self.settings.max_ring_s),
        )
        await self.ledger.save_call(call)
        if to in self._going:
            self._spawn(self._ended(call, CallStatus.BUSY))
        else:
            self._begin(call, self._ring)
        return call

    async def text(self, *, to: str, body: str) -> TextRecord:
        text = TextRecord(new_sid("SM"), self.settings.number, to, body, datetime.now(UTC))
        await self.ledger.save_text(text)
        if handset := self._handsets.get(to):
            handset.send({"type": "text", **_text_frame(text)})
        return text

    async def recording(self, sid: str) -> RecordingRecord | None:
        """A recording, once it is ready."""
        recording = await self.ledger.recording(sid)
        if recording is None or datetime.now(UTC) < recording.created_at + self.settings.recording_delay:
            return None
        return recording

    # Calls

    def _handset(self, number: str) -> Handset:
        return self._handsets.setdefault(number, Handset(number))

    def _put_away(self, number: str) -> None:
        """Forget a handset that nobody holds and that is in no call."""
        handset = self._handsets.get(number)
        if handset and number not in self._going and not handset.connected.is_set():
            del self._handsets[number]

    def _begin(self, call: CallRecord, play: Callable[[_Going], Coroutine[Any, Any, CallStatus]]) -> None:
        leg = Leg(
            call,
            self._handset(call.phone),
            ask=self._webhooks.ask,
            keep=self._keep,
            save=self.ledger.save_call,
            reconnect_s=self.settings.reconnect_s,
        )
        self._going[call.phone] = _Going(call, leg)
        self._spawn(self._play(self._going[call.phone], play))

    async def _play(self, going: _Going, play: Callable[[_Going], Coroutine[Any, Any, CallStatus]]) -> None:
        try:
            status = await play(going)
        except Exception:
            await self._ended(going.call, CallStatus.FAILED)
            raise
        await self._ended(going.call, status)

    async def _talk(self, going: _Going) -> CallStatus:
        self._show_call(going.call)
        await going.leg.talk()
        return CallStatus.COMPLETED

    async def _ring(self, going: _Going) -> CallStatus:
        going.call.status = CallStatus.RINGING
        await self.ledger.save_call(going.call)
        self._show_call(going.call)
        with suppress(TimeoutError):
            async with asyncio.timeout(going.call.ring_s):
                await going.picked.wait()
        if going.refused:
            return CallStatus.BUSY
        if not going.picked.is_set():
            return CallStatus.NO_ANSWER
        going.call.is_answered()
        return await self._talk(going)

    async def _resumed(self, going: _Going) -> CallStatus:
        return await (self._talk if going.call.status is CallStatus.IN_PROGRESS else self._ring)(going)

    async def _ended(self, call: CallRecord, status: CallStatus) -> None:
        call.is_over(status)
        await self.ledger.save_call(call)
        if self._is_this(call):
            del self._going[call.phone]
        self._show_call(call)
        self._put_away(call.phone)
        if call.status_url:
            await self._webhooks.tell(call, call.status_url)

    def _is_this(self, call: CallRecord) -> bool:
        going = self._going.get(call.phone)
        return going is not None and going.call is call

    async def _keep(self, call_sid: str, recorded: Recorded) -> tuple[str, str]:
        recording = RecordingRecord(
            new_sid("RE"),
            call_sid,
            recorded.media_type,
            recorded.duration_s,
            recorded.data,
            datetime.now(UTC),
        )
        await self.ledger.save_recording(recording)
        account = f"{self.settings.api_url.rstrip('/')}/2010-04-01/Accounts/{self.settings.account_sid}"
        return recording.sid, f"{account}/Recordings/{recording.sid}"

    def _show_call(self, call: CallRecord) -> None:
        self._handset(call.phone).send({"type": "call", **_log_frame(call)})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("emulated_call_failed", error=error)


def _log_frame(call: CallRecord) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "direction": "in" if call.direction is Direction.OUTBOUND else "out",
        "status": call.status.value,
        "other": call.line,
        "at": call.created_at.isoformat(),
        "duration_s": call.duration_s,
    }


def _text_frame(text: TextRecord) -> Frame:
    return {"id": text.sid, "from": text.from_, "body": text.body, "at": text.created_at.isoformat()}
