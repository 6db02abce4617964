import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number
from core_service import Served
from core_tables import rows
from kawal.errors import TransientError
from ticket_core.domain.fold import Applied
from ticket_core.rebuild import differences

pytestmark = pytest.mark.integration

ACTIONS: list[tuple[dict[str, Any], str, Any]] = [
    ({"kind": "topic", "topic": "incentive.not_paid"}, "topic", "incentive.not_paid"),
    ({"kind": "priority", "priority": "high"}, "priority", "high"),
    ({"kind": "tags", "add": ["vip"], "remove": ["x"]}, "tags", ["vip"]),
    ({"kind": "fields", "values": {"call_back_wanted": True}}, "fields", {"call_back_wanted": True}),
    ({"kind": "note", "text": "Sudah ditanya"}, "state", "new"),
    ({"kind": "resolve", "reason": "fixed"}, "state", "resolved"),
    ({"kind": "hold", "reason": "technical_fix"}, "state", "on_hold"),
    ({"kind": "pend"}, "state", "pending"),
    ({"kind": "reopen"}, "state", "new"),
]
NOT_VALID: list[Any] = [
    {},
    {"cases": [], "action": {"kind": "pend"}},
    {"cases": [{"number": number(1)}], "action": {}},
    {"cases": [{"number": number(1)}], "action": {"kind": "reply", "text": "x"}},
    {"cases": [{"number": number(1)}], "action": {"kind": "hold"}},
    {"cases": [{"number": number(1)}], "action": {"kind": "pend", "reason": "x"}},
    {"cases": [{"number": number(1), "last_seq": -1}], "action": {"kind": "pend"}},
    {"cases": [{"number": number(1), "more": 1}], "action": {"kind": "pend"}},
    {"cases": [{"number": number(1)}] * 2, "action": {"kind": "pend"}},
    {"cases": [{"number": str(index)} for index in range(501)], "action": {"kind": "pend"}},
    {"cases": [{"number": number(1)}], "action": {"kind": "assign", "assignee_id": "somebody"}},
    {"cases": [{"number": number(1)}], "action": {"kind": "note", "text": "x", "mentions": [str(number(1))]}},
]


async def opened(served: Served, count: int) -> list[str]:
    """The numbers of so many cases, each of another person."""
    contacts = (contact(message(conversation=f"chat:{index:08d}", reference=number(index))) for index in range(count))
    outcomes = await served.store.apply(list(contacts))
    assert all(isinstance(outcome, Applied) for outcome in outcomes)
    return [number(index) for index in range(count)]


async def act(served: Served, cases: list[Any], action: Any, *, key: str | None = None) -> httpx.Response:
    named = [case if isinstance(case, dict) else {"number": case} for case in cases]
    headers = {"idempotency-key": key} if key else {}
    return await served.client.post("/v1/bulk-actions", json={"cases": named, "action": action}, headers=headers)


