"""Bad input at every door: a clear 4xx, nothing happens, nothing personal is logged."""

from urllib.parse import urlencode

import pytest

from voice_driver import WEBHOOKS, Edge
from voice_factories import ACCOUNT, AUTH_TOKEN, CALL, CALLER
from voice_ingest.adapters.twilio.signature import TwilioSignatures

pytestmark = pytest.mark.integration

DOORS = ["/incoming", "/input?state=x", "/recording?state=x", "/answered?readout=x", "/status"]
FORM = "application/x-www-form-urlencoded"
FIELDS = {"CallSid": CALL, "From": CALLER}


def refused(response: object, status: int, code: str) -> bool:
    headers, body = response.headers, response.json()  # type: ignore[attr-defined]
    assert headers["content-type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (status, code), body
    return bool(response.status_code == status)  # type: ignore[attr-defined]


class TestSignature:
    @pytest.mark.parametrize("door", DOORS)
    async def test_missing(self, lonely_edge: Edge, door: str) -> None:
        assert refused(await lonely_edge.post_unsigned(door), 403, "invalid_signature")

    @pytest.mark.parametrize("door", DOORS)
    async def test_forged(self, lonely_edge: Edge, door: str) -> None:
        url = f"{lonely_edge.url}{WEBHOOKS}{door}"
        headers = {"X-Twilio-Signature": TwilioSignatures("another token").sign(url, FIELDS)}
        response = await lonely_edge.client.post(url, data=FIELDS, headers=headers)
        assert refused(response, 403, "invalid_signature")

    async def test_of_another_address(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}{WEBHOOKS}/incoming"
        headers = {"X-Twilio-Signature": TwilioSignatures(AUTH_TOKEN).sign(url, FIELDS)}
        response = await lonely_edge.client.post(f"{url}?extra=1", data=FIELDS, headers=headers)
        assert refused(response, 403, "invalid_signature")

    async def test_of_other_fields(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}{WEBHOOKS}/incoming"
        headers = {"X-Twilio-Signature": TwilioSignatures(AUTH_TOKEN).sign(url, FIELDS)}
        changed = FIELDS | {"From": "+6285555555555"}
        assert refused(await lonely_edge.client.post(url, data=changed, headers=headers), 403, "invalid_signature")

    async def test_replayed_has_no_second_effect(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("111#")
        for _ in range(3):
            await lonely_edge.press(asked, "2")
        assert len(lonely_edge.spooled()) == 1


class TestForm:
    @pytest.mark.parametrize("door", DOORS)
    async def test_other_content_type(self, lonely_edge: Edge, door: str) -> None:
        response = await lonely_edge.client.post(f"{lonely_edge.url}{WEBHOOKS}{door}", json=FIELDS)
        assert refused(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize("size", [33_000, 70_000])
    async def test_oversize(self, lonely_edge: Edge, size: int) -> None:
        assert refused(await lonely_edge.post("/incoming", Extra="x" * size), 413, "body_too_large")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"CallSid=%ff%fe", "invalid_encoding"),
            (b"CallSid=\xff", "invalid_encoding"),
            (b"From=a%00b", "invalid_encoding"),
            (b"CallSid=a&CallSid=b", "malformed_form"),
            (urlencode({f"f{n}": "x" for n in range(300)}).encode(), "malformed_form"),
        ],
    )
    async def test_unreadable(self, lonely_edge: Edge, body: bytes, code: str) -> None:
        response = await lonely_edge.client.post(
            f"{lonely_edge.url}{WEBHOOKS}/incoming", content=body, headers={"content-type": FORM}
        )
        assert refused(response, 400, code)

    async def test_empty(self, lonely_edge: Edge) -> None:
        response = await lonely_edge.client.post(
            f"{lonely_edge.url}{WEBHOOKS}/incoming", content=b"", headers={"content-type": FORM}
        )
        assert refused(response, 403, "invalid_signature")

    async def test_bad_query(self, lonely_edge: Edge) -> None:
        assert refused(await lonely_edge.post("/input?state=%ff"), 400, "invalid_encoding")


