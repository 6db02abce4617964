"""`WS /phone/ws?number=…`: what a browser phone, or a script in its place, says to the network."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from kawal.http.origins import host_of
from voice_ingest.adapters.twilio.rest import AUDIO
from voice_ingest.domain.callers import caller_number
from voice_ingest.emulator.handset import Connection
from voice_ingest.emulator.leg import RECORDING_LIMIT, Key, Recorded, Silence, Spoken
from voice_ingest.emulator.switchboard import Switchboard

POLICY_VIOLATION, TOO_BIG, MALFORMED = 1008, 1009, 1007


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dial(_Frame):
    type: Literal["dial"]


class PickUp(_Frame):
    type: Literal["answer"]


class HangUp(_Frame):
    type: Literal["hangup"]


class Press(_Frame):
    type: Literal["key"]
    digit: Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]


class FinishedSpeaking(_Frame):
    type: Literal["spoken"]
    step: int


class SaidNothing(_Frame):
    """Ends the wait for a key at once; for scripts."""

    type: Literal["silence"]


class FinishedRecording(_Frame):
    """Comes behind the recording's bytes, which travel in binary frames."""

    type: Literal["recorded"]
    media_type: str
    duration_s: Annotated[float, Field(ge=0, le=3_600)]


PhoneFrame = Annotated[
    Dial | PickUp | HangUp | Press | FinishedSpeaking | SaidNothing | FinishedRecording,
    Field(discriminator="type"),
]
frames: TypeAdapter[PhoneFrame] = TypeAdapter(PhoneFrame)


class Refused(Exception):
    """The socket is closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def router(switchboard: Switchboard) -> APIRouter:
    routes = APIRouter()

    @routes.websocket("/phone/ws")
    async def phone(socket: WebSocket, number: str = "") -> None:
        owned = caller_number(number)
        if owned is None or not _same_origin(socket) or not switchboard.takes(owned):
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        connection = Connection()
        await switchboard.opened(owned, connection)
        writing = asyncio.create_task(_write(socket, connection))
        try:
            await _Room(switchboard, owned).read(socket)
        except Refused as refused:
            await socket.close(refused.code, str(refused))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the phone was put away, which `finally` notes
        finally:
            switchboard.closed(owned, connection)
            writing.cancel()

    return routes


def _same_origin(socket: WebSocket) -> bool:
    """Scripts send no Origin; a browser's must be our own page."""
    origin = socket.headers.get("origin")
    return origin is None or host_of(origin) == socket.headers.get("host", "").lower()


async def _write(socket: WebSocket, connection: Connection) -> None:
    while (frame := await connection.frames.get()) is not None:
        await socket.send_json(frame)
    await socket.close()


class _Room:
    """What comes in over one socket."""

    def __init__(self, switchboard: Switchboard, number: str) -> None:
        self._switchboard = switchboard
        self._number = number
        self._recording = bytearray()

    async def read(self, socket: WebSocket) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if (data := message.get("bytes")) is not None:
                self._add(data)
            else:
                await self._handle(message.get("text") or "")

    def _add(self, data: bytes) -> None:
        if len(self._recording) + len(data) > RECORDING_LIMIT:
            raise Refused(TOO_BIG, "The recording is too large")
        self._recording += data

    async def _handle(self, text: str) -> None:
        try:
            frame = frames.validate_json(text)
        except ValidationError:
            raise Refused(MALFORMED, "The frame cannot be read") from None
        match frame:
            case Dial():
                await self._switchboard.dial(self._number)
            case PickUp():
                self._switchboard.pick_up(self._number)
            case HangUp():
                self._switchboard.hang_up(self._number)
            case Press(digit=digit):
                self._switchboard.happened(self._number, Key(digit))
            case FinishedSpeaking(step=step):
                self._switchboard.happened(self._number, Spoken(step))
            case SaidNothing():
                self._switchboard.happened(self._number, Silence())
            case FinishedRecording():
                self._finish_recording(frame)

    def _finish_recording(self, frame: FinishedRecording) -> None:
        media_type = frame.media_type.partition(";")[0].strip().lower()
        if media_type not in AUDIO:
            raise Refused(MALFORMED, "The recording is not audio")
        recorded = Recorded(bytes(self._recording), media_type, frame.duration_s)
        self._recording.clear()
        self._switchboard.happened(self._number, recorded)
