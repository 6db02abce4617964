"""Bad input at the web's doors: the API answers with problems, the pages with pages."""

import json
import secrets as random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from doors.marks import EMAIL, NAME, NIK, PHONE, STORY
from doors.refusals import BROKEN_JSON, JSON, assert_problem, assert_refused_page
from kawal import links
from kawal.testing import eventually

pytestmark = pytest.mark.e2e

Knock = Callable[[str], httpx.AsyncClient]
SUBMISSIONS = "/v1/forms/complaint/submissions"
GOOD: dict[str, Any] = {
    "topic": "incentive.not_paid",
    "message": STORY,
    "name": NAME,
    "participant_number": NIK,
    "email": EMAIL,
    "phone": PHONE,
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def web(knock: Knock) -> httpx.AsyncClient:
    return knock("webform-ingest")


def new_key() -> str:
    return random.token_hex(16)


async def submitted(web: httpx.AsyncClient, *, key: str | None = None) -> str:
    """A good submission; the token of its status page."""
    answer = await web.post(SUBMISSIONS, json=GOOD, headers={"Idempotency-Key": key or new_key()})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["status_url"]).rpartition("/")[2]


async def shows(web: httpx.AsyncClient, token: str, text: str) -> None:
    """Wait until a status page has a message in its place."""

    async def shown() -> bool:
        page = (await web.get(f"/v1/status/{token}")).json()
        return any(text in item["text"] for item in page["items"])

    await eventually(shown, timeout=30)