class TestFields:
    @pytest.mark.parametrize(
        "fields",
        [
            {"CallSid": ""},
            {"CallSid": "CA123"},
            {"CallSid": "../../etc"},
            {"Digits": "12ab"},
            {"Digits": "1" * 40},
            {"CallStatus": "exploded"},
            {"RecordingDuration": "-1"},
            {"RecordingSid": "x"},
        ],
    )
    async def test_signed_but_wrong(self, lonely_edge: Edge, fields: dict[str, str]) -> None:
        assert refused(await lonely_edge.post("/incoming", **fields), 422, "invalid_fields")

    async def test_missing_state(self, lonely_edge: Edge) -> None:
        assert refused(await lonely_edge.post("/input"), 422, "invalid_request")

    @pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "YQ.YQ"])
    async def test_forged_state(self, lonely_edge: Edge, token: str) -> None:
        assert refused(await lonely_edge.post(f"/input?state={token}"), 404, "invalid_link")
        assert refused(await lonely_edge.post(f"/answered?readout={token}"), 404, "invalid_link")

    async def test_status_without_status(self, lonely_edge: Edge) -> None:
        assert refused(await lonely_edge.post("/status", CallStatus=""), 422, "invalid_fields")

    async def test_status_of_an_inbound_call(self, lonely_edge: Edge) -> None:
        response = await lonely_edge.post("/status", CallStatus="completed")
        assert response.status_code == 204

    async def test_wrong_method(self, lonely_edge: Edge) -> None:
        response = await lonely_edge.client.get(f"{lonely_edge.url}{WEBHOOKS}/incoming")
        assert refused(response, 405, "method_not_allowed")


class TestLogs:
    async def test_nothing_personal(self, lonely_edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
        async with lonely_edge.phone() as caller:
            await caller.call()
            for key in "1111":
                await caller.press(key)
            code = await caller.text()
            await caller.press("000000")
            await caller.press("#")
            await caller.press("2")
            await caller.hear("Nomor laporan")
            await lonely_edge.post_unsigned("/incoming")
            await lonely_edge.post("/incoming", CallSid="broken")
        written = "".join(capsys.readouterr())
        assert "request_handled" in written
        assert CALLER.removeprefix("+") not in written
        assert code.split(":")[1].strip()[:6] not in written

    async def test_no_metrics_on_the_public_port(self, lonely_edge: Edge) -> None:
        response = await lonely_edge.client.get(f"{lonely_edge.url}/metrics")
        assert refused(response, 404, "not_found")


class TestEmulatedApi:
    """The provider's own API, as emulated."""

    async def test_wrong_token(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        for auth in (None, (ACCOUNT, "wrong"), ("someone", AUTH_TOKEN)):
            assert refused(await lonely_edge.client.get(url, auth=auth), 401, "unauthorized")

    async def test_foreign_account(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}/2010-04-01/Accounts/AC{'9' * 32}/Calls.json"
        response = await lonely_edge.client.get(url, auth=(ACCOUNT, AUTH_TOKEN))
        assert refused(response, 404, "not_found")

    async def test_number_that_is_none(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        response = await lonely_edge.client.post(url, data={"To": "nobody", "Body": "x"}, auth=(ACCOUNT, AUTH_TOKEN))
        assert refused(response, 400, "invalid_to_number")

    async def test_texts_of_a_number_newest_first(self, lonely_edge: Edge) -> None:
        url = f"{lonely_edge.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        for body in ("first", "second"):
            await lonely_edge.client.post(url, data={"To": CALLER, "Body": body}, auth=(ACCOUNT, AUTH_TOKEN))
        listed = await lonely_edge.client.get(url, params={"To": CALLER}, auth=(ACCOUNT, AUTH_TOKEN))
        assert [text["body"] for text in listed.json()["messages"]] == ["second", "first"]
