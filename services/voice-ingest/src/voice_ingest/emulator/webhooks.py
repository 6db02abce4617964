"""The emulated provider's side of the webhooks: signed as Twilio signs them."""

import httpx

from voice_ingest.adapters.twilio.signature import TwilioSignatures
from voice_ingest.emulator.records import CallRecord, Fields
from voice_ingest.emulator.verbs import InvalidTwiml

TIMEOUT_S = 15
API_VERSION = "2010-04-01"


class Webhooks:
    def __init__(self, client: httpx.AsyncClient, *, signatures: TwilioSignatures, account_sid: str) -> None:
        self._client = client
        self._signatures = signatures
        self._account_sid = account_sid

    async def ask(self, call: CallRecord, url: str, fields: Fields) -> bytes:
        """What comes next in a call.

        Raises:
            InvalidTwiml: no answer, or one that is no success.
        """
        try:
            response = await self._post(call, url, fields)
        except httpx.HTTPError as failed:
            raise InvalidTwiml("no answer") from failed
        if not response.is_success:
            raise InvalidTwiml(f"status {response.status_code}")
        return response.content

    async def tell(self, call: CallRecord, url: str) -> None:
        """A status callback: told once, and whoever misses it has to ask."""
        try:
            await self._post(call, url, {"CallDuration": str(call.duration_s)})
        except httpx.HTTPError:
            return

    async def _post(self, call: CallRecord, url: str, fields: Fields) -> httpx.Response:
        fields = self._call_fields(call) | fields
        headers = {"X-Twilio-Signature": self._signatures.sign(url, fields)}
        return await self._client.post(url, data=fields, headers=headers, timeout=TIMEOUT_S)

    def _call_fields(self, call: CallRecord) -> Fields:
        return {
            "AccountSid": self._account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status.value,
            "Direction": call.direction.value,
            "From": call.from_,
            "Caller": call.from_,
            "To": call.to,
            "Called": call.to,
        }
