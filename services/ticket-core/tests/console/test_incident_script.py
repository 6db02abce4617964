"""An incident from its suggestion to its end, in a real browser."""

import pytest
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import assert_usable, live
from core_factories import contact, message, number
from core_service import Served
from incident_factories import risen
from ticket_core.incident_updates import IncidentUpdates

pytestmark = pytest.mark.integration

CASES = 3


@pytest.fixture
async def page(served: Served, engine: AsyncEngine, at_desk: Page) -> Page:
    """The incidents' page, with a suggestion of three cases."""
    texts = [
        message("Dasbor tidak bisa dibuka", conversation=f"chat:{at:08d}", reference=number(at)) for at in range(CASES)
    ]
    await served.store.apply([contact(text, event_id=text.conversation_id) for text in texts])
    await risen(engine, "account.other")
    await at_desk.get_by_role("link", name="Insiden").click()
    await live(at_desk)
    return at_desk


async def made(page: Page) -> None:
    """An incident, by keyboard alone."""
    await page.locator(".suggestion summary").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Judul dalam bahasa Indonesia").first.fill("Dasbor mati")
    await page.get_by_label("Judul dalam bahasa Inggris").first.fill("The dashboard is down")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dasbor mati")
    await live(page)


class TestIncident:
    async def test_from_suggestion_to_end(self, served: Served, engine: AsyncEngine, page: Page) -> None:
        await assert_usable(page)
        await made(page)
        await expect(page.locator(".incident-case")).to_have_count(CASES)
        await page.get_by_label("Dalam bahasa Indonesia").fill("Dasbor sudah bisa dibuka lagi.")
        await page.get_by_label("Dalam bahasa Inggris").fill("The dashboard works again.")
        await page.get_by_role("button", name="Lihat dulu siapa yang diberi tahu").click()
        await expect(page.locator("#incident-update")).to_contain_text("Chat: 3")
        await assert_usable(page)
        await page.get_by_role("button", name="Kirim ke 3 laporan").click()
        updates = page.locator("#incident-updates")
        await expect(updates).to_contain_text("3 menunggu")
        await IncidentUpdates(engine, apply=served.store.apply).tell()
        await expect(updates).to_contain_text("3 diberi tahu")
        await expect(updates).not_to_contain_text("menunggu")
        await page.get_by_role("button", name="Insiden selesai").click()
        await page.get_by_label("Bagaimana laporan selesai").select_option("fixed")
        await page.get_by_role("button", name="Selesaikan laporannya").click()
        await expect(page.get_by_role("status").filter(has_text="3 berhasil")).to_be_visible()
        await assert_usable(page)

    async def test_what_is_being_written_stays_while_cases_leave(self, page: Page) -> None:
        await made(page)
        await page.get_by_label("Dalam bahasa Indonesia").fill("Belum selesai ditulis")
        await page.locator(f"#choose-{number(0)}").check()
        await page.get_by_role("button", name="Keluarkan yang dipilih").click()
        await expect(page.locator(".incident-case")).to_have_count(CASES - 1)
        await expect(page.get_by_label("Dalam bahasa Indonesia")).to_have_value("Belum selesai ditulis")


class TestFromACase:
    async def test_joins_and_leaves_beside_what_is_being_written(self, page: Page) -> None:
        await made(page)
        await page.locator(f"#choose-{number(0)}").check()
        await page.get_by_role("button", name="Keluarkan yang dipilih").click()
        await expect(page.locator(".incident-case")).to_have_count(CASES - 1)
        await page.goto(f"/console/cases/{number(0)}")
        await live(page)
        await page.fill("#text", "Jawaban yang belum dikirim")
        await page.get_by_role("combobox", name="Insiden").select_option(label="Dasbor mati")
        await page.get_by_role("button", name="Masukkan ke insiden").click()
        await expect(page.locator("#timeline")).to_contain_text("Bagian dari insiden: Dasbor mati")
        await expect(page.get_by_role("button", name="Keluarkan dari insiden")).to_be_visible()
        await expect(page.locator("#text")).to_have_value("Jawaban yang belum dikirim")
        await assert_usable(page)
