"""Bad input at the provider's webhooks."""

import secrets as random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from doors.marks import NAME, PHONE, STORY
from doors.refusals import assert_problem
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

Knock = Callable[[str], httpx.AsyncClient]
INCOMING, STATUS = "/v1/voice/twilio/incoming", "/v1/voice/twilio/status"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Provider:
    """Signs as Twilio does, or nearly."""

    def __init__(self, client: httpx.AsyncClient, stack: StackProcess) -> None:
        twilio = stack.facts["twilio"]
        self.client = client
        self.validator = RequestValidator(twilio["auth_token"])
        self.fields = {
            "CallSid": f"CA{random.token_hex(16)}",
            "AccountSid": twilio["account_sid"],
            "From": PHONE,
            "To": twilio["number"],
            "CallerName": NAME,
        }

    async def post(self, path: str, **changes: str) -> httpx.Response:
        """`path` may be a full URL."""
        url = str(self.client.base_url.join(path))
        sent = self.fields | changes
        return await self.send(url, sent, signature=self.validator.compute_signature(url, sent))

    async def send(self, url: str, fields: dict[str, str], *, signature: str) -> httpx.Response:
        headers = FORM | {"X-Twilio-Signature": signature}
        return await self.client.post(url, content=urlencode(fields).encode(), headers=headers)

    async def next_url(self, answer: httpx.Response) -> str:
        assert answer.status_code == 200, answer.text
        gather = fromstring(answer.content).find("Gather")
        assert gather is not None
        return gather.attrib["action"]


@pytest.fixture
async def provider(knock: Knock, stack: StackProcess) -> Provider:
    return Provider(knock("voice-ingest"), stack)


class TestSignature:
    async def test_forged(self, provider: Provider) -> None:
        url = str(provider.client.base_url.join(INCOMING))
        body = urlencode(provider.fields | {"Note": STORY}).encode()
        stranger = RequestValidator("0" * 32).compute_signature(url, provider.fields)
        for signature in ("", "x", "Ü", stranger):
            headers = [(b"Content-Type", FORM["Content-Type"].encode())]
            headers += [(b"X-Twilio-Signature", signature.encode("latin-1"))] if signature else []
            assert_problem(await provider.client.post(INCOMING, content=body, headers=headers), status=[403])

    async def test_of_other_fields_or_another_address(self, provider: Provider) -> None:
        incoming, status = (str(provider.client.base_url.join(path)) for path in (INCOMING, STATUS))
        other_call = provider.fields | {"CallSid": f"CA{random.token_hex(16)}"}
        for signed in (
            provider.validator.compute_signature(incoming, other_call),
            provider.validator.compute_signature(status, provider.fields),
        ):
            assert_problem(await provider.send(incoming, provider.fields, signature=signed), status=[403])

    async def test_replayed_webhook_gets_the_same_answer(self, provider: Provider) -> None:
        url = await provider.next_url(await provider.post(INCOMING))
        for digit in ("1", "0", "#"):
            url = await provider.next_url(await provider.post(url, Digits=digit))
        answers = [await provider.post(url, Digits="2") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len({answer.content for answer in answers}) == 1
        assert "Nomor laporan Anda" in answers[0].text

    async def test_state_of_another_call(self, provider: Provider) -> None:
        url = await provider.next_url(await provider.post(INCOMING))
        assert_problem(await provider.post(url, Digits="1", CallSid=f"CA{random.token_hex(16)}"))
        assert (await provider.post(url, Digits="1")).status_code == 200


class TestFields:
    @pytest.mark.parametrize(
        "changes",
        [{"CallSid": STORY}, {"CallSid": ""}, {"From": PHONE * 20}, {"Digits": STORY}, {"RecordingDuration": "long"}],
        ids=lambda changes: str(changes)[:40],
    )
    async def test_wrong(self, provider: Provider, changes: dict[str, str]) -> None:
        assert_problem(await provider.post(INCOMING, **changes), status=[422])

    async def test_status_that_is_none(self, provider: Provider) -> None:
        assert_problem(await provider.post(STATUS, CallStatus="confused"), status=[422])

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (f"CallSid={STORY}&x=%ff".encode(), FORM["Content-Type"]),
            (b"x=" + b"y" * 70_000, FORM["Content-Type"]),
            (f'{{"CallSid": "{STORY}"}}'.encode(), "application/json"),
            (b"CallSid=a&CallSid=b", FORM["Content-Type"]),
        ],
        ids=["not UTF-8", "oversize", "JSON", "a field twice"],
    )
    async def test_no_form(self, provider: Provider, body: bytes, media_type: str) -> None:
        answer = await provider.client.post(INCOMING, content=body, headers={"Content-Type": media_type})
        assert_problem(answer)

    @pytest.mark.parametrize("state", ["", "a.b", "x" * 3_000, "x" * 5_000, "%00"])
    async def test_made_up_state(self, provider: Provider, state: str) -> None:
        assert_problem(await provider.post(f"/v1/voice/twilio/input?state={state}", Digits="1"))

    async def test_good_call_still_works(self, provider: Provider) -> None:
        answer: Any = await provider.post(INCOMING)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
