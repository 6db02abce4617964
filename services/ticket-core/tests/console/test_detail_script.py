"""What is written down beside a case, and whom its notes call, in a real browser."""

import pytest
from playwright.async_api import Page, expect

from console_factories import assert_usable, live
from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core.domain.inputs import ChangeTags, WriteNote

pytestmark = pytest.mark.integration

CASE = number(1)


@pytest.fixture
async def page(served: Served, at_desk: Page) -> Page:
    """The case, open."""
    for at, name in enumerate(("Dewi Anggraini", "Budi Santoso")):
        await served.desk.agents.put(email=f"colleague{at}@example.org", name=name, password="a long enough password")
    await served.store.apply([contact(message(reference=CASE, topic="incentive.not_paid"))])
    await at_desk.goto(f"/console/cases/{CASE}")
    await live(at_desk)
    return at_desk


class TestDetails:
    async def test_one_field_after_the_other_by_keyboard(self, served: Served, page: Page) -> None:
        await page.fill("#text", "Jawaban yang belum dikirim")
        await page.locator("#field-batch").focus()
        await page.keyboard.type("12")
        await page.keyboard.press("Tab")
        await expect(page.locator("#field-transaction_id")).to_be_focused()
        await page.keyboard.type("TRX 77")
        await page.keyboard.press("Enter")
        await expect(page.locator("#timeline")).to_contain_text("Gelombang: 12")
        await expect(page.locator("#timeline")).to_contain_text("Nomor transaksi: TRX 77")
        await page.select_option("#field-paid_through", "ovo")
        await expect(page.locator("#timeline")).to_contain_text("Rekening atau dompet digital: OVO")
        await expect(page.locator("#field-batch")).to_have_value("12")
        await expect(page.locator("#text")).to_have_value("Jawaban yang belum dikirim")
        fields = (await served.desk.cases.case(CASE)).fields
        assert fields == {"batch": 12, "transaction_id": "TRX 77", "paid_through": "ovo"}

    async def test_tags(self, served: Served, page: Page) -> None:
        await page.fill("#tag", "Gelombang 12")
        await page.keyboard.press("Enter")
        await expect(page.locator(".tag")).to_have_count(1)
        await expect(page.locator("#tag")).to_be_focused()
        await served.store.apply([ChangeTags(number=CASE, agent=BUDI, add=("vip",))])
        await page.locator("#text").focus()
        await expect(page.locator(".tag")).to_have_count(2)
        await page.get_by_role("button", name="Lepas label gelombang-12").click()
        await expect(page.locator(".tag")).to_have_count(1)
        await assert_usable(page)


class TestCalling:
    async def test_a_name_is_chosen_by_keyboard(self, served: Served, page: Page) -> None:
        await page.click("#note summary")
        note = page.locator("#note-text")
        await note.press_sequentially("Tolong @de")
        await expect(page.locator("#mention-list li")).to_have_text(["Dewi", "Dewi Anggraini"])
        await expect(note).to_have_attribute("aria-activedescendant", "mention-0")
        await assert_usable(page)
        await note.press("ArrowDown")
        await note.press("Enter")
        await expect(note).to_have_value("Tolong @Dewi Anggraini ")
        await note.press_sequentially("dan @sant")
        await page.locator("#mention-list").get_by_role("option", name="Budi Santoso").click()
        await expect(note).to_have_value("Tolong @Dewi Anggraini dan @Budi Santoso ")
        await expect(note).to_be_focused()
        await note.press("Control+Enter")
        await expect(page.locator(".entry--note")).to_contain_text("Tolong @Dewi Anggraini dan @Budi Santoso")
        called = {one.name: one.id for one in await served.desk.agents.all()}
        for name, unseen in (("Dewi Anggraini", 1), ("Budi Santoso", 1), ("Dewi", 0)):
            assert await served.desk.mentions.unseen(called[name]) == unseen

    async def test_escape_leaves_what_was_typed(self, page: Page) -> None:
        await page.click("#note summary")
        note = page.locator("#note-text")
        await note.press_sequentially("budi@de")
        await expect(page.locator("#mention-list")).to_be_hidden()
        await note.fill("")
        await note.press_sequentially("@bu")
        await expect(page.locator("#mention-list li")).to_have_count(1)
        await note.press("Escape")
        await expect(page.locator("#mention-list")).to_be_hidden()
        await note.press_sequentially("kan dia")
        await expect(note).to_have_value("@bukan dia")

    async def test_whoever_is_called_sees_it_at_once_and_finds_the_note(self, served: Served, page: Page) -> None:
        agents = {one.name: one.id for one in await served.desk.agents.all()}
        await expect(page.locator("#mention-count")).to_be_hidden()
        await served.store.apply(
            [WriteNote(number=CASE, agent=BUDI, text="@Dewi lihat ini", mentions=(agents["Dewi"],))]
        )
        await expect(page.locator("#mention-count")).to_be_visible()
        await page.get_by_role("link", name="Sebutan").click()
        await expect(page.locator(".mention")).to_contain_text("@Dewi lihat ini")
        await assert_usable(page)
        await page.locator(".mention a").click()
        await expect(page.locator("#entry-4:target")).to_be_in_viewport()


class TestIdentities:
    async def test_what_is_being_written_survives_what_happens_meanwhile(self, served: Served, page: Page) -> None:
        await page.click("#identity-link summary")
        await page.select_option("#identity-kind", "email")
        await page.fill("#identity-value", "siti@example.org")
        await page.fill("#identity-reason", "Dibacakan")
        await page.locator("#text").focus()
        await served.store.apply([contact(message("Masih di sini?"))])
        await expect(page.locator("#timeline")).to_contain_text("Masih di sini?")
        await expect(page.locator("#identity-value")).to_have_value("siti@example.org")
        await assert_usable(page)
        await page.locator("#identity-reason").press("Enter")
        await expect(page.locator("#timeline")).to_contain_text("E-mail sudah diperiksa (Dibacakan)")
        await expect(page.locator(".person .facts")).to_contain_text("siti@example.org")
        await expect(page.locator("#identity-value")).to_be_hidden()
