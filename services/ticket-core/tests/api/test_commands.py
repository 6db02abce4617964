import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core_factories import contact, message, number
from core_service import Served
from ticket_core.domain.fold import Applied

pytestmark = pytest.mark.integration

NOT_VALID: list[Any] = [
    {},
    {"text": ""},
    {"text": " "},
    {"text": 1},
    {"text": "x" * 10_001},
    {"text": "a\x00b"},
    {"text": "a\x07b"},
    {"text": "x", "more": 1},
    {"text": "x", "conversation_id": "no"},
    {"text": "x", "conversation_id": "chat:somebodyelse"},
    [],
    "x",
]


@pytest.fixture
async def case(served: Served) -> str:
    """The number of a case."""
    (applied,) = await served.store.apply([contact(message(reference=number(1)))])
    assert isinstance(applied, Applied)
    return applied.number


async def post(served: Served, case: str, what: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return await served.client.post(f"/v1/cases/{case}/{what}", json={} if body is None else body, headers=headers)


class TestReply:
    async def test_is_answered_with_its_place(self, served: Served, case: str) -> None:
        answer = await post(served, case, "replies", {"text": "  Kami periksa \r\n ya "})
        assert (answer.status_code, answer.json()["seq"], answer.json()["state"]) == (201, 4, "pending")
        items = (await served.client.get(f"/v1/cases/{case}/timeline")).json()["items"]
        assert (items[-1]["text"], items[-1]["author"]) == ("Kami periksa \n ya", "agent")

    async def test_the_same_key(self, served: Served, case: str) -> None:
        answers = [await post(served, case, "replies", {"text": "Baik"}, key="key-12345") for _ in range(2)]
        assert {answer.content for answer in answers} == {answers[0].content}
        assert (await post(served, case, "replies", {"text": "Lain"}, key="key-12345")).status_code == 409
        assert (await post(served, case, "resolve", key="key-12345")).json()["code"] == "idempotency_conflict"

    async def test_the_same_key_at_the_same_moment(self, served: Served, case: str) -> None:
        asked = (post(served, case, "replies", {"text": "Baik"}, key="key-12345") for _ in range(8))
        assert {answer.json()["seq"] for answer in await asyncio.gather(*asked)} == {4}

    async def test_many_at_the_same_moment(self, served: Served, case: str) -> None:
        asked = (post(served, case, "replies", {"text": f"Baik {turn}"}) for turn in range(20))
        seqs = sorted(answer.json()["seq"] for answer in await asyncio.gather(*asked))
        assert seqs == list(range(4, 24))

    async def test_what_is_not_valid(self, served: Served, case: str) -> None:
        for body in NOT_VALID:
            answer = await post(served, case, "replies", body)
            assert answer.status_code in (400, 422), body
            assert answer.headers["content-type"] == "application/problem+json"

    async def test_malformed_json(self, served: Served, case: str) -> None:
        answer = await served.client.post(
            f"/v1/cases/{case}/replies",
            content=b"{",
            headers={"content-type": "application/json", "idempotency-key": "key-12345"},
        )
        assert answer.status_code == 400

    async def test_a_body_of_another_kind_where_none_is_needed(self, served: Served, case: str) -> None:
        headers = {"content-type": "text/plain", "idempotency-key": "key-12345"}
        answer = await served.client.post(f"/v1/cases/{case}/resolve", content=b"{", headers=headers)
        assert answer.status_code < 500

    async def test_an_idempotency_key_that_is_none(self, served: Served, case: str) -> None:
        assert (await post(served, case, "replies", {"text": "x"}, key="?")).status_code == 400

    async def test_no_such_case(self, served: Served) -> None:
        assert (await post(served, number(9), "replies", {"text": "x"})).status_code == 404


class TestAdministration:
    async def test_resolve_and_reopen(self, served: Served, case: str) -> None:
        assert (await post(served, case, "resolve")).json()["state"] == "resolved"
        assert (await post(served, case, "reopen")).json()["state"] == "open"

    async def test_without_a_body(self, served: Served, case: str) -> None:
        assert (await served.client.post(f"/v1/cases/{case}/resolve")).status_code == 200

    async def test_assign(self, served: Served, case: str) -> None:
        agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
        assert (await post(served, case, "assign", {"assignee_id": agent_id})).status_code == 200
        assert (await served.client.get(f"/v1/cases/{case}")).json()["assignee_name"] == "Dewi"
        agents = (await served.client.get("/v1/agents")).json()
        assert agents == [{"id": agent_id, "name": "Dewi", "email": "dewi@example.id", "roles": ["agent"]}]
        assert (await post(served, case, "assign", {"assignee_id": None})).status_code == 200
        assert (await served.client.get(f"/v1/cases/{case}")).json()["assignee_id"] is None

    async def test_assign_to_nobody_we_know(self, served: Served, case: str) -> None:
        for wanted in (str(uuid4()), "me", "somebody"):
            assert (await post(served, case, "assign", {"assignee_id": wanted})).status_code == 422

    async def test_topic(self, served: Served, case: str) -> None:
        assert (await post(served, case, "topic", {"topic": "incentive.not_paid"})).status_code == 200
        assert (await served.client.get(f"/v1/cases/{case}")).json()["topic"] == "incentive.not_paid"


class TestLeases:
    async def test_numbers_for_an_edge(self, served: Served) -> None:
        headers = {"authorization": "Bearer the token of the edges"}
        answer = await served.anyone.post("/v1/case-numbers/leases", json={"count": 50}, headers=headers)
        assert answer.status_code == 201
        assert len(set(answer.json()["numbers"])) == 50

    async def test_how_many(self, served: Served) -> None:
        headers = {"authorization": "Bearer the token of the edges"}
        for count in (0, 10_001, "x", None):
            answer = await served.anyone.post("/v1/case-numbers/leases", json={"count": count}, headers=headers)
            assert answer.status_code == 422

    async def test_not_for_agents(self, served: Served) -> None:
        assert (await served.client.post("/v1/case-numbers/leases", json={"count": 1})).status_code == 401


class TestOpenApi:
    async def test_is_complete(self, served: Served) -> None:
        document = (await served.anyone.get("/openapi.json")).json()
        assert {"/v1/cases", "/v1/cases/{number}/replies", "/v1/events"} <= document["paths"].keys()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                assert operation.get("description"), f"{method} {path} says nothing of itself"
