from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat_factories import SESSION_KEY, identity_token
from chat_ingest.domain.sessions import SessionTokens

pytestmark = pytest.mark.integration
PATH = "/v1/chat/sessions"


class TestOpening:
    async def test_anonymous(self, edge: Any) -> None:
        response = await edge.client.post(PATH, json={"locale": "id"})
        assert response.status_code == 201
        body = response.json()
        assert body.keys() == {"session_token", "conversation_id"}
        tokens = SessionTokens(SESSION_KEY, timedelta(days=30))
        session = tokens.read(body["session_token"], now=datetime.now(UTC))
        assert session.conversation_id == body["conversation_id"]

    async def test_each_has_a_conversation_of_its_own(self, edge: Any) -> None:
        first, second = [(await edge.session())[1] for _ in range(2)]
        assert first != second

    async def test_identity_token_again_gives_the_same_conversation(self, edge: Any) -> None:
        token = identity_token(jti="seen-twice")
        first, second = [(await edge.session(identity_token=token))[1] for _ in range(2)]
        assert first == second


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "malformed_json"),
            (b"{", 400, "malformed_json"),
            (b"[]", 422, "invalid_request"),
            (b"null", 422, "invalid_request"),
            (b'{"name":"\xff"}', 400, "invalid_encoding"),
            (b'{"name":"a\\u0007b"}', 422, "invalid_request"),
            (b'{"name":7}', 422, "invalid_request"),
            (b'{"admin":true}', 422, "invalid_request"),
            (b'{"locale":"fr"}', 422, "invalid_request"),
            (b'{"phone":"call me"}', 422, "invalid_phone_number"),
            (b'{"email":"at home"}', 422, "invalid_email_address"),
            (b'{"name":"' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
            (b'{"identity_token":"x"}', 401, "invalid_identity_token"),
            (b"[" * 60_000, 400, "malformed_json"),
        ],
    )
    async def test_refused(self, edge: Any, body: bytes, status: int, code: str) -> None:
        response = await edge.client.post(PATH, content=body, headers={"content-type": "application/json"})
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == code

    async def test_expired_identity_token(self, edge: Any) -> None:
        response = await edge.client.post(PATH, json={"identity_token": identity_token(exp=1)})
        assert (response.status_code, response.json()["code"]) == (401, "expired_identity_token")

    async def test_what_a_foreign_page_can_send_unasked(self, edge: Any) -> None:
        response = await edge.client.post(PATH, content=b"{}", headers={"content-type": "text/plain"})
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")

    async def test_get(self, edge: Any) -> None:
        assert (await edge.client.get(PATH)).status_code == 405


class TestOrigins:
    async def test_allowed_site_may_read_the_answer(self, edge: Any) -> None:
        response = await edge.client.post(PATH, json={}, headers={"origin": "https://host.example"})
        assert response.headers["access-control-allow-origin"] == "https://host.example"

    async def test_also_when_it_is_a_refusal(self, edge: Any) -> None:
        response = await edge.client.post(PATH, json={"phone": "x"}, headers={"origin": "https://host.example"})
        assert response.status_code == 422
        assert response.headers["access-control-allow-origin"] == "https://host.example"

    async def test_other_site_may_not(self, edge: Any) -> None:
        response = await edge.client.options(
            PATH, headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
        )
        assert response.status_code == 400
        assert "access-control-allow-origin" not in response.headers
