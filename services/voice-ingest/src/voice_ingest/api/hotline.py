"""The hotline at work: runs the machine, does what it asks for, and answers each webhook exactly once."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from kawal.errors import PermanentError, TransientError
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.observability.tracing import current_traceparent
from kawal.rates import Buckets
from kawal.spool import SpoolFull, SpoolUnavailable
from voice_ingest.api import tokens
from voice_ingest.domain import callers, codes, machine
from voice_ingest.domain.events import PendingVoicemail, facts
from voice_ingest.domain.flow import Flow
from voice_ingest.domain.machine import CallState, Event, Turn
from voice_ingest.domain.ports import Intake, Renderer, Texts

PATH = "/v1/voice/twilio"
LOCKED_CALLS = 10_000

log = get_logger()


@dataclass(frozen=True, slots=True)
class LiveCall:
    """The call that a webhook is about; `number` is E.164, `None` when hidden."""

    call_id: str
    number: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    recording_id: str
    url: str
    duration_s: float | None


class Hotline:
    """One flow, for any number of calls at once. A turn is answered from the state in its URL alone."""

    def __init__(
        self,
        flow: Flow,
        *,
        intake: Intake,
        texts: Texts,
        renderer: Renderer,
        public_url: str,
        key: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._flow = flow
        self._intake = intake
        self._texts = texts
        self._renderer = renderer
        self._base = public_url.rstrip("/") + PATH
        self._key = key
        self._clock = clock
        self._locks = _Locks()
        self._codes = Buckets(codes.PER_NUMBER)

    async def begin(self, call: LiveCall) -> bytes:
        return self._render(call, machine.begin(self._flow, caller=callers.reach(call.number)))

    async def keyed(self, call: LiveCall, token: str, digits: str) -> bytes:
        state = self._state(call, token)
        return await self._advance(call, state, self._key_event(call, state, digits), turn_key(token, digits))

    async def recorded(self, call: LiveCall, token: str, recording: Recording | None) -> bytes:
        state = self._state(call, token)
        event = machine.Recorded() if recording else machine.NothingRecorded()
        key = turn_key(token, recording.recording_id if recording else "")
        return await self._advance(call, state, event, key, recording)

    def _state(self, call: LiveCall, token: str) -> CallState:
        return tokens.read_state(token, call_id=call.call_id, key=self._key, now=self._clock())

    def _key_event(self, call: LiveCall, state: CallState, digits: str) -> Event:
        if state.code is None or digits in {"", machine.SKIP}:
            return machine.Keyed(digits)
        right = codes.matches(state.code, digits, call_id=call.call_id, key=self._key, now=self._clock())
        return machine.CodeKeyed(right)

    async def _advance(
        self, call: LiveCall, state: CallState, event: Event, key: str, recording: Recording | None = None
    ) -> bytes:
        turn = machine.advance(self._flow, state, event)
        effect = turn.actions[-1]
        if not isinstance(effect, machine.SendCode | machine.Accept):
            return self._render(call, turn)
        async with self._locks.of(call.call_id):
            if (answer := await self._intake.answered(key)) is not None:
                return answer
            if isinstance(effect, machine.SendCode):
                return await self._send_code(call, turn, effect, key)
            return await self._accept(call, turn, effect, key, recording)

    async def _send_code(self, call: LiveCall, turn: Turn, effect: machine.SendCode, key: str) -> bytes:
        outcome = await self._texted(call, effect)
        body = self._render(call, machine.advance(self._flow, turn.state, outcome))
        # After the text went out: a crash in between texts a second code, and the last one is the valid one.
        await self._intake.keep_answer(key, body, now=self._clock())
        return body

    async def _texted(self, call: LiveCall, effect: machine.SendCode) -> Event:
        if call.number is None:
            return machine.CodeNotSent()
        if not self._codes.take(call.number, now=self._clock().timestamp()):
            log.warning("code_not_sent", reason="too_many")
            return machine.CodeNotSent()
        code = codes.new_code(secrets.randbelow)
        try:
            await self._texts.send_text(to=call.number, text=effect.text.replace("{code}", code))
        except (TransientError, PermanentError) as failed:
            log.warning("code_not_sent", error=failed)
            return machine.CodeNotSent()
        sent = codes.sent_code(code, call_id=call.call_id, key=self._key, now=self._clock())
        return machine.CodeSent(sent)

    async def _accept(
        self, call: LiveCall, turn: Turn, effect: machine.Accept, key: str, recording: Recording | None
    ) -> bytes:
        """The answer is made first, so that it becomes durable together with what was accepted."""
        number = self._intake.take_number()
        body = self._render(call, machine.advance(self._flow, turn.state, machine.WasAccepted(number)))
        try:
            answer = await self._keep(call, turn.state, number, key=key, body=body, recording=recording)
        except (SpoolFull, SpoolUnavailable) as refused:
            self._intake.give_back(number)
            log.warning("call_not_accepted", accept=effect.what, error=refused)
            return self._render(call, replace(turn, actions=machine.apologise(self._flow, turn.state)))
        metrics.VOICE_ACCEPTED.labels(effect.what).inc()
        return answer

    async def _keep(
        self,
        call: LiveCall,
        state: CallState,
        number: str | None,
        *,
        key: str,
        body: bytes,
        recording: Recording | None,
    ) -> bytes:
        now = self._clock()
        known = facts(
            state,
            call_id=call.call_id,
            identities=callers.identities(call.number, proven=state.proven),
            reference=number,
            now=now,
            traceparent=current_traceparent(),
        )
        if recording is None:
            return await self._intake.accept_callback(known, key=key, body=body)
        pending = PendingVoicemail(
            recording_id=recording.recording_id,
            url=recording.url,
            duration_s=recording.duration_s,
            facts=known,
        )
        await self._intake.accept_voicemail(pending, key=key, body=body, now=now)
        return body

    def _render(self, call: LiveCall, turn: Turn) -> bytes:
        token = tokens.write_state(turn.state, call_id=call.call_id, key=self._key)
        query = urlencode({"state": token})
        return self._renderer.render(
            turn.actions,
            input_url=f"{self._base}/input?{query}",
            recording_url=f"{self._base}/recording?{query}",
        )


def turn_key(token: str, said: str) -> str:
    """Names one turn of one call: the same state and the same answer of the caller are the same turn."""
    return "turn:" + hashlib.sha256(f"{token}\0{said}".encode()).hexdigest()


class _Locks:
    """One lock a call, so that a webhook delivered twice at once waits for the first one's answer."""

    def __init__(self) -> None:
        self._locks: OrderedDict[str, asyncio.Lock] = OrderedDict()

    def of(self, call_id: str) -> asyncio.Lock:
        lock = self._locks.setdefault(call_id, asyncio.Lock())
        self._locks.move_to_end(call_id)
        while len(self._locks) > LOCKED_CALLS and not next(iter(self._locks.values())).locked():
            self._locks.popitem(last=False)
        return lock
