"""Bad input at the agents' doors."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from doors.marks import EMAIL, NAME, NIK, PHONE, STORY
from doors.refusals import BROKEN_JSON, JSON, assert_problem, assert_refused_page
from kawal.testing import eventually
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

Knock = Callable[[str], httpx.AsyncClient]


@pytest.fixture
async def desk(knock: Knock, stack: StackProcess) -> httpx.AsyncClient:
    client = knock("ticket-core")
    client.headers["Authorization"] = f"Bearer {stack.facts['api_token']}"
    return client


@pytest.fixture
async def number(knock: Knock, desk: httpx.AsyncClient) -> AsyncIterator[str]:
    """The case of a participant who chats; at the end it still takes an answer."""
    chat = knock("chat-ingest")
    opened = (await chat.post("/v1/chat/sessions", json={"locale": "id", "name": NAME, "phone": PHONE})).json()
    message = {"client_id": "only-message", "text": STORY}
    token = {"Authorization": f"Bearer {opened['session_token']}"}
    await chat.post("/v1/chat/messages", json=message, headers=token)
    conversation = opened["conversation_id"]

    async def found() -> str | None:
        page = (await chat.get("/v1/chat/messages", headers=token)).json()["items"]
        notices = [item["text"] for item in page if item["author"] == "system"]
        return notices[0].partition("Nomor laporan Anda ")[2][:12] if notices else None

    case = (await eventually(found, timeout=30)).replace("-", "")
    yield case
    answer = await desk.post(f"/v1/cases/{case}/replies", json={"text": STORY, "conversation_id": conversation})
    assert answer.status_code == 201, answer.text


class TestReplies:
    @pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
    async def test_broken_body(self, desk: httpx.AsyncClient, number: str, body: bytes) -> None:
        assert_problem(await desk.post(f"/v1/cases/{number}/replies", content=body, headers=JSON))

    @pytest.mark.parametrize(
        "body",
        [
            {"text": ""},
            {"text": 17},
            {"text": f"{STORY}\u0000"},
            {"text": f"{STORY}\u0007"},
            {"text": STORY * 1_000},
            {"text": STORY, "author": NAME},
            {"text": STORY, "conversation_id": "chat:of-somebody-else"},
            {"text": STORY, "conversation_id": 17},
            {},
        ],
        ids=lambda body: str(body)[:40],
    )
    async def test_wrong_field(self, desk: httpx.AsyncClient, number: str, body: dict[str, Any]) -> None:
        assert_problem(await desk.post(f"/v1/cases/{number}/replies", json=body))

    async def test_key_of_another_reply(self, desk: httpx.AsyncClient, number: str) -> None:
        key = {"Idempotency-Key": f"key-of-{number}"}
        path = f"/v1/cases/{number}/replies"
        first = await desk.post(path, json={"text": STORY}, headers=key)
        assert first.status_code == 201
        assert_problem(await desk.post(path, json={"text": "Other"}, headers=key), status=[409])
        assert (await desk.post(path, json={"text": STORY}, headers=key)).json() == first.json()

    async def test_bad_key(self, desk: httpx.AsyncClient, number: str) -> None:
        answer = await desk.post(f"/v1/cases/{number}/replies", json={"text": STORY}, headers={"Idempotency-Key": "x"})
        assert_problem(answer, status=[400])


class TestReading:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1/cases/1234567890",
            "/v1/cases/%00",
            "/v1/cases/%ff",
            f"/v1/cases/{NIK}",
            "/v1/cases?state=nothing",
            "/v1/cases?assignee=nobody-we-know",
            "/v1/cases?cursor=made-up",
            "/v1/cases?limit=100000",
            f"/v1/cases?q={'x' * 300}",
            "/v1/cases?q=%ff",
            "/v1/participants/nobody",
            "/v1/participants/00000000-0000-0000-0000-000000000000",
        ],
    )
    async def test_what_there_is_not(self, desk: httpx.AsyncClient, path: str) -> None:
        assert_problem(await desk.get(path))

    async def test_bad_event_id(self, desk: httpx.AsyncClient) -> None:
        assert_problem(await desk.get("/v1/events", headers={"Last-Event-ID": "made-up"}), status=[400, 422])

    async def test_search_for_personal_data_is_not_logged(self, desk: httpx.AsyncClient) -> None:
        for words in (NIK, PHONE, EMAIL, NAME):
            assert (await desk.get("/v1/cases", params={"q": words})).status_code == 200


class TestWhoIsCalling:
    @pytest.mark.parametrize(
        "value", ["", "Bearer", "Bearer x", f"Basic {'x' * 20}", f"Bearer {'x' * 5_000}", "Bearer Ü"]
    )
    async def test_nobody(self, knock: Knock, value: str) -> None:
        headers = [(b"Authorization", value.encode("latin-1"))]
        assert_problem(await knock("ticket-core").get("/v1/cases", headers=headers), status=[401])

    async def test_forged_session(self, knock: Knock) -> None:
        client = knock("ticket-core")
        cookie = {"Cookie": "kawal_session=made-up-by-somebody"}
        assert_problem(await client.get("/v1/cases", headers=cookie), status=[401])
        taken = await client.get("/console/", headers=cookie)
        assert taken.status_code == 303
        assert taken.headers["location"].startswith("/console/sign-in")

    async def test_wrong_password(self, knock: Knock) -> None:
        client = knock("ticket-core")
        form = {"email": EMAIL, "password": STORY}
        headers = {"Sec-Fetch-Site": "same-origin"}
        assert_refused_page(await client.post("/console/sign-in", data=form, headers=headers), status=[401])

    async def test_numbers_are_for_services_only(self, desk: httpx.AsyncClient) -> None:
        assert_problem(await desk.post("/v1/case-numbers/leases", json={"count": 10}), status=[401])


class TestEveryDoor:
    @pytest.mark.parametrize("service", ["chat-ingest", "voice-ingest", "webform-ingest", "ticket-core", "notifier"])
    async def test_operations_are_not_public(self, knock: Knock, service: str) -> None:
        for path in ("/metrics", "/healthz", "/readyz"):
            assert (await knock(service).get(path)).status_code == 404

    @pytest.mark.parametrize("service", ["chat-ingest", "voice-ingest", "webform-ingest", "ticket-core"])
    async def test_unknown_place_and_method(self, knock: Knock, service: str) -> None:
        client = knock(service)
        assert_problem(await client.get("/v1/nothing", headers={"Accept": "application/json"}), status=[404])
        assert (await client.delete("/v1/nothing")).status_code in (404, 405)
