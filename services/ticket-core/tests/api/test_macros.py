import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number
from core_service import Served
from core_tables import rows
from kawal import case_numbers
from kawal.contracts.words import Locale
from ticket_core.rebuild import differences

pytestmark = pytest.mark.integration

CASE = number(1)


@pytest.fixture
async def client(served: Served) -> httpx.AsyncClient:
    """A case about the incentive, in English, stands there."""
    heard = message("It has not come", reference=CASE, topic="incentive.not_paid", name="Siti", locale=Locale.ENGLISH)
    await served.store.apply([contact(heard)])
    return served.client


class TestList:
    async def test_all_or_those_for_a_topic(self, client: httpx.AsyncClient) -> None:
        async def keys(path: str) -> list[str]:
            return [one["key"] for one in (await client.get(path)).json()["items"]]

        assert await keys("/v1/macros") == ["ask_screenshot", "incentive_checked", "answered"]
        assert await keys("/v1/macros?topic=incentive.not_paid") == ["incentive_checked", "ask_screenshot", "answered"]
        assert await keys("/v1/macros?topic=account.fraud") == ["ask_screenshot", "answered"]
        (one, *_) = (await client.get("/v1/macros")).json()["items"]
        assert one["then"] == {"tags": {"add": ["tunggu-bukti"]}}
        assert "{{agent.name}}" in one["text"]["id"]


class TestPreview:
    async def test_as_the_participant_would_read_it(self, client: httpx.AsyncClient) -> None:
        found = (await client.get(f"/v1/macros/incentive_checked/preview?case={CASE}")).json()
        assert found["language"] == "en"
        assert found["text"].startswith("Siti, your bank")
        assert case_numbers.display(CASE) in found["text"]
        assert found["then"] == {"state": "on_hold", "reason": "payment_provider"}

    async def test_what_there_is_not(self, client: httpx.AsyncClient) -> None:
        for path, status, code in (
            (f"moon/preview?case={CASE}", 404, "macro_not_found"),
            (f"answered/preview?case={number(9)}", 404, "case_not_found"),
            (f"answered/preview?case={CASE}&conversation_id=chat:somebody", 422, "conversation_not_found"),
        ):
            refused = await client.get(f"/v1/macros/{path}")
            assert (refused.status_code, refused.json()["code"]) == (status, code)


class TestUse:
    async def test_all_of_it_in_one_step(self, client: httpx.AsyncClient, engine: AsyncEngine) -> None:
        version = (await client.get(f"/v1/cases/{CASE}")).headers["etag"]
        key = {"idempotency-key": "a-key-of-mine", "if-match": version}
        for _ in range(2):
            done = await client.post(f"/v1/cases/{CASE}/macros/incentive_checked", headers=key)
            assert (done.status_code, done.json()["state"], done.json()["seq"]) == (200, "on_hold", 4)
        assert await rows(engine, "SELECT kind, state, left(text, 10) FROM core.timeline ORDER BY seq OFFSET 3") == [
            ("message", "pending", "Siti, your"),
            ("state", "on_hold", ""),
        ]
        assert [row async for row in differences(engine)] == []

    async def test_with_other_words(self, client: httpx.AsyncClient, engine: AsyncEngine) -> None:
        done = await client.post(f"/v1/cases/{CASE}/macros/ask_screenshot", json={"text": "A picture, please"})
        assert done.status_code == 200
        assert await rows(engine, "SELECT text FROM core.timeline WHERE author = 'agent' AND kind = 'message'") == [
            ("A picture, please",)
        ]
        assert (await client.get(f"/v1/cases/{CASE}")).json()["tags"] == ["tunggu-bukti"]

    async def test_nothing_of_it_when_the_case_has_changed(self, client: httpx.AsyncClient) -> None:
        refused = await client.post(f"/v1/cases/{CASE}/macros/answered", headers={"if-match": f'"{CASE}.1"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "case_changed")

    async def test_none_of_a_case_that_is_resolved_already(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(f"/v1/cases/{CASE}/macros/answered")).json()["state"] == "resolved"
        refused = await client.post(f"/v1/cases/{CASE}/macros/incentive_checked")
        assert (refused.status_code, refused.json()["code"]) == (409, "case_resolved")
        assert (await client.get(f"/v1/cases/{CASE}")).json()["last_seq"] == 6