class TestBulkActions:
    @pytest.mark.parametrize(("action", "shown_as", "value"), ACTIONS)
    async def test_every_kind(self, served: Served, action: Any, shown_as: str, value: Any) -> None:
        cases = await opened(served, 3)
        answer = await act(served, cases, action)
        assert (answer.status_code, answer.json()["done"], answer.json()["refused"]) == (200, 3, 0)
        for case in cases:
            assert (await served.client.get(f"/v1/cases/{case}")).json()[shown_as] == value

    async def test_assign(self, served: Served) -> None:
        agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
        cases = await opened(served, 2)
        await act(served, cases, {"kind": "assign", "assignee_id": agent_id})
        assert len((await served.client.get("/v1/cases", params={"assignee": agent_id})).json()["items"]) == 2

    async def test_resume(self, served: Served) -> None:
        cases = await opened(served, 2)
        await act(served, cases, {"kind": "pend"})
        items = (await act(served, cases, {"kind": "resume"})).json()["items"]
        assert [item["applied"]["state"] for item in items] == ["open", "open"]

    async def test_as_many_as_there_may_be(self, served: Served, engine: AsyncEngine) -> None:
        cases = await opened(served, 500)
        answer = await act(served, cases, {"kind": "tags", "add": ["vip"]})
        assert [item["number"] for item in answer.json()["items"]] == cases
        assert await rows(engine, "SELECT count(*) FROM core.cases WHERE tags = '{vip}'") == [(500,)]
        assert [row async for row in differences(engine)] == []

    async def test_each_is_refused_on_its_own(self, served: Served) -> None:
        cases = await opened(served, 2)
        await served.client.post(f"/v1/cases/{cases[0]}/resolve")
        wanted = [cases[0], number(99), "12", {"number": cases[1], "last_seq": 1}, f"{number(98)}0"]
        answer = (await act(served, wanted, {"kind": "hold", "reason": "technical_fix"})).json()
        assert (answer["done"], answer["refused"]) == (0, 5)
        codes = [item["problem"]["code"] for item in answer["items"]]
        assert codes == ["case_resolved", "case_not_found", "case_not_found", "case_changed", "case_not_found"]
        assert answer["items"][3]["problem"]["etag"] == f'"{cases[1]}.3"'
        answer = (await act(served, [{"number": cases[1], "last_seq": 3}], {"kind": "pend"})).json()
        assert answer["items"][0]["applied"]["state"] == "pending"

    @pytest.mark.parametrize("body", NOT_VALID)
    async def test_what_is_not_valid(self, served: Served, body: Any) -> None:
        answer = await served.client.post("/v1/bulk-actions", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


class TestKey:
    async def test_the_same_again_does_only_what_was_not_done(self, served: Served) -> None:
        cases = await opened(served, 2)
        note = {"kind": "note", "text": "Sudah"}
        wanted: list[Any] = [cases[0], {"number": cases[1], "last_seq": 4}]
        first = (await act(served, wanted, note, key="key-12345")).json()
        assert [bool(item["applied"]) for item in first["items"]] == [True, False]
        await served.client.post(f"/v1/cases/{cases[1]}/tags", json={"add": ["vip"]})
        again = (await act(served, wanted, note, key="key-12345")).json()
        assert again["done"] == 2
        assert again["items"][0] == first["items"][0]

    async def test_something_else(self, served: Served) -> None:
        cases = await opened(served, 2)
        await act(served, cases[:1], {"kind": "pend"}, key="key-12345")
        for others, action in ((cases[1:], {"kind": "pend"}), (cases[:1], {"kind": "resume"})):
            answer = await act(served, others, action, key="key-12345")
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")

    async def test_the_same_at_the_same_moment(self, served: Served, engine: AsyncEngine) -> None:
        cases = await opened(served, 40)
        asked = (act(served, cases, {"kind": "note", "text": "Sudah"}, key="key-12345") for _ in range(4))
        answers = await asyncio.gather(*asked)
        assert {answer.content for answer in answers} == {answers[0].content}
        assert await rows(engine, "SELECT count(*) FROM core.timeline WHERE kind = 'note'") == [(40,)]

    async def test_a_command_may_have_the_same(self, served: Served) -> None:
        cases = await opened(served, 1)
        await act(served, cases, {"kind": "pend"}, key="key-12345")
        headers = {"idempotency-key": "key-12345"}
        assert (await served.client.post(f"/v1/cases/{cases[0]}/resume", headers=headers)).status_code == 200


class TestOutage:
    async def test_what_is_behind_it_is_not_tried(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        tried = 0

        async def away(_command: Any) -> Applied:
            nonlocal tried
            tried += 1
            raise TransientError("PostgreSQL is away")

        cases = await opened(served, 100)
        with monkeypatch.context() as patched:
            patched.setattr(type(served.desk.batcher), "submit", lambda _, command: away(command))
            answer = (await act(served, cases, {"kind": "note", "text": "Sudah"}, key="key-12345")).json()
        assert {item["problem"]["code"] for item in answer["items"]} == {"unavailable"}
        assert (answer["refused"], tried) == (100, 32)
        assert (await act(served, cases, {"kind": "note", "text": "Sudah"}, key="key-12345")).json()["done"] == 100
