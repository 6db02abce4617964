"""The console's script in a real browser: what changes by itself, and what may not."""

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from console_factories import assert_usable, live
from core_factories import BUDI, contact, message, number, report
from core_service import Served
from kawal.contracts.deliveries import DeliveryState
from ticket_core.domain.entries import Priority
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Prioritise, Reply
from ticket_core.store.store import utc_now

pytestmark = pytest.mark.integration

OLD, NEW = number(1), number(2)


@pytest.fixture
async def cases(served: Served) -> list[Applied]:
    """Two cases; at the same moment, so that the one opened later stands first."""
    outcomes = await served.store.apply(
        [
            contact(message("Pesan lama", conversation="chat:00000001", reference=OLD)),
            contact(message("Pesan baru", conversation="chat:00000002", reference=NEW)),
        ]
    )
    return [outcome for outcome in outcomes if isinstance(outcome, Applied)]


@pytest.fixture
async def page(cases: list[Applied], at_desk: Page) -> Page:
    """The desk, on which both stand."""
    await expect(rows(at_desk)).to_have_count(len(cases))
    return at_desk


async def numbers(page: Page) -> list[str | None]:
    return [await row.get_attribute("data-number") for row in await rows(page).all()]


def rows(page: Page) -> Locator:
    return page.locator(".case-row")


async def open_case(page: Page, case: str) -> None:
    await page.locator(f"#row-{case} a").click()
    await expect(page.locator("article.case")).to_have_attribute("data-number", case)


class TestList:
    async def test_a_row_stands_where_its_last_activity_puts_it(
        self, served: Served, page: Page, cases: list[Applied]
    ) -> None:
        async with page.expect_response(lambda response: f"/rows/{OLD}" in response.url):
            await served.store.apply([report(cases[0].case_id, 3, DeliveryState.DELIVERED)])
        await expect(page.locator(f"#row-{OLD}.case-row--changed")).to_have_count(1)
        assert await numbers(page) == [NEW, OLD]
        later = message("Lagi", conversation="chat:00000001", at=utc_now())
        await served.store.apply([contact(later)])
        await expect(rows(page).first).to_contain_text("Lagi")
        assert await numbers(page) == [OLD, NEW]

    async def test_nothing_is_missed_when_the_browser_gave_up_the_stream(self, served: Served, page: Page) -> None:
        async def away(route: Route) -> None:
            await route.fulfill(status=503)

        await page.route("**/v1/events*", away)
        await page.reload()
        await expect(page.locator("#live")).to_have_text("Terputus")
        await served.store.apply([contact(message("Sementara itu", conversation="chat:00000003"))])
        await page.unroute("**/v1/events*")
        await live(page)
        await expect(rows(page).filter(has_text="Sementara itu")).to_have_count(1)

    async def test_without_a_session_it_leads_to_the_door(self, served: Served, page: Page) -> None:
        await page.context.clear_cookies()
        await served.store.apply([contact(message("Baru", conversation="chat:00000003"))])
        await page.wait_for_url("**/console/sign-in?next=*")


class TestCase:
    async def test_back_and_forward(self, page: Page) -> None:
        await open_case(page, OLD)
        await open_case(page, NEW)
        await page.go_back()
        await expect(page.locator("article.case")).to_have_attribute("data-number", OLD)
        await live(page)
        await page.go_back()
        await expect(page.locator("article.case")).to_have_count(0)
        assert not await page.evaluate("sessionStorage.getItem('htmx-history-cache')")

    async def test_an_answer_that_did_not_get_through_says_so_and_stays(self, served: Served, page: Page) -> None:
        async def cut(route: Route, request: Request) -> None:
            await (route.abort() if request.method == "POST" else route.continue_())

        await open_case(page, OLD)
        await page.route("**/replies", cut)
        await page.fill("#text", "Kami periksa")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#failed")).to_be_visible()
        await expect(page.locator("#text")).to_have_value("Kami periksa")
        await page.unroute("**/replies")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".entry--agent")).to_have_count(1)
        await expect(page.locator("#text")).to_have_value("")
        await expect(page.locator("#failed")).to_be_hidden()

    async def test_the_head_changes_once_its_menu_is_left(self, served: Served, page: Page) -> None:
        await open_case(page, OLD)
        await page.select_option("#topic", "registration.otp_not_received")
        await page.locator("#topic").focus()
        await page.evaluate("fetch(location.pathname + '/resolve', {method: 'POST'})")
        await expect(page.locator(".entry--change", has_text="Keadaan: Selesai")).to_have_count(1)
        await page.locator("#text").focus()
        await expect(page.locator("#case-state")).to_have_text("Selesai")


