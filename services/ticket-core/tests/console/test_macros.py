"""The menu of ready-made answers."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import AtDesk, assert_usable
from core_factories import contact, form, identity, message, number
from core_service import Served
from core_tables import rows
from kawal.contracts.words import IdentityKind
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.domain.case import Agent

pytestmark = pytest.mark.integration

CASE = number(1)
EMAIL = identity("siti@example.id", kind=IdentityKind.EMAIL)


@pytest.fixture
async def case(served: Served) -> str:
    heard = message("Insentif belum cair", reference=CASE, topic="incentive.not_paid", name="Siti", identities=(EMAIL,))
    await served.store.apply([contact(heard)])
    return CASE


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


async def said(engine: AsyncEngine) -> list[str]:
    return [
        text for (text,) in await rows(engine, "SELECT text FROM core.timeline WHERE kind = 'message' ORDER BY seq")
    ]


class TestInsert:
    async def test_what_he_wrote_himself(self, served: Served, desk: AtDesk, case: str) -> None:
        words = {"id": "Sabar ya", "en": "Wait"}
        for key, who in (("mine", desk.agent_id), ("of_somebody_else", "0198f2c0-0000-7000-8000-0000000000b1")):
            source = MacroSource.model_validate({"key": key, "label": {"id": f"Punya {key}", "en": key}, "text": words})
            await served.desk.macros.add(source, Agent(who, "Dewi"))
        page = await desk.page(f"/cases/{case}")
        assert "Punya mine</option>" in page
        assert 'href="/console/macros"' in page
        assert "of_somebody_else" not in page
        inserted = await desk.post(f"/cases/{case}/macros", {"key": key_in(page), "choice": "mine"})
        assert ">Sabar ya</textarea>" in inserted

    async def test_those_for_the_topic_first(self, desk: AtDesk, case: str) -> None:
        page = await desk.page(f"/cases/{case}")
        choices = re.findall(r'<option value="(\w+)">([^<]+)</option>', page[page.index("macro-choice") :])
        assert choices[:3] == [
            ("incentive_checked", "Insentif sedang diperiksa bank"),
            ("ask_screenshot", "Minta tangkapan layar"),
            ("answered", "Selesai dan terima kasih"),
        ]

    async def test_puts_the_words_behind_what_was_written(self, desk: AtDesk, case: str, engine: AsyncEngine) -> None:
        key = key_in(await desk.page(f"/cases/{case}"))
        data = {"key": key, "choice": "ask_screenshot", "text": "Halo."}
        part = await desk.post(f"/cases/{case}/macros", data)
        assert re.search(r">Halo\.\n\nSiti, boleh kirim tangkapan layar[^<]*Dewi Lestari</textarea>", part)
        assert f'value="{key}"' in part, "a double click stays one answer"
        assert "+tunggu-bukti" in part
        assert await said(engine) == ["Insentif belum cair"]

    async def test_without_a_choice_nothing_changes(self, desk: AtDesk, case: str) -> None:
        part = await desk.post(f"/cases/{case}/macros", {"key": "12345678", "text": "Halo."})
        assert ">Halo.</textarea>" in part
        assert 'name="macro"' not in part

    async def test_where_it_is_meant_to_go(self, served: Served, desk: AtDesk, case: str) -> None:
        await served.store.apply([contact(form(identities=(EMAIL,), topic="incentive.not_paid"))])
        data = {"key": "12345678", "choice": "answered", "conversation_id": "chat:aaaaaaaa"}
        part = await desk.post(f"/cases/{case}/macros", data)
        assert 'value="chat:aaaaaaaa" selected' in part

    async def test_without_script_on_its_page(self, desk: AtDesk, case: str) -> None:
        data = {"key": "12345678", "choice": "answered", "text": ""}
        answer = await desk.browser.post(f"/console/cases/{case}/macros", data=data)
        assert answer.status_code == 200
        assert "Sama-sama, Siti." in answer.text
        assert "<html" in answer.text
        assert f"row-{case}" in answer.text

    async def test_what_there_is_not(self, desk: AtDesk, case: str) -> None:
        data = {"key": "12345678", "choice": "moon"}
        answer = await desk.browser.post(f"/console/cases/{case}/macros", data=data)
        assert answer.status_code == 404


class TestSend:
    async def test_with_all_that_it_does(self, desk: AtDesk, case: str, engine: AsyncEngine) -> None:
        data = {
            "key": key_in(await desk.page(f"/cases/{case}")),
            "text": "Sedang diperiksa",
            "macro": "incentive_checked",
        }
        for _ in range(2):
            await desk.post(f"/cases/{case}/replies", data)
        assert await said(engine) == ["Insentif belum cair", "Sedang diperiksa"]
        assert await rows(engine, "SELECT state, reason FROM core.cases") == [("on_hold", "payment_provider")]

    async def test_a_refusal_keeps_text_and_macro(self, desk: AtDesk, case: str, engine: AsyncEngine) -> None:
        await desk.post(f"/cases/{case}/resolve")
        data = {"key": "12345678", "text": "Sedang diperiksa", "macro": "incentive_checked"}
        part = await desk.post(f"/cases/{case}/replies", data)
        assert "case_resolved" in part
        assert ">Sedang diperiksa</textarea>" in part
        assert 'value="incentive_checked" checked' in part
        assert await said(engine) == ["Insentif belum cair"]

    async def test_a_refusal_without_script_is_told_on_its_page(self, desk: AtDesk, case: str) -> None:
        await desk.post(f"/cases/{case}/resolve")
        data = {"key": "12345678", "text": "Sedang diperiksa", "macro": "incentive_checked"}
        answer = await desk.browser.post(f"/console/cases/{case}/replies", data=data)
        assert "<html" in answer.text
        assert ">Sedang diperiksa</textarea>" in answer.text


class TestInTheBrowser:
    async def test_insert_change_and_send(self, case: str, at_desk: Page, engine: AsyncEngine) -> None:
        page = at_desk
        await page.goto(f"/console/cases/{case}")
        await page.fill("#text", "Halo.")
        await page.select_option("#macro-choice", "ask_screenshot")
        await page.get_by_role("button", name="Sisipkan").click()
        await expect(page.locator("#text")).to_have_value(re.compile(r"^Halo\.\n\nSiti, boleh .* Dewi$", re.DOTALL))
        await expect(page.locator("#text")).to_be_focused()
        await expect(page.locator(".composer__also")).to_contain_text("tunggu-bukti")
        await page.reload()
        await expect(page.locator("#text")).to_have_value(re.compile("boleh")), "a reload does not lose it"
        await page.select_option("#macro-choice", "answered")
        await page.get_by_role("button", name="Sisipkan").click()
        await assert_usable(page)
        await page.locator(".composer__also input").uncheck()
        await page.get_by_role("button", name="Kirim").click()
        await expect(page.locator("#text")).to_have_value("")
        await expect(page.locator(".entry--agent")).to_contain_text("Sama-sama, Siti")
        assert await rows(engine, "SELECT state FROM core.cases") == [("pending",)]
