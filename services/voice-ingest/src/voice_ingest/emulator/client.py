"""A phone without a screen, for tests, the demonstration and the benchmarks.

    async with phone("http://127.0.0.1:8102", "+6281234567890") as caller:
        await caller.call()
        await caller.hear("tekan 1")
        await caller.press("1")
        await caller.record(beep())
        await caller.hang_up()

It needs the emulated provider (`KAWAL_VOICE_EMULATOR`). Everything waits with a deadline and raises `TimeoutError`.
"""

import asyncio
import io
import json
import math
import re
import struct
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

T = TypeVar("T")
WAIT_S = 15.0
CHUNK_BYTES = 32 * 1024
RECONNECT_PAUSE_S = 0.2
SAMPLE_RATE = 8_000
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def beep(seconds: float = 1.0, *, hertz: float = 440.0) -> bytes:
    """A WAV file with a tone: 8 kHz, mono, 16 bits, as telephones sound."""
    count = int(seconds * SAMPLE_RATE)
    samples = (int(12_000 * math.sin(2 * math.pi * hertz * n / SAMPLE_RATE)) for n in range(count))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(SAMPLE_RATE)
        written.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


@asynccontextmanager
async def phone(base_url: str, number: str) -> AsyncIterator["Phone"]:
    """A phone with this number, open for the length of the block; it reconnects by itself."""
    opened = Phone(base_url, number)
    reading = asyncio.create_task(opened.run())
    try:
        await opened.ready()
        yield opened
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


class Phone:
    """Use `phone(…)`. `captions` is all that was spoken, `texts` the bodies of all texts, oldest first.

    While `attentive` is false, the owner does not listen to the end of anything.
    """

    def __init__(self, base_url: str, number: str) -> None:
        self._url = f"{base_url.replace('http', 'ws', 1).rstrip('/')}/phone/ws?number={quote(number)}"
        self.captions: list[str] = []
        self.texts: list[str] = []
        self.attentive = True
        self.status: str | None = None
        self.direction: str | None = None
        self._heard = 0
        self._read = 0
        self._listening = False
        self._recording = False
        self._is_ready = False
        self._socket: ClientConnection | None = None
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        while True:
            try:
                async with connect(self._url, max_size=None) as socket:
                    self._socket = socket
                    async for message in socket:
                        await self._handle(json.loads(message))
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                self._socket = None
            await asyncio.sleep(RECONNECT_PAUSE_S)

    async def ready(self, *, within_s: float = WAIT_S) -> None:
        await self._until(lambda: self._is_ready, within_s)

    # Calls

    async def call(self) -> None:
        """Call the hotline and wait until it answers."""
        self._forget()
        await self._send({"type": "dial"})
        await self._until(lambda: self.status == "in-progress", WAIT_S)

    async def wait_for_ring(self, *, within_s: float = WAIT_S) -> None:
        await self._until(lambda: self.status == "ringing" and self.direction == "in", within_s)

    async def answer(self) -> None:
        self._forget()
        await self._send({"type": "answer"})
        await self._until(lambda: self.status == "in-progress", WAIT_S)

    async def hang_up(self) -> None:
        """End the call, or refuse one that rings."""
        await self._send({"type": "hangup"})
        await self.wait_for_end()

    async def wait_for_end(self, *, within_s: float = WAIT_S) -> str:
        """How the call ended, in Twilio's words (`completed`, `busy`, …)."""
        return await self._until(lambda: self.status in OVER and self.status, within_s)

    # In a call

    async def hear(self, wanted: str, *, within_s: float = WAIT_S) -> str:
        """The next caption in which the pattern `wanted` is found; earlier ones are skipped."""
        pattern = re.compile(wanted)

        def found() -> str | None:
            while self._heard < len(self.captions):
                self._heard += 1
                if pattern.search(self.captions[self._heard - 1]):
                    return self.captions[self._heard - 1]
            return None

        return await self._until(found, within_s)

    async def press(self, keys: str) -> None:
        """Press keys once the hotline listens for some."""
        await self._until(lambda: self._listening, WAIT_S)
        self._listening = False
        for key in keys:
            await self._send({"type": "key", "digit": key})

    async def stay_silent(self) -> None:
        """Let the hotline's patience run out at once instead of after its timeout."""
        await self._until(lambda: self._listening or self._recording, WAIT_S)
        self._listening = self._recording = False
        await self._send({"type": "silence"})

    async def record(self, data: bytes, *, media_type: str = "audio/wav", duration_s: float = 1.0) -> None:
        """Speak after the tone."""
        await self._until(lambda: self._recording, WAIT_S)
        self._recording = False
        for start in range(0, len(data), CHUNK_BYTES):
            await self._send(data[start : start + CHUNK_BYTES])
        await self._send({"type": "recorded", "media_type": media_type, "duration_s": duration_s})

    async def text(self, *, within_s: float = WAIT_S) -> str:
        """The next text that was not read yet."""
        body = await self._until(lambda: self.texts[self._read] if self._read < len(self.texts) else None, within_s)
        self._read += 1
        return body

    # The wire

    def _forget(self) -> None:
        self.captions.clear()
        self._heard, self._listening, self._recording = 0, False, False

    async def _send(self, frame: dict[str, Any] | bytes) -> None:
        socket = await self._until(lambda: self._socket, WAIT_S)
        await socket.send(frame if isinstance(frame, bytes) else json.dumps(frame))

    async def _handle(self, frame: dict[str, Any]) -> None:
        async with self._changed:
            self._note(frame)
            self._changed.notify_all()
        if frame["type"] in {"say", "play"} and self.attentive:
            await self._send({"type": "spoken", "step": frame["step"]})

    def _note(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ready":
                self._is_ready = True
                self.texts = [text["body"] for text in frame["texts"]]
            case "call":
                self.status, self.direction = frame["status"], frame["direction"]
            case "say":
                self.captions.append(frame["text"])
            case "listen":
                self._listening, self._recording = True, False
            case "record":
                self._recording, self._listening = True, False
            case "quiet":
                self._listening = False
            case "text":
                self.texts.append(frame["body"])

    async def _until(self, condition: Callable[[], T | bool | None], within_s: float) -> T:
        """The first true result of `condition`, looked at whenever a frame has come in."""
        async with asyncio.timeout(within_s), self._changed:
            while not (result := condition()):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.5)
        return result  # type: ignore[return-value]
