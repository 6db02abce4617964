import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema
import pytest

from kawal import links
from web_factories import LINK_KEY, NOW

URL = "/v1/forms/complaint/submissions"


def submission(**changes: Any) -> dict[str, Any]:
    return {"topic": "incentive.not_paid", "message": "Insentif saya belum masuk"} | changes


async def post(client: httpx.AsyncClient, body: dict[str, Any], *, key: str) -> httpx.Response:
    return await client.post(URL, json=body, headers={"idempotency-key": key})


class TestShowForm:
    async def test_is_a_schema_that_a_submission_fits(self, doors: httpx.AsyncClient) -> None:
        response = await doors.get("/v1/forms/complaint?locale=en")
        assert response.headers["content-type"] == "application/schema+json"
        jsonschema.validate(submission(), response.json())
        assert response.json()["title"] == "Send a report"

    async def test_unknown_form(self, doors: httpx.AsyncClient) -> None:
        response = await doors.get("/v1/forms/stranger")
        assert (response.status_code, response.json()["code"]) == (404, "unknown_form")


class TestSubmit:
    async def test_accepted_while_everything_else_is_away(self, doors: httpx.AsyncClient) -> None:
        response = await post(doors, submission(), key="accepted-1")
        assert response.status_code == 202
        assert response.json()["reference"] is None
        url = urlsplit(response.json()["status_url"])
        assert url.netloc == "web.example"
        token = url.path.removeprefix("/status/")
        assert links.read_status_token(token, key=LINK_KEY, now=NOW).startswith("web:")

    async def test_same_key_and_body_get_the_same_answer(self, doors: httpx.AsyncClient) -> None:
        first = await post(doors, submission(name="Siti"), key="repeated-1")
        again = await post(doors, {"name": "Siti"} | submission(), key="repeated-1")
        assert (again.status_code, again.json()) == (202, first.json())

    async def test_same_key_and_another_body(self, doors: httpx.AsyncClient) -> None:
        await post(doors, submission(), key="conflict-1")
        response = await post(doors, submission(message="lain"), key="conflict-1")
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")

    async def test_every_wrong_field_is_named(self, doors: httpx.AsyncClient) -> None:
        response = await post(doors, {"topic": "stranger", "phone": "abc", "surname": "x"}, key="invalid-1")
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["code"] == "invalid_submission"
        assert [(error["field"], error["type"]) for error in problem["errors"]] == [
            ("topic", "not_an_option"),
            ("message", "required"),
            ("phone", "not_a_phone"),
            ("surname", "unknown_field"),
        ]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 422),
            (b"{", 400),
            (b"[]", 422),
            (b"null", 422),
            (b'"text"', 422),
            (b"[" * 30_000, 400),
            (b'{"message": NaN}', 422),
            (b'{"message": 1' + b"0" * 10_000 + b"}", 400),
            (b'{"message": "\xff\xfe"}', 400),
            (b'{"message": "\\ud800", "topic": "incentive.not_paid"}', 400),
            (b'{"message": "a\\u0000b", "topic": "incentive.not_paid"}', 400),
            (b'{"message": "a\\u001bb", "topic": "incentive.not_paid"}', 422),
            (b'{"message": {"a": 1}, "topic": ["x"], "may_call": "on"}', 422),
            (b'{"message": "' + b"x" * 70_000 + b'"}', 413),
            (b'{"message": "' + b"x" * 4_001 + b'", "topic": "incentive.not_paid"}', 422),
        ],
    )
    async def test_bad_bodies(self, doors: httpx.AsyncClient, body: bytes, status: int) -> None:
        headers = {"idempotency-key": "bad-body-1", "content-type": "application/json"}
        response = await doors.post(URL, content=body, headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert json.loads(response.content)["code"]

    @pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    async def test_other_media_types(self, doors: httpx.AsyncClient, media_type: str) -> None:
        headers = {"idempotency-key": "media-type-1", "content-type": media_type}
        response = await doors.post(URL, content=json.dumps(submission()).encode(), headers=headers)
        assert response.status_code in {400, 415, 422}

    @pytest.mark.parametrize("key", [None, "", "short", "with space in it", "x" * 200, "é" * 10])
    async def test_bad_keys(self, doors: httpx.AsyncClient, key: str | None) -> None:
        headers = [] if key is None else [(b"idempotency-key", key.encode())]
        response = await doors.post(URL, json=submission(), headers=headers)
        assert response.status_code == 400
        assert response.json()["code"].startswith("idempotency_key_")

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://["},
            {"origin": "https://web.example.evil.example"},
            {"sec-fetch-site": "cross-site"},
        ],
    )
    async def test_other_sites(self, doors: httpx.AsyncClient, headers: dict[str, str]) -> None:
        response = await doors.post(URL, json=submission(), headers={"idempotency-key": "origin-1"} | headers)
        assert (response.status_code, response.json()["code"]) == (403, "foreign_origin")

    async def test_own_origin(self, doors: httpx.AsyncClient) -> None:
        headers = {"idempotency-key": "own-origin-1", "origin": "http://web.example"}
        assert (await doors.post(URL, json=submission(), headers=headers)).status_code == 202