class TestLife:
    async def test_a_note_and_what_it_waits_for(self, page: Page, cases: list[Applied]) -> None:
        await open_case(page, NEW)
        await page.fill("#text", "Jawaban yang belum dikirim")
        await page.click("#note summary")
        await page.fill("#note-text", "Tanya bank dulu")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".entry--note .bubble")).to_contain_text("Tanya bank dulu")
        await expect(page.locator("#note-text")).to_be_hidden()
        await expect(page.locator("#text")).to_have_value("Jawaban yang belum dikirim")
        await page.select_option("#hold", "payment_provider")
        await expect(page.locator("#case-state")).to_have_text("Ditahan")
        await expect(page.locator("#case-head .case__who")).to_contain_text("Menunggu bank atau dompet digital")
        await page.select_option("#priority", "urgent")
        await expect(page.locator("#timeline")).to_contain_text("Mendesak")


class TestMeanwhile:
    async def test_somebody_who_sends_as_another_answer_appears_is_told(self, served: Served, page: Page) -> None:
        await open_case(page, OLD)
        await page.fill("#text", "Kami periksa")
        await served.store.apply([Reply(number=OLD, agent=BUDI, text="Saya sudah jawab")])
        await expect(page.locator(".entry--agent")).to_have_count(1)
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#composer .news")).to_contain_text("Saya sudah jawab")
        await expect(page.locator("#text")).to_have_value("Kami periksa")
        await assert_usable(page)
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".entry--agent")).to_have_count(2)
        await expect(page.locator("#composer .news")).to_have_count(0)

    async def test_what_has_stood_there_for_a_moment_was_seen(self, served: Served, page: Page) -> None:
        await open_case(page, OLD)
        await page.fill("#text", "Kami periksa")
        (applied,) = await served.store.apply([Reply(number=OLD, agent=BUDI, text="Saya sudah jawab")])
        assert isinstance(applied, Applied)
        await expect(page.locator("article.case")).to_have_attribute("data-seen", str(applied.last_seq))
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".entry--agent")).to_have_count(2)

    async def test_what_is_below_the_screen_was_not(self, served: Served, page: Page) -> None:
        many = [contact(message(f"Pesan {at}", conversation="chat:00000001")) for at in range(30)]
        await served.store.apply(many)
        await open_case(page, OLD)
        await page.locator("#timeline-scroll").evaluate("(box) => { box.scrollTop = 0; }")
        await page.fill("#text", "Kami periksa")
        await served.store.apply([contact(message("Sudah selesai", conversation="chat:00000001"))])
        await expect(page.locator("#new-below")).to_be_visible()
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#composer .news")).to_contain_text("Sudah selesai")

    async def test_resolving_tells_and_goes_on_telling_while_the_head_changes(self, served: Served, page: Page) -> None:
        await open_case(page, OLD)
        await page.select_option("#resolution", "fixed")
        await page.evaluate("document.querySelector('article.case').dataset.seen = '3'")
        await served.store.apply([contact(message("Belum selesai", conversation="chat:00000001"))])
        await page.get_by_role("button", name="Selesaikan").click()
        await expect(page.locator("#case-head .news")).to_contain_text("Belum selesai")
        await served.store.apply([Prioritise(number=OLD, agent=BUDI, priority=Priority.HIGH)])
        await expect(page.locator("#timeline")).to_contain_text("Prioritas tinggi")
        await expect(page.locator("#priority")).to_have_value("high")
        await expect(page.locator("#case-head .news")).to_contain_text("Belum selesai")
        await page.get_by_role("button", name="Selesaikan").click()
        await expect(page.locator("#case-state")).to_have_text("Selesai")
        await expect(page.locator("#case-head .news")).to_have_count(0)
