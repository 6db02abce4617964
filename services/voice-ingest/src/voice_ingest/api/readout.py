"""What a participant whom we called hears: his answer, read out, as often as he likes."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from kawal.errors import TransientError
from kawal.observability.logging import get_logger
from voice_ingest.api import tokens
from voice_ingest.api.hotline import PATH
from voice_ingest.api.tokens import ReadoutRef
from voice_ingest.domain import readout
from voice_ingest.domain.calls import CallStatus, PlannedCall
from voice_ingest.domain.flow import Readout
from voice_ingest.domain.machine import Action, Say
from voice_ingest.domain.ports import CallEnds, Readings, Renderer
from voice_ingest.domain.readout import Part

HOLD_S = 3
MAX_HOLDS = 20

log = get_logger()


class ReadoutUrls:
    """The addresses that a call's webhooks come back to; each names the delivery and the attempt, signed."""

    def __init__(self, *, public_url: str, key: str) -> None:
        self._base = public_url.rstrip("/") + PATH
        self._key = key

    def __call__(self, call: PlannedCall) -> tuple[str, str]:
        """Answer address and status address of a call that is about to be placed."""
        ref = ReadoutRef(delivery_id=call.delivery_id, attempt=call.attempt, locale=call.locale)
        return self.answered(ref), self._url("status", ref)

    def answered(self, ref: ReadoutRef) -> str:
        return self._url("answered", ref)

    def _url(self, door: str, ref: ReadoutRef) -> str:
        return f"{self._base}/{door}?{urlencode({'readout': tokens.write_readout(ref, key=self._key)})}"


class ReadoutDesk:
    """Answers the webhooks of calls that we placed."""

    def __init__(
        self,
        prompts: Readout,
        *,
        readings: Readings,
        ends: CallEnds,
        renderer: Renderer,
        urls: ReadoutUrls,
        key: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._prompts = prompts
        self._readings = readings
        self._ends = ends
        self._renderer = renderer
        self._urls = urls
        self._key = key
        self._clock = clock

    async def answered(self, call_id: str, token: str, digits: str) -> bytes:
        ref = tokens.read_readout(token, key=self._key, now=self._clock())
        try:
            return await self._turn(call_id, ref, digits)
        except TransientError as away:
            log.warning("readout_holds", event_id=ref.delivery_id, error=away)
            return self._hold(ref)

    async def ended(self, call_id: str, token: str, status: CallStatus) -> None:
        ref = tokens.read_readout(token, key=self._key, now=self._clock())
        await self._ends.ended(ref.delivery_id, attempt=ref.attempt, call_id=call_id, status=status)

    async def _turn(self, call_id: str, ref: ReadoutRef, digits: str) -> bytes:
        call = await self._readings.reading(ref.delivery_id, attempt=ref.attempt, call_id=call_id)
        if call is None:
            return self._goodbye(ref)
        if ref.part is Part.HEARD:
            await self._readings.was_heard(ref.delivery_id)
            return self._say(readout.offer_again(self._prompts, locale=ref.locale), ref, Part.CHOICE)
        if ref.part is Part.CHOICE and not readout.wants_again(self._prompts, digits=digits, times=ref.times):
            return self._goodbye(ref)
        if ref.part is Part.CHOICE:
            ref = ref.model_copy(update={"times": ref.times + 1})
        text = readout.read_text(self._prompts, number=call.case_number, text=call.text, locale=ref.locale)
        return self._say(text, ref, Part.HEARD)

    def _say(self, actions: tuple[Action, ...], ref: ReadoutRef, then: Part) -> bytes:
        url = self._urls.answered(ref.model_copy(update={"part": then}))
        return self._renderer.render(actions, input_url=url)

    def _goodbye(self, ref: ReadoutRef) -> bytes:
        return self._renderer.render(readout.say_goodbye(self._prompts, locale=ref.locale), input_url="")

    def _hold(self, ref: ReadoutRef) -> bytes:
        if ref.holds >= MAX_HOLDS:
            return self._goodbye(ref)
        prompt = Say(self._prompts.one_moment.text(ref.locale), ref.locale)
        url = self._urls.answered(ref.model_copy(update={"holds": ref.holds + 1}))
        return self._renderer.hold(prompt, seconds=HOLD_S, url=url)
