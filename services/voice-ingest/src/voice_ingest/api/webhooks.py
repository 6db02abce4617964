"""`POST /v1/voice/twilio/*`: the provider's webhooks. The answer is TwiML; what is refused is a problem."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from voice_ingest.api.forms import InvalidFields, Webhook, read_webhook
from voice_ingest.api.hotline import PATH, Hotline, LiveCall, Recording
from voice_ingest.api.readout import ReadoutDesk
from voice_ingest.domain.callers import caller_number
from voice_ingest.domain.machine import SKIP
from voice_ingest.domain.ports import Signatures

HANGUP = "hangup"
Token = Annotated[str, Query(min_length=1, max_length=4_000)]


class Twiml(Response):
    media_type = "text/xml"


def router(*, hotline: Hotline, readout: ReadoutDesk, signatures: Signatures, public_url: str) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["twilio"], default_response_class=Twiml)

    async def genuine(request: Request) -> Webhook:
        return await read_webhook(request, public_url=public_url, signatures=signatures)

    Hook = Annotated[Webhook, Depends(genuine)]  # noqa: N806 a type

    @routes.post("/incoming")
    async def incoming(hook: Hook) -> Response:
        """A call comes in."""
        return Twiml(await hotline.begin(_call(hook)))

    @routes.post("/input")
    async def keyed(hook: Hook, state: Token) -> Response:
        """Keys were pressed, or none in time."""
        return Twiml(await hotline.keyed(_call(hook), state, _digits(hook)))

    @routes.post("/recording")
    async def recorded(hook: Hook, state: Token) -> Response:
        """A recording ended; without a recording, nothing was said."""
        return Twiml(await hotline.recorded(_call(hook), state, _recording(hook)))

    @routes.post("/answered")
    async def answered(hook: Hook, readout_token: Annotated[str, Query(alias="readout")]) -> Response:
        """A participant whom we called answered, listened to the end, or chose."""
        return Twiml(await readout.answered(hook.call_sid, readout_token, _digits(hook)))

    @routes.post("/status", status_code=204)
    async def status(
        hook: Hook, readout_token: Annotated[str | None, Query(alias="readout", max_length=4_000)] = None
    ) -> Response:
        """A call changed; only the ends of calls that we placed mean something to us."""
        if hook.call_status is None:
            raise InvalidFields("See CallStatus")
        if readout_token and hook.call_status.is_over:
            await readout.ended(hook.call_sid, readout_token, hook.call_status)
        return Response(status_code=204)

    return routes


def _call(hook: Webhook) -> LiveCall:
    return LiveCall(hook.call_sid, caller_number(hook.from_))


def _digits(hook: Webhook) -> str:
    """What was keyed. Twilio keeps the finishing key to itself: alone, it means "skip"."""
    if hook.digits == HANGUP:
        return ""
    return hook.digits or (SKIP if hook.finished_on_key == SKIP else "")


def _recording(hook: Webhook) -> Recording | None:
    if hook.recording_sid is None or hook.recording_url is None or hook.recording_duration == 0:
        return None
    return Recording(hook.recording_sid, hook.recording_url, hook.recording_duration)
