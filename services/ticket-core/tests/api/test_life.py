from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number
from core_service import Served
from kawal.contracts.case_events import CaseState
from kawal.testing import eventually
from ticket_core.api.auth import BOOTSTRAP
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import TimerFired, TimerKind, WriteNote
from ticket_core.rebuild import differences
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, utc_now

pytestmark = pytest.mark.integration

TOPIC = "incentive.not_paid"
COMMANDS: list[tuple[str, Any]] = [
    ("pend", {}),
    ("hold", {"reason": "technical_fix"}),
    ("notes", {"text": "Sudah ditanya"}),
    ("priority", {"priority": "high"}),
    ("tags", {"add": ["vip"]}),
    ("fields", {"values": {"call_back_wanted": True}}),
]
NOT_VALID: list[tuple[str, Any]] = [
    ("hold", {}),
    ("hold", {"reason": "the weather"}),
    ("hold", {"reason": "fixed"}),
    ("resolve", {"reason": "technical_fix"}),
    ("notes", {"text": " "}),
    ("notes", {"text": "x", "mentions": ["nobody"]}),
    ("notes", {"text": "x", "mentions": ["0198f2c0-0000-7000-8000-0000000000b1"]}),
    ("priority", {"priority": "immediate"}),
    ("tags", {"add": ["a,b"]}),
    ("tags", {"add": [f"tag{place}" for place in range(21)]}),
    ("fields", {"values": {}}),
    ("fields", {"values": {"colour": "red"}}),
    ("fields", {"values": {"call_back_wanted": "yes"}}),
    ("fields", {"values": {"call_back_wanted": {"deep": 1}}}),
    ("fields", {"values": {"batch": "12"}}),
    ("fields", {"values": {"batch": 1e16}}),
    ("fields", {"values": {"due_on": "24/11/2026"}}),
    ("fields", {"values": {"paid_through": "bca"}}),
]


@pytest.fixture
async def case(served: Served) -> str:
    (applied,) = await served.store.apply([contact(message(reference=number(1), topic=TOPIC))])
    assert isinstance(applied, Applied)
    return applied.number


@pytest.fixture
def later(engine: AsyncEngine, numbers: CaseNumbers) -> CaseStore:
    """The same store in 15 days, when resolved cases are closed."""
    return CaseStore(engine, numbers=numbers, clock=lambda: utc_now() + timedelta(days=15))


async def post(served: Served, case: str, what: str, body: Any = None, *, key: str | None = None) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return await served.client.post(f"/v1/cases/{case}/{what}", json=body or {}, headers=headers)


async def seen(served: Served, case: str) -> dict[str, Any]:
    view: dict[str, Any] = (await served.client.get(f"/v1/cases/{case}")).json()
    return view


