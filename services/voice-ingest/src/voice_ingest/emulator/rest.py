"""Twilio's REST API of 2010-04-01 as far as it is emulated: calls, messages, recordings, basic auth."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kawal.errors import KawalError
from voice_ingest.domain.callers import caller_number
from voice_ingest.domain.calls import CallStatus
from voice_ingest.emulator.records import CallRecord, call_json, text_json
from voice_ingest.emulator.switchboard import Switchboard

Sid = Annotated[str, Path(pattern=r"^(CA|RE)[0-9a-f]{32}(\.json|\.wav)?$")]


class Unauthenticated(KawalError):
    status, code, title = 401, "unauthorized", "Say which account you are"


class UnknownResource(KawalError):
    status, code, title = 404, "not_found", "There is no such resource"


class InvalidNumber(KawalError):
    status, code, title = 400, "invalid_to_number", "This number cannot be reached"


class NewCall(BaseModel):
    """https://www.twilio.com/docs/voice/api/call-resource#create-a-call, what we send of it."""

    model_config = ConfigDict(extra="ignore")

    to: Annotated[str, StringConstraints(max_length=20)] = Field(alias="To")
    url: Annotated[str, StringConstraints(max_length=4_000, pattern=r"^https?://")] = Field(alias="Url")
    status_callback: Annotated[str, StringConstraints(max_length=4_000)] = Field(alias="StatusCallback", default="")
    ring_s: Annotated[float, Field(ge=1, le=600)] = Field(alias="Timeout", default=60)


class NewText(BaseModel):
    """https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource."""

    model_config = ConfigDict(extra="ignore")

    to: Annotated[str, StringConstraints(max_length=20)] = Field(alias="To")
    body: Annotated[str, StringConstraints(min_length=1, max_length=1_600)] = Field(alias="Body")


class CallFilter(BaseModel):
    model_config = ConfigDict(extra="ignore")

    to: str | None = Field(alias="To", default=None)
    from_: str | None = Field(alias="From", default=None)
    status: CallStatus | None = Field(alias="Status", default=None)
    since: date | None = Field(alias="StartTime>", default=None)
    page_size: Annotated[int, Field(ge=1, le=1_000)] = Field(alias="PageSize", default=50)

    def matches(self, call: CallRecord) -> bool:
        return (
            self.to in {None, call.to}
            and self.from_ in {None, call.from_}
            and self.status in {None, call.status}
            and (self.since is None or call.created_at.date() >= self.since)
        )


class TextFilter(BaseModel):
    """Twilio filters by more; a provider's client asks for the texts of one number."""

    model_config = ConfigDict(extra="ignore")

    to: Annotated[str, StringConstraints(max_length=20)] = Field(alias="To")
    page_size: Annotated[int, Field(ge=1, le=1_000)] = Field(alias="PageSize", default=50)


def router(switchboard: Switchboard, *, auth_token: str) -> APIRouter:
    account_sid = switchboard.settings.account_sid
    check = _account_check(account_sid=account_sid, auth_token=auth_token)
    routes = APIRouter(prefix="/2010-04-01/Accounts/{account}", include_in_schema=False, dependencies=[Depends(check)])

    @routes.post("/Calls.json")
    async def place(new: Annotated[NewCall, Form()]) -> Response:
        call = await switchboard.place(
            to=_reachable(new.to), answer_url=new.url, status_url=new.status_callback, ring_s=new.ring_s
        )
        return JSONResponse(call_json(call, account_sid=account_sid), status_code=201)

    @routes.get("/Calls.json")
    async def listed(wanted: Annotated[CallFilter, Query()]) -> Response:
        calls = [call for call in await switchboard.ledger.calls() if wanted.matches(call)]
        page = [call_json(call, account_sid=account_sid) for call in calls[: wanted.page_size]]
        return JSONResponse({"calls": page, "page": 0, "page_size": wanted.page_size, "next_page_uri": None})

    @routes.get("/Calls/{sid}")
    async def one(sid: Sid) -> Response:
        call = await switchboard.ledger.call(sid.removesuffix(".json"))
        if call is None:
            raise UnknownResource("There is no such call")
        return JSONResponse(call_json(call, account_sid=account_sid))

    @routes.post("/Messages.json")
    async def text(new: Annotated[NewText, Form()]) -> Response:
        sent = await switchboard.text(to=_reachable(new.to), body=new.body)
        return JSONResponse(text_json(sent, account_sid=account_sid), status_code=201)

    @routes.get("/Messages.json")
    async def texts(wanted: Annotated[TextFilter, Query()]) -> Response:
        """Newest first: who does not know whether a text went out asks here before sending it again."""
        found = reversed(await switchboard.ledger.texts_of(wanted.to))
        page = [text_json(text, account_sid=account_sid) for text in found][: wanted.page_size]
        return JSONResponse({"messages": page, "page": 0, "page_size": wanted.page_size, "next_page_uri": None})

    @routes.get("/Recordings/{sid}")
    async def recording(sid: Sid) -> Response:
        found = await switchboard.recording(sid.removesuffix(".wav"))
        if found is None:
            raise UnknownResource("There is no such recording yet")
        return Response(found.data, media_type=found.media_type)

    @routes.delete("/Recordings/{sid}", status_code=204)
    async def delete_recording(sid: Sid) -> None:
        await switchboard.ledger.delete_recording(sid)

    return routes


def _account_check(*, account_sid: str, auth_token: str) -> Callable[[Request, str], Awaitable[None]]:
    async def check(request: Request, account: str) -> None:
        if not _is_account(request, account_sid=account_sid, auth_token=auth_token):
            raise Unauthenticated("Send the account's sid and token")
        if account != account_sid:
            raise UnknownResource("There is no such account")

    return check


def _is_account(request: Request, *, account_sid: str, auth_token: str) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, f"{account_sid}:{auth_token}".encode())


def _reachable(number: str) -> str:
    reachable = caller_number(number)
    if reachable is None:
        raise InvalidNumber("It is not a telephone number")
    return reachable
