"""Twilio's REST API, as far as calls, texts and recordings need it; bounded in time and size."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from kawal.errors import PermanentError, TransientError
from voice_ingest.domain.calls import CallStatus
from voice_ingest.domain.ports import Media, ProviderCall

T = TypeVar("T")
TIMEOUT = httpx.Timeout(5, connect=3)
RECORDING_LIMIT = 16 * 1024 * 1024
RECORDING_WITHIN_S = 60.0
RING_TIMEOUT_S = 30
PAGE_SIZE = 50
AUDIO = frozenset({"audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm"})
# 401 and 403: our credentials are being changed, or the account is blocked. That says nothing of a call or a recording,
# and taking it for "no such call" would call a participant twice.
_TRY_LATER = frozenset({401, 403, 408, 425, 429})


class TwilioRest:
    """One account at one API URL; `number` is ours, in E.164. Implements `Texts`, `Recordings` and `Calls`."""

    def __init__(self, client: httpx.AsyncClient, *, account_sid: str, number: str) -> None:
        """`client` must have `base_url` (the API URL) and `auth` set; it follows no redirects."""
        self._client = client
        self._account = f"/2010-04-01/Accounts/{account_sid}"
        self._number = number

    async def send_text(self, *, to: str, text: str) -> None:
        fields = {"To": to, "From": self._number, "Body": text}
        await self._post("/Messages.json", fields, read=lambda _: None)

    async def place(self, *, to: str, answer_url: str, status_url: str) -> str:
        fields = {
            "To": to,
            "From": self._number,
            "Url": answer_url,
            "Method": "POST",
            "StatusCallback": status_url,
            "StatusCallbackMethod": "POST",
            "Timeout": str(RING_TIMEOUT_S),
        }
        return await self._post("/Calls.json", fields, read=_sid)

    async def find(self, *, to: str, since: datetime) -> Sequence[ProviderCall]:
        query = {"To": to, "From": self._number, "StartTime>": f"{since:%Y-%m-%d}", "PageSize": str(PAGE_SIZE)}
        calls = await self._get(f"{self._account}/Calls.json", query, read=_placed)
        # The filter knows days only, and tells seconds.
        earliest = since.replace(microsecond=0)
        return sorted((c for c in calls if c.created_at >= earliest), key=lambda call: call.created_at)

    async def status(self, call_id: str) -> CallStatus | None:
        try:
            return await self._get(f"{self._account}/Calls/{call_id}.json", {}, read=_status)
        except PermanentError:
            return None

    async def fetch(self, url: str) -> Media:
        self._check_recording(url)
        try:
            async with asyncio.timeout(RECORDING_WITHIN_S), self._client.stream("GET", url) as response:
                if response.status_code == httpx.codes.NOT_FOUND:
                    raise TransientError("the recording is not ready")
                _check(response)
                return Media(data=await _bounded(response), media_type=_media_type(response))
        except (httpx.HTTPError, TimeoutError) as failed:
            raise TransientError(f"recording: {type(failed).__name__}") from failed

    async def delete(self, url: str) -> None:
        self._check_recording(url)
        try:
            response = await self._client.delete(url)
        except httpx.HTTPError as failed:
            raise TransientError(f"recording: {type(failed).__name__}") from failed
        if response.status_code != httpx.codes.NOT_FOUND:
            _check(response)

    def _check_recording(self, url: str) -> None:
        """Our credentials go only to the provider, and only for a recording of this account."""
        wanted, base = httpx.URL(url), self._client.base_url
        same = (wanted.scheme, wanted.host, wanted.port) == (base.scheme, base.host, base.port)
        if not same or not wanted.path.startswith(f"{self._account}/Recordings/") or ".." in wanted.path:
            raise PermanentError("not a recording of this provider")

    async def _post(self, path: str, fields: Mapping[str, str], *, read: Callable[[Any], T]) -> T:
        try:
            response = await self._client.post(self._account + path, data=dict(fields))
        except httpx.HTTPError as failed:
            raise TransientError(f"provider: {type(failed).__name__}") from failed
        return _understood(response, read)

    async def _get(self, path: str, query: Mapping[str, str], *, read: Callable[[Any], T]) -> T:
        try:
            response = await self._client.get(path, params=dict(query))
        except httpx.HTTPError as failed:
            raise TransientError(f"provider: {type(failed).__name__}") from failed
        return _understood(response, read)


def client(*, api_url: str, account_sid: str, auth_token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=api_url, auth=(account_sid, auth_token), timeout=TIMEOUT)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    # A redirect is nothing that the provider does: something else stands at its address for the time being.
    if not response.is_client_error or status in _TRY_LATER:
        raise TransientError(f"the provider answered {status}")
    raise PermanentError(f"the provider answered {status}")


def _understood(response: httpx.Response, read: Callable[[Any], T]) -> T:
    """What `read` takes from the body. Whatever it stumbles over, the request itself may have had its effect."""
    _check(response)
    try:
        return read(response.json())
    except (LookupError, TypeError, ValueError) as odd:
        raise TransientError("the provider's answer is not in its own words") from odd


async def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > RECORDING_LIMIT:
            raise PermanentError("the recording is too large")
    if not data:
        raise TransientError("the recording is empty")
    return bytes(data)


def _media_type(response: httpx.Response) -> str:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in AUDIO:
        # A page of somebody in between, or of the provider's on a bad day.
        raise TransientError("the recording is not audio")
    return str(media_type)


def _sid(item: Mapping[str, Any]) -> str:
    if not (isinstance(item["sid"], str) and item["sid"]):
        raise ValueError("a call without a sid")
    return item["sid"]


def _status(item: Mapping[str, Any]) -> CallStatus:
    return CallStatus(item["status"])


def _placed(page: Mapping[str, Any]) -> list[ProviderCall]:
    """The calls of a page that were placed over this API. None is skipped: it might be the one that is asked for."""
    return [_call(item) for item in page["calls"] if item["direction"] == "outbound-api"]


def _call(item: Mapping[str, Any]) -> ProviderCall:
    return ProviderCall(
        call_id=_sid(item),
        status=_status(item),
        to=str(item["to"]),
        from_=str(item["from"]),
        created_at=parsedate_to_datetime(item["date_created"]).astimezone(UTC),
    )