async def last(served: Served, case: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = (await served.client.get(f"/v1/cases/{case}/timeline")).json()["items"]
    return items[-1]


class TestCommands:
    async def test_what_it_waits_for(self, served: Served, case: str) -> None:
        assert (await post(served, case, "pend")).json()["state"] == "pending"
        assert (await post(served, case, "hold", {"reason": "payment_provider"})).json()["state"] == "on_hold"
        view = await seen(served, case)
        assert (view["state"], view["reason"]) == ("on_hold", "payment_provider")
        assert (await last(served, case))["payload"] == {"reason": "payment_provider"}
        assert (await post(served, case, "resume")).json()["state"] == "open"
        assert (await seen(served, case))["reason"] is None

    async def test_how_it_was_resolved(self, served: Served, case: str) -> None:
        assert (await post(served, case, "resolve", {"reason": "explained"})).status_code == 200
        view = await seen(served, case)
        assert (view["state"], view["reason"]) == ("resolved", "explained")

    async def test_a_step_that_is_not_legal_names_the_state(self, served: Served, case: str) -> None:
        await post(served, case, "resolve")
        for what, body in COMMANDS[:2]:
            answer = await post(served, case, what, body)
            assert (answer.status_code, answer.json()["code"]) == (409, "case_resolved")
            assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(("what", "body"), COMMANDS)
    async def test_nothing_is_done_to_a_closed_case(
        self, served: Served, case: str, later: CaseStore, what: str, body: Any
    ) -> None:
        await post(served, case, "resolve")
        view = await seen(served, case)
        await later.apply([TimerFired(view["id"], TimerKind.CLOSE, utc_now())])
        answer = await post(served, case, what, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "case_closed")

    @pytest.mark.parametrize(("what", "body"), COMMANDS)
    async def test_the_same_key_is_the_same_command(self, served: Served, case: str, what: str, body: Any) -> None:
        answers = [await post(served, case, what, body, key="key-12345") for _ in range(2)]
        assert {answer.content for answer in answers} == {answers[0].content}
        assert answers[0].json()["seq"] == 4
        assert (await seen(served, case))["last_seq"] == 4

    @pytest.mark.parametrize(("what", "body"), NOT_VALID)
    async def test_what_is_not_valid(self, served: Served, case: str, what: str, body: Any) -> None:
        answer = await post(served, case, what, body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await seen(served, case))["last_seq"] == 3

    async def test_what_is_written_on_a_case(self, served: Served, case: str, engine: AsyncEngine) -> None:
        await post(served, case, "priority", {"priority": "urgent"})
        await post(served, case, "tags", {"add": ["null", "Gelombang 12"]})
        values = {"batch": 12, "due_on": "2026-11-24", "paid_through": "ovo", "call_back_wanted": False}
        await post(served, case, "fields", {"values": values | {"transaction_id": 'ab"c\\d 1,{}'}})
        await post(served, case, "fields", {"values": {"batch": 12.5, "due_on": None}})
        await post(served, case, "notes", {"text": "Sudah ditanya"})
        view = await seen(served, case)
        assert (view["priority"], view["tags"]) == ("urgent", ["null", "gelombang-12"])
        assert view["fields"] == {
            "batch": 12.5,
            "paid_through": "ovo",
            "call_back_wanted": False,
            "transaction_id": 'ab"c\\d 1,{}',
        }
        assert [difference async for difference in differences(engine)] == []

    async def test_a_later_batch_goes_on_from_what_was_stored(self, served: Served, case: str) -> None:
        await post(served, case, "tags", {"add": ["satu"]})
        await post(served, case, "fields", {"values": {"batch": 1}})
        await served.store.apply([contact(message("Halo lagi"))])
        view = await seen(served, case)
        assert (view["state"], view["tags"], view["fields"]) == ("new", ["satu"], {"batch": 1})

    async def test_a_field_of_other_topics(self, served: Served, case: str) -> None:
        await post(served, case, "topic", {"topic": "account.fraud"})
        answer = await post(served, case, "fields", {"values": {"batch": 1}})
        assert (answer.status_code, answer.json()["code"]) == (422, "field_not_for_topic")

    async def test_a_message_brings_it_back_from_pending(self, served: Served, case: str) -> None:
        await post(served, case, "pend")
        await served.store.apply([contact(message("Ini buktinya"))])
        assert (await seen(served, case))["state"] == CaseState.OPEN


class TestMentions:
    async def test_by_id_and_by_name(self, served: Served, case: str) -> None:
        dewi = await served.desk.agents.put(email="d@example.org", name="Dewi Lestari", password="a long password")
        budi = await served.desk.agents.put(email="b@example.org", name="Budi", password="a long password")
        await post(served, case, "notes", {"text": "@Dewi Lestari tolong", "mentions": [budi]})
        assert set((await last(served, case))["payload"]["mentions"]) == {dewi, budi}
        for agent_id in (dewi, budi):
            (one,) = (await served.desk.mentions.page(agent_id)).items
            assert (one.number, one.seq, one.text, one.author_name) == (case, 4, "@Dewi Lestari tolong", BOOTSTRAP.name)

    async def test_pages_of_the_caller_only(self, served: Served, case: str) -> None:
        for turn in range(5):
            await self.note(served, case, f"Catatan {turn}")
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await served.client.get("/v1/mentions", params=query)).json()
            found += [item["seq"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == [8, 7, 6, 5, 4]
        assert (await served.desk.mentions.page("0198f2c0-0000-7000-8000-0000000000b1")).items == []

    @pytest.mark.parametrize("cursor", ["x", "%00", "MjAyNg"])
    async def test_a_cursor_of_somewhere_else(self, served: Served, cursor: str) -> None:
        answer = await served.client.get("/v1/mentions", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    async def test_are_new_until_they_were_seen(self, served: Served, case: str) -> None:
        async def unseen() -> tuple[list[bool], int]:
            page = (await served.client.get("/v1/mentions")).json()
            return [item["unseen"] for item in page["items"]], page["unseen"]

        for turn in range(2):
            await self.note(served, case, f"Catatan {turn}")
        assert await unseen() == ([True, True], 2)
        await eventually(lambda: self.seen(served, unseen))
        assert await unseen() == ([False, False], 0)
        await self.note(served, case, "Catatan baru")
        assert await unseen() == ([True, False, False], 1)
        assert await served.desk.mentions.unseen("0198f2c0-0000-7000-8000-0000000000b1") == 0

    @staticmethod
    async def seen(served: Served, unseen: Callable[[], Awaitable[tuple[list[bool], int]]]) -> bool:
        """Say so until it counts: while anything else writes in this cluster, what is not settled stays new."""
        mark = (await served.client.get("/v1/mentions")).json()["mark"]
        assert (await served.client.post("/v1/mentions/seen", json={"mark": mark})).status_code == 204
        return (await unseen())[1] == 0

    async def test_what_came_after_the_page_stays_new(self, served: Served, case: str) -> None:
        mark = (await served.client.get("/v1/mentions")).json()["mark"]
        await self.note(served, case, "Catatan baru")
        await served.client.post("/v1/mentions/seen", json={"mark": mark})
        assert (await served.client.get("/v1/mentions")).json()["unseen"] == 1
        assert (await served.client.post("/v1/mentions/seen", json={"mark": "x"})).status_code == 422

    async def test_nobody_sees_what_is_not_there_yet(self, served: Served, case: str) -> None:
        assert (await served.client.post("/v1/mentions/seen", json={"mark": "9" * 18})).status_code == 204
        await self.note(served, case, "Catatan baru")
        assert (await served.client.get("/v1/mentions")).json()["unseen"] == 1

    async def test_strangers(self, served: Served) -> None:
        assert (await served.anyone.get("/v1/mentions")).status_code == 401

    @staticmethod
    async def note(served: Served, case: str, text: str) -> None:
        """A note that calls the bootstrap agent, who is in no list of agents."""
        await served.store.apply([WriteNote(number=case, agent=BOOTSTRAP, text=text, mentions=(BOOTSTRAP.id,))])
