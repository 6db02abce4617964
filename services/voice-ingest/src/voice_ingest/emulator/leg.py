"""One call on the emulated network: executes TwiML against a handset, and asks the webhooks what comes next."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from voice_ingest.emulator import verbs
from voice_ingest.emulator.handset import Frame, Handset
from voice_ingest.emulator.records import CallRecord, Fields
from voice_ingest.emulator.verbs import InvalidTwiml, Verb

RECORDING_LIMIT = 8 * 1024 * 1024
RECONNECT_S = 30.0
SPEECH_S_PER_CHARACTER = 0.15
SPEECH_GRACE_S = 10.0
APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."


class HungUp(Exception):
    """The owner of the phone ended the call, or never came back to it."""


@dataclass(frozen=True, slots=True)
class Key:
    digit: str


@dataclass(frozen=True, slots=True)
class Spoken:
    step: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Scripts say so instead of waiting for a timeout."""


@dataclass(frozen=True, slots=True)
class Recorded:
    data: bytes
    media_type: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Hungup:
    pass


PhoneEvent = Key | Spoken | Silence | Recorded | Hungup


@dataclass(frozen=True, slots=True)
class Next:
    """The webhook to ask next."""

    url: str
    fields: Fields = field(default_factory=dict)


class Leg:
    """`ask` posts a signed webhook and returns the TwiML; `keep` stores a recording and returns its URL."""

    def __init__(
        self,
        call: CallRecord,
        handset: Handset,
        *,
        ask: Callable[[CallRecord, str, Fields], Awaitable[bytes]],
        keep: Callable[[str, Recorded], Awaitable[tuple[str, str]]],
        save: Callable[[CallRecord], Awaitable[None]],
        reconnect_s: float = RECONNECT_S,
    ) -> None:
        self.call = call
        self._handset = handset
        self._ask = ask
        self._keep = keep
        self._save = save
        self._reconnect_s = reconnect_s
        self._events: asyncio.Queue[PhoneEvent] = asyncio.Queue(200)
        self._step = 0
        self._showing: list[Frame] = []

    def happened(self, event: PhoneEvent) -> None:
        """Something at the handset; what a frantic finger does beyond the queue's bound is dropped."""
        if not self._events.full():
            self._events.put_nowait(event)

    def show_again(self) -> None:
        """The phone was opened anew: repeat what it should show and wait for."""
        for frame in self._showing:
            self._handset.send(frame)

    async def talk(self) -> None:
        """From the answered call to its end; resumes where the webhooks stood before a restart."""
        following: Next | None = Next(self.call.next_url, self.call.next_fields)
        try:
            while following is not None:
                following = await self._document(following)
        except HungUp:
            return
        except InvalidTwiml:
            await self._say(verbs.Say(APPLICATION_ERROR, "en-US"))

    async def _document(self, asked: Next) -> Next | None:
        self.call.next_url, self.call.next_fields = asked.url, asked.fields
        await self._save(self.call)
        document = await self._ask(self.call, asked.url, asked.fields)
        for verb in verbs.parse(document, base_url=asked.url):
            self._showing.clear()
            following = await self._execute(verb)
            if following is not None or isinstance(verb, verbs.Hangup):
                return following
        return None

    async def _execute(self, verb: Verb) -> Next | None:
        match verb:
            case verbs.Say() | verbs.Play():
                await self._say(verb)
            case verbs.Pause(seconds=seconds):
                await self._pause(seconds)
            case verbs.Gather():
                return await self._gather(verb)
            case verbs.Record():
                return await self._record(verb)
            case verbs.Redirect(url=url):
                return Next(url)
            case verbs.Hangup():
                pass
        return None

    def _show(self, frame: dict[str, Any]) -> int:
        """Send a frame that asks for something; the answer names its step."""
        self._step += 1
        frame |= {"sid": self.call.sid, "step": self._step}
        self._showing.append(frame)
        self._handset.send(frame)
        return self._step

    def _speak(self, prompt: verbs.Say | verbs.Play) -> tuple[int, float]:
        """Start speaking; the step, and how long it may take at most."""
        if isinstance(prompt, verbs.Play):
            return self._show({"type": "play", "url": prompt.url}), 60 + SPEECH_GRACE_S
        step = self._show({"type": "say", "text": prompt.text, "language": prompt.language})
        return step, len(prompt.text) * SPEECH_S_PER_CHARACTER + SPEECH_GRACE_S

    async def _say(self, prompt: verbs.Say | verbs.Play) -> None:
        step, longest = self._speak(prompt)
        while (event := await self._event(longest)) is not None:
            if event == Spoken(step) or isinstance(event, Silence):
                return

    async def _pause(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if isinstance(await self._event(left), Silence):
                return

    async def _gather(self, gather: verbs.Gather) -> Next | None:
        self._show({"type": "listen", "digits": gather.digits, "finish": gather.finish})
        keyed, finished_on = await self._keyed(gather)
        self._handset.send({"type": "quiet", "sid": self.call.sid})
        if not keyed and not finished_on and not gather.action_on_empty:
            return None
        return Next(gather.action, {"Digits": keyed, "FinishedOnKey": finished_on, "msg": "Gather End"})

    async def _keyed(self, gather: verbs.Gather) -> tuple[str, str]:
        """Digits and the key that ended them. The first key silences the prompts."""
        digits = ""
        for prompt in gather.prompts:
            if isinstance(prompt, verbs.Pause):
                continue
            step, longest = self._speak(prompt)
            event = await self._key_or(Spoken(step), longest)
            if isinstance(event, Silence):
                return "", ""
            if isinstance(event, Key):
                digits = self._add("", event, gather)
                if self._is_complete(digits, event, gather):
                    return digits, self._finishing(event, gather)
                break
        return await self._more_keys(digits, gather)

    async def _more_keys(self, digits: str, gather: verbs.Gather) -> tuple[str, str]:
        while (event := await self._key_or(None, gather.timeout_s)) is not None:
            if not isinstance(event, Key):
                break
            digits = self._add(digits, event, gather)
            if self._is_complete(digits, event, gather):
                return digits, self._finishing(event, gather)
        return digits, ""

    @staticmethod
    def _add(digits: str, key: Key, gather: verbs.Gather) -> str:
        return digits if key.digit and key.digit in gather.finish else digits + key.digit

    @staticmethod
    def _is_complete(digits: str, key: Key, gather: verbs.Gather) -> bool:
        return key.digit in gather.finish or (gather.digits is not None and len(digits) >= gather.digits)

    @staticmethod
    def _finishing(key: Key, gather: verbs.Gather) -> str:
        return key.digit if key.digit in gather.finish else ""

    async def _key_or(self, spoken: Spoken | None, longest: float) -> PhoneEvent | None:
        """The next key, silence, or the end of what is spoken; `None` after `longest` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + longest
        while (left := deadline - loop.time()) > 0:
            event = await self._event(left)
            if isinstance(event, Key | Silence) or (event is not None and event == spoken):
                return event
        return None

    async def _record(self, record: verbs.Record) -> Next | None:
        self._show({"type": "record", "max_s": record.max_s, "finish": record.finish})
        longest = record.max_s + SPEECH_GRACE_S
        while (event := await self._event(longest)) is not None:
            if isinstance(event, Recorded) and event.data:
                sid, url = await self._keep(self.call.sid, event)
                duration = str(max(1, round(event.duration_s)))
                fields = {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": duration, "Digits": "#"}
                return Next(record.action, fields)
            if isinstance(event, Recorded | Silence):
                break
        return None

    async def _event(self, longest: float) -> PhoneEvent | None:
        """What happens next at the handset, `None` after `longest` seconds; waits for a phone that was put away."""
        try:
            async with asyncio.timeout(longest):
                event = await self._events.get()
        except TimeoutError:
            await self._someone_is_there()
            return None
        if isinstance(event, Hungup):
            raise HungUp
        return event

    async def _someone_is_there(self) -> None:
        if self._handset.connected.is_set():
            return
        try:
            async with asyncio.timeout(self._reconnect_s):
                await self._handset.connected.wait()
        except TimeoutError:
            raise HungUp from None
