"""A caller whose calls come from a provider that we play: signed webhooks, TwiML answers."""

import re
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, fromstring

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from chaos.doors import Door

WEBHOOKS = "/v1/voice/twilio"
BE_CALLED_BACK = ("1", "0", "#", "2")
"""Indonesian; something else; no proof of the number; call me back."""


class Caller:
    """One call to the hotline from `number`. `provider` is the `twilio` of `run.json`."""

    def __init__(self, door: Door, url: str, *, number: str, provider: dict[str, Any]) -> None:
        self.call_id = f"CA{secrets.token_hex(16)}"
        self._door = door
        self._url = url
        self._validator = RequestValidator(provider["auth_token"])
        self._fields = {
            "CallSid": self.call_id,
            "AccountSid": provider["account_sid"],
            "From": number,
            "To": provider["number"],
            "CallStatus": "in-progress",
        }

    async def ask_to_be_called(self, *, twice: bool) -> str:
        """Go through the menus; the case number that is said. `twice`: the provider delivers the last webhook again."""
        asked = await self._send(f"{self._url}{WEBHOOKS}/incoming")
        for digit in BE_CALLED_BACK[:-1]:
            asked = await self._send(_action(asked), Digits=digit)
        last = _action(asked)
        answers = [await self._send(last, Digits=BE_CALLED_BACK[-1]) for _ in range(2 if twice else 1)]
        numbers = {_number(answer) for answer in answers}
        assert len(numbers) == 1, f"{self.call_id} was told {numbers}"
        return numbers.pop()

    async def _send(self, url: str, **fields: str) -> Element:
        sent = self._fields | fields
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": self._validator.compute_signature(url, sent),
        }
        path = url.removeprefix(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}")
        answer = await self._door.insist(self._door.request(path, urlencode(sent).encode(), headers=headers))
        return fromstring(answer.body)


def _action(asked: Element) -> str:
    gather = asked.find("Gather")
    assert gather is not None
    return gather.attrib["action"]


def _number(answer: Element) -> str:
    said = " ".join(say.text or "" for say in answer.iter("Say"))
    return re.sub(r"\D", "", said.partition("Nomor laporan Anda:")[2].partition(".")[0])
