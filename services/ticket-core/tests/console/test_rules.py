"""The supervisors' pages of rules: what they say, and what can be done there."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import EMAIL, PASSWORD, AtDesk
from core_factories import contact, message, number
from core_service import Served
from kawal.contracts.words import Locale
from kawal.pages import Texts
from rule_acting import begin, let_act
from ticket_core.console.wiring import HERE
from ticket_core.domain.occasions import EVENTS

pytestmark = pytest.mark.integration

RULE = {
    "key": "bank_words",
    "label": {"id": "Menyebut <bank>", "en": "Speaks of the bank"},
    "when": ["contact"],
    "if": {"words": ["bank", "rekening saya"], "channel": ["chat"], "not": {"topic": ["account"]}},
    "then": {"priority": "high", "tags": {"add": ["bank"]}},
}


@pytest.fixture
async def supervisor(served: Served, desk: AtDesk) -> AtDesk:
    await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD, roles=("agent", "supervisor"))
    answer = await desk.browser.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return desk


async def made(served: Served, **changes: Any) -> None:
    answer = await served.client.post("/v1/rules", json=RULE | changes)
    assert answer.status_code == 201, answer.text


async def sent(desk: AtDesk, path: str, **data: Any) -> httpx.Response:
    return await desk.browser.post(f"/console/rules{path}", data=data)


class TestList:
    async def test_says_in_words_what_each_does(self, served: Served, supervisor: AtDesk) -> None:
        await made(served)
        page = await supervisor.page("/rules")
        assert "Menyebut &lt;bank&gt;" in page
        for said in ("peserta menulis atau menelepon", "rekening saya", "Topik bukan", "Prioritas tinggi", "+bank"):
            assert f"<strong>{said}</strong>" in page or f">{said}</span>" in page, said

    async def test_those_of_the_programme_are_only_shown(self, supervisor: AtDesk) -> None:
        page = await supervisor.page("/rules/fraud_is_urgent")
        assert "hanya bisa diubah di sana" in page
        assert "rule-step" not in page
        assert (await sent(supervisor, "/fraud_is_urgent/disable", version="fraud_is_urgent.0")).text.count(
            "(rule_of_file)"
        ) == 1

    async def test_for_supervisors_only(self, desk: AtDesk) -> None:
        assert (await desk.browser.get("/console/rules")).status_code == 403
        assert (await sent(desk, "/fraud_is_urgent/disable", version="x")).status_code == 403
        assert "/console/rules" not in await desk.page("/")

    async def test_is_in_their_navigation(self, supervisor: AtDesk) -> None:
        assert 'href="/console/rules"' in await supervisor.page("/")


class TestOne:
    async def test_off_on_and_away(self, served: Served, supervisor: AtDesk) -> None:
        await made(served)
        place = "/bank_words"
        assert "Nonaktifkan" in await supervisor.page(f"/rules{place}")
        answer = await sent(supervisor, f"{place}/disable", version="bank_words.1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/rules/bank_words")
        assert "Aktifkan</button>" in await supervisor.page(f"/rules{place}")
        assert (await sent(supervisor, f"{place}/enable", version="bank_words.2")).status_code == 303
        answer = await sent(supervisor, f"{place}/remove", version="bank_words.3")
        assert answer.headers["location"] == "/console/rules"
        assert "bank_words" not in await supervisor.page("/rules")
        assert (await supervisor.browser.get("/console/rules/bank_words")).status_code == 404

    async def test_what_somebody_changed_meanwhile_stands(self, served: Served, supervisor: AtDesk) -> None:
        await made(served)
        await served.client.put("/v1/rules/bank_words", json=RULE | {"order": 5})
        for step in ("disable", "remove"):
            refused = await sent(supervisor, f"/bank_words/{step}", version="bank_words.1")
            assert "(rule_changed)" in refused.text
            assert 'value="bank_words.2"' in refused.text, "what it is now can be decided on"
        assert (await served.client.get("/v1/rules/bank_words")).json()["enabled"] is True

    async def test_what_it_did_last(self, served: Served, engine: AsyncEngine, supervisor: AtDesk) -> None:
        await begin(served, engine)
        await made(served)
        assert "Belum pernah." in await supervisor.page("/rules/bank_words")
        await served.store.apply([contact(message("rekening saya di bank salah", reference=number(1)))])
        await let_act(served, engine)
        page = await supervisor.page("/rules/bank_words")
        assert f'href="/console/cases/{number(1)}#entry-' in page


class TestWords:
    @pytest.mark.parametrize("locale", Locale)
    def test_every_event_has_a_name(self, locale: Locale) -> None:
        texts = Texts.load(HERE / "texts" / "rules")
        assert all(texts.get(f"console.rules.event.{event}", locale=locale) for event in EVENTS)