class TestSubmissions:
    @pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
    async def test_broken_body(self, web: httpx.AsyncClient, body: bytes) -> None:
        key = new_key()
        assert_problem(await web.post(SUBMISSIONS, content=body, headers=JSON | {"Idempotency-Key": key}))
        await shows(web, await submitted(web, key=key), STORY)

    @pytest.mark.parametrize(
        "changes",
        [
            {"topic": "no.such.topic"},
            {"topic": 17},
            {"topic": None},
            {"message": ""},
            {"message": [STORY]},
            {"message": f"{STORY}\u0007"},
            {"message": STORY * 400},
            {"nik": NIK},
            {"email": f"{EMAIL}@"},
            {"email": 17},
            {"phone": f"{PHONE}99999999999"},
            {"happened_on": "2026-02-30"},
            {"happened_on": 20_261_124},
            {"may_call": "perhaps"},
            {"name": {"first": NAME}},
        ],
        ids=lambda changes: str(changes)[:40],
    )
    async def test_wrong_field(self, web: httpx.AsyncClient, changes: dict[str, Any]) -> None:
        key = new_key()
        refused = await web.post(SUBMISSIONS, json=GOOD | changes, headers={"Idempotency-Key": key})
        assert_problem(refused, status=[422])
        await submitted(web, key=key)

    @pytest.mark.parametrize("key", [None, "", "short", "x" * 200, "a b c d e f", "Ümlaut-Ümlaut"])
    async def test_bad_key(self, web: httpx.AsyncClient, key: str | None) -> None:
        headers = [(b"Content-Type", b"application/json")]
        headers += [(b"Idempotency-Key", key.encode("latin-1"))] if key is not None else []
        assert_problem(await web.post(SUBMISSIONS, content=json.dumps(GOOD).encode(), headers=headers), status=[400])

    async def test_key_of_another_submission(self, web: httpx.AsyncClient) -> None:
        key = new_key()
        token = await submitted(web, key=key)
        other = await web.post(SUBMISSIONS, json=GOOD | {"message": "Other"}, headers={"Idempotency-Key": key})
        assert_problem(other, status=[409])
        assert await submitted(web, key=key) == token

    async def test_unknown_form(self, web: httpx.AsyncClient) -> None:
        answer = await web.post("/v1/forms/nothing/submissions", json=GOOD, headers={"Idempotency-Key": new_key()})
        assert_problem(answer, status=[404])

    async def test_sent_by_another_site(self, web: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": new_key(), "Origin": "https://elsewhere.example"}
        assert_problem(await web.post(SUBMISSIONS, json=GOOD, headers=headers), status=[403])


class TestStatus:
    @pytest.mark.parametrize("token", ["a.b", "x", f"{'x' * 3000}.y", "%00", "%ff.%fe", "..%2f..%2fetc"])
    async def test_made_up_token(self, web: httpx.AsyncClient, token: str) -> None:
        assert_problem(await web.get(f"/v1/status/{token}"))
        assert_refused_page(await web.get(f"/status/{token}"))

    async def test_forged_token(self, web: httpx.AsyncClient) -> None:
        payload, _, mac = (await submitted(web)).partition(".")
        for bad in (f"{payload[:-4]}AAAA.{mac}", f"{payload}.{mac[:-4]}AAAA", payload):
            assert_problem(await web.get(f"/v1/status/{bad}"), status=[404])

    @pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
    async def test_broken_message(self, web: httpx.AsyncClient, body: bytes) -> None:
        token, key = await submitted(web), new_key()
        path = f"/v1/status/{token}/messages"
        assert_problem(await web.post(path, content=body, headers=JSON | {"Idempotency-Key": key}))
        good = await web.post(path, json={"text": f"{STORY} {key}"}, headers={"Idempotency-Key": key})
        assert good.status_code == 202
        await shows(web, token, key)

    @pytest.mark.parametrize(
        "message",
        [
            {"text": ""},
            {"text": 17},
            {"text": STORY * 400},
            {"text": f"{STORY}\u0000"},
            {"text": STORY, "name": NAME},
            {},
        ],
        ids=lambda message: str(message)[:40],
    )
    async def test_wrong_message(self, web: httpx.AsyncClient, message: dict[str, Any]) -> None:
        token = await submitted(web)
        answer = await web.post(f"/v1/status/{token}/messages", json=message, headers={"Idempotency-Key": new_key()})
        assert_problem(answer, status=[400, 422])


class TestPages:
    async def test_form_that_is_none(self, web: httpx.AsyncClient) -> None:
        assert_refused_page(await web.post("/forms/complaint", json=GOOD))
        assert_refused_page(await web.post("/forms/complaint", content=b"message=%ff%fe", headers=FORM))
        assert_refused_page(await web.post("/forms/complaint", content=b"message=" + b"x" * 70_000, headers=FORM))
        assert_refused_page(await web.post("/forms/complaint", content=b"message=a&message=b", headers=FORM))

    @pytest.mark.parametrize(
        "changes",
        [{"topic": "nothing"}, {"message": ""}, {"message": f"{STORY}\u0007"}, {"email": f"{EMAIL}@"}],
        ids=str,
    )
    async def test_wrong_field_keeps_what_was_typed(self, web: httpx.AsyncClient, changes: dict[str, str]) -> None:
        filled = GOOD | {"idempotency_key": new_key(), "action": "submit", "locale": "id"} | changes
        page = await web.post("/forms/complaint", content=urlencode(filled).encode(), headers=FORM)
        assert_refused_page(page, status=[422])
        assert NAME in page.text

    async def test_expired_and_forged_sign_in(self, web: httpx.AsyncClient, secrets: dict[str, Any]) -> None:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        claims = {"e": EMAIL, "b": "/"}
        old = links.sign(claims, key=secrets["link_key"], purpose="web-sign-in", expires_at=yesterday)
        forged = links.sign(claims, key="k" * 43, purpose="web-sign-in")
        other_purpose = links.sign(claims, key=secrets["link_key"], purpose="status")
        for token, status in ((old, 410), (forged, 404), (other_purpose, 404)):
            for answer in (await web.get(f"/sign-in/{token}"), await web.post(f"/sign-in/{token}")):
                assert_refused_page(answer, status=[status])
                assert "set-cookie" not in answer.headers

    async def test_forged_cookie_proves_nothing(self, web: httpx.AsyncClient) -> None:
        cookie = links.sign({"e": EMAIL}, key="k" * 43, purpose="web-session")
        page = await web.get("/", headers={"Cookie": f"kawal_session={cookie}"})
        assert page.status_code == 200
        assert EMAIL not in page.text
