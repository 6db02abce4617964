"""Text messages by Twilio's Messages resource (Programmable Messaging API, 2010-04-01)."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from notifier.domain.deliveries import Delivery
from notifier.domain.providers import ProviderAwayError, ProviderRefusedError

TIMEOUT_S = 15
CLOCKS_DIFFER = timedelta(seconds=5)
# Wrong credentials, a suspended account, a wrong account id: all about us, nothing about the message.
ABOUT_US = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
LATER = ABOUT_US | {HTTPStatus.TOO_MANY_REQUESTS}
UNDELIVERABLE = frozenset({"failed", "undelivered", "canceled"})


class SmsProvider:
    def __init__(self, *, client: httpx.AsyncClient, account_sid: str, sender: str) -> None:
        """`client` has Twilio's base URL and basic auth set; `sender` is our number, E.164."""
        self._client = client
        self._messages = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._sender = sender

    async def send(self, delivery: Delivery) -> None:
        form = {"To": delivery.address, "From": self._sender, "Body": delivery.text}
        response = await self._ask("POST", data=form)
        if response.is_client_error:
            raise ProviderRefusedError(f"twilio_{_code(response)}")

    async def was_sent(self, delivery: Delivery, *, since: datetime) -> bool:
        """Whether a text with the same words has gone to the same number; Twilio lists the newest first.

        Since then only: an agent may have written the same words before.
        """
        query = {"To": delivery.address, "From": self._sender, "PageSize": "50"}
        response = await self._ask("GET", params=query)
        if response.is_client_error:
            return False
        sent = response.json().get("messages", [])
        return any(
            m["body"] == delivery.text and m["status"] not in UNDELIVERABLE and _created_at(m) >= since - CLOCKS_DIFFER
            for m in sent
        )

    async def _ask(self, method: str, **request: dict[str, str]) -> httpx.Response:
        try:
            response = await self._client.request(method, self._messages, timeout=TIMEOUT_S, **request)  # type: ignore[arg-type]
        except httpx.HTTPError as away:
            raise ProviderAwayError("twilio_away") from away
        answered = response.is_success or response.is_client_error
        if not answered or response.status_code in LATER:
            raise ProviderAwayError(f"twilio_{response.status_code}")
        return response


def _created_at(message: dict[str, str]) -> datetime:
    """RFC 2822, in whole seconds."""
    return parsedate_to_datetime(message["date_created"])


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError):
        return str(response.status_code)
