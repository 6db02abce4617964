"""The Messages resource, as Twilio documents its answers."""

import httpx
import pytest

from kawal.contracts.words import Channel
from notifier.adapters.sms import SmsProvider
from notifier.domain.providers import ProviderAwayError, ProviderRefusedError
from notifier_factories import NOW, delivery

SMS = delivery(id="case-1/2/sms", channel=Channel.SMS, address="+6281234567890", text="Kawal: halo")


def listed(body: str, status: str, *, at: str = "Tue, 24 Nov 2026 07:00:00 +0000") -> dict[str, str]:
    return {"body": body, "status": status, "date_created": at}


def provider(answer) -> SmsProvider:
    client = httpx.AsyncClient(base_url="http://twilio.example", transport=httpx.MockTransport(answer))
    return SmsProvider(client=client, account_sid="AC1", sender="+62215550100")


class TestSmsProvider:
    async def test_sends_form_fields(self):
        asked = []

        def answer(request):
            asked.append(request)
            return httpx.Response(201, json={"sid": "SM1"})

        await provider(answer).send(SMS)
        (request,) = asked
        assert request.url.path == "/2010-04-01/Accounts/AC1/Messages.json"
        assert b"To=%2B6281234567890" in request.content

    async def test_wrong_number_is_permanent(self):
        with pytest.raises(ProviderRefusedError, match="twilio_21211"):
            await provider(lambda _: httpx.Response(400, json={"code": 21211})).send(SMS)

    @pytest.mark.parametrize("status", [302, 308, 401, 403, 404, 429, 500, 503])
    async def test_trouble_there_is_transient(self, status):
        with pytest.raises(ProviderAwayError, match=f"twilio_{status}"):
            await provider(lambda _: httpx.Response(status)).send(SMS)

    @pytest.mark.parametrize(
        ("messages", "known"),
        [
            ([listed("Kawal: halo", "delivered")], True),
            ([listed("Kawal: halo", "failed")], False),
            ([listed("other", "sent")], False),
            ([listed("Kawal: halo", "delivered", at="Tue, 24 Nov 2026 06:59:00 +0000")], False),
            ([], False),
        ],
    )
    async def test_asks_before_it_sends_again(self, messages, known):
        answer = httpx.Response(200, json={"messages": messages})
        assert await provider(lambda _: answer).was_sent(SMS, since=NOW) is known
