"""`/v1/status` while everything behind it is away; what it shows is tested in test_conversation.py."""

import httpx
import pytest

from kawal import links
from web_factories import CONVERSATION, LINK_KEY, NOW
from webform_ingest.domain import proofs

STATUS = f"/v1/status/{links.status_token(CONVERSATION, key=LINK_KEY)}"
KEY = {"idempotency-key": "a-key-of-tests"}


class TestShowStatus:
    async def test_says_that_the_history_is_away(self, doors: httpx.AsyncClient) -> None:
        response = await doors.get(STATUS)
        assert (response.status_code, response.json()["code"]) == (503, "history_unavailable")
        assert response.headers["retry-after"] == "5"

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "a.b",
            links.status_token(CONVERSATION, key="forged"),
            proofs.session_cookie("a@b.c", key=LINK_KEY, now=NOW),
        ],
    )
    async def test_forged(self, doors: httpx.AsyncClient, token: str) -> None:
        for response in (
            await doors.get(f"/v1/status/{token}"),
            await doors.post(f"/v1/status/{token}/messages", json={"text": "Halo"}, headers=KEY),
        ):
            assert (response.status_code, response.json()["code"]) == (404, "invalid_link")

    @pytest.mark.parametrize("after", ["-1", "x", "1.5", "99999999999"])
    async def test_bad_cursor(self, doors: httpx.AsyncClient, after: str) -> None:
        response = await doors.get(STATUS, params={"after": after})
        assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


class TestAddMessage:
    async def test_accepted(self, doors: httpx.AsyncClient) -> None:
        headers = {"idempotency-key": "accepted-message"}
        first = await doors.post(f"{STATUS}/messages", json={"text": "Halo"}, headers=headers)
        again = await doors.post(f"{STATUS}/messages", json={"text": "Halo", "locale": "en"}, headers=headers)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()

    @pytest.mark.parametrize("text", ["", "  \n ", "a\u0007b", "x" * 4_001])
    async def test_bad_text(self, doors: httpx.AsyncClient, text: str) -> None:
        response = await doors.post(f"{STATUS}/messages", json={"text": text}, headers=KEY)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_text")
        assert response.json()["errors"][0]["field"] == "text"

    @pytest.mark.parametrize(
        "body", [{}, {"text": 5}, {"text": None}, {"text": "a", "stranger": 1}, {"text": "a", "locale": "fr"}, [], "a"]
    )
    async def test_bad_bodies(self, doors: httpx.AsyncClient, body: object) -> None:
        response = await doors.post(f"{STATUS}/messages", json=body, headers=KEY)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_request")

    async def test_no_key(self, doors: httpx.AsyncClient) -> None:
        response = await doors.post(f"{STATUS}/messages", json={"text": "Halo"})
        assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")

    async def test_other_sites(self, doors: httpx.AsyncClient) -> None:
        headers = KEY | {"origin": "https://evil.example"}
        response = await doors.post(f"{STATUS}/messages", json={"text": "Halo"}, headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "foreign_origin")
