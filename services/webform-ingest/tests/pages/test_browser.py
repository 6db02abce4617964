"""The pages in real Chromium: with and without script, on a phone and on a desk, and whether everybody can use them."""

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright, expect

from kawal import case_numbers, links
from kawal.contracts.words import Author
from web_driver import NUMBERS, Mailbox, hand_out
from web_factories import LINK_KEY, NOW, message

pytestmark = [pytest.mark.integration]

CHROMIUM = os.environ.get("KAWAL_CHROMIUM", "/usr/bin/chromium")
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=900)
STORY = "Insentif gelombang 48 belum masuk.\nSudah dua minggu."
FORM = "/forms/complaint"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture(params=[pytest.param(True, id="script"), pytest.param(False, id="no-script")])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def context(browser: Browser, web: httpx.AsyncClient, script: bool) -> AsyncIterator[BrowserContext]:  # noqa: FBT001
    opened = await browser.new_context(base_url=str(web.base_url), viewport=PHONE, java_script_enabled=script)
    opened.set_default_timeout(10_000)
    yield opened
    await opened.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def fill(page: Page) -> None:
    await page.get_by_label("Kendala Anda tentang apa?").select_option("incentive.not_paid")
    await page.get_by_label("Ceritakan kendalanya").fill(STORY)


async def send(page: Page) -> None:
    await page.locator("#form .button--primary").click()


async def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("KAWAL_PICTURES"):
        width = (page.viewport_size or {"width": 0})["width"]
        await page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


async def open_report(page: Page) -> str:
    """Sends the form and opens its status page; the conversation's id."""
    await page.goto(FORM)
    await fill(page)
    await send(page)
    await page.get_by_role("link", name="Lihat laporan saya").click()
    token = page.url.rpartition("/")[2]
    return links.read_status_token(token, key=LINK_KEY, now=NOW)


class TestForm:
    async def test_from_the_portal_to_the_number(self, page: Page) -> None:
        await page.goto("/")
        await page.get_by_role("link", name="Kirim laporan").click()
        await fill(page)
        await send(page)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Laporan Anda sudah kami terima")
        await expect(page.get_by_text(case_numbers.display(NUMBERS[0]))).to_be_visible()
        await page.get_by_role("link", name="Lihat laporan saya").click()
        await expect(page.get_by_text("Insentif gelombang 48 belum masuk.")).to_be_visible()
        await expect(page.get_by_text("Terkirim, sedang diproses")).to_be_visible()

    async def test_errors_lead_to_their_fields(self, page: Page) -> None:
        await page.goto(FORM)
        await page.get_by_label("Nama Anda").fill("Siti")
        await send(page)
        await expect(page.get_by_role("alert")).to_contain_text("Ada yang perlu diperbaiki")
        await expect(page.get_by_label("Nama Anda")).to_have_value("Siti")
        topic = page.get_by_label("Kendala Anda tentang apa?")
        await expect(topic).to_have_attribute("aria-invalid", "true")
        await page.get_by_role("alert").get_by_role("link", name="Kendala Anda tentang apa?").click()
        await expect(topic).to_be_focused()

    async def test_back_and_again_is_one_report(self, page: Page) -> None:
        await page.goto(FORM)
        await fill(page)
        await send(page)
        first = page.url
        await page.wait_for_load_state()  # until then Chromium may still be between the two pages
        await page.go_back()
        await expect(page.get_by_label("Ceritakan kendalanya")).to_have_value(STORY)
        await send(page)
        await expect(page).to_have_url(first)

    async def test_language_switch_keeps_what_is_typed(self, page: Page) -> None:
        await page.goto(FORM)
        await fill(page)
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_label("Tell us what happened")).to_have_value(STORY)

    async def test_prove_the_address_on_the_way(self, page: Page, context: BrowserContext, mail: Mailbox) -> None:
        await page.goto(FORM)
        await fill(page)
        await page.get_by_label("Alamat e-mail").fill("siti@example.com")
        await page.get_by_role("button", name="Konfirmasi e-mail ini").click()
        await expect(page.locator("#notice")).to_contain_text("Kami sudah mengirim tautan ke siti@example.com")
        await expect(page.get_by_label("Ceritakan kendalanya")).to_have_value(STORY)
        mailed = await context.new_page()
        await mailed.goto(mail.link_to("siti@example.com"))
        await mailed.get_by_role("button", name="Ya, ini saya").click()
        await expect(mailed.get_by_text("Anda masuk sebagai siti@example.com.")).to_be_visible()
        await send(page)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Laporan Anda sudah kami terima")


@pytest.mark.parametrize("script", [True], indirect=True, ids=["script"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
class TestMendedErrors:
    async def test_each_is_marked_until_it_is_mended(self, page: Page, size: Any) -> None:
        await page.set_viewport_size(size)
        await page.goto(FORM)
        await page.get_by_label("Alamat e-mail").fill("siti")
        await send(page)
        summary, story = page.locator("#summary"), page.get_by_label("Ceritakan kendalanya")
        await expect(summary.get_by_role("listitem")).to_have_count(3)
        await story.fill(STORY)
        await expect(story).not_to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#message-error")).to_be_hidden()
        await expect(summary.get_by_role("listitem")).to_have_count(2)
        await picture(page, "form-mending")
        await story.fill("")
        await expect(story).to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#message-error")).to_have_text("Bagian ini wajib diisi.")
        await page.get_by_label("Alamat e-mail").fill("siti@")
        await expect(page.locator("#email-error")).to_be_visible()

    async def test_no_summary_of_nothing(self, page: Page, size: Any) -> None:
        await page.set_viewport_size(size)
        await page.goto(FORM)
        await send(page)
        await fill(page)
        await expect(page.locator("#summary")).to_be_hidden()
        await expect(page.locator("[aria-invalid]")).to_have_count(0)
        await send(page)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Laporan Anda sudah kami terima")


class TestStatus:
    async def test_answers_appear_and_can_be_answered(
        self,
        page: Page,
        script: bool,  # noqa: FBT001
        kafka_bootstrap: str,
        outbound_topic: str,
    ) -> None:
        conversation_id = await open_report(page)
        own = message(1, conversation_id=conversation_id, author=Author.PARTICIPANT, text=STORY)
        agents = message(2, conversation_id=conversation_id, text="Halo, <b>boleh</b> kami tahu banknya?")
        await hand_out(kafka_bootstrap, outbound_topic, [own, agents])
        answer = page.get_by_text("Halo, <b>boleh</b> kami tahu banknya?")
        await _seen(page, answer, reload=not script)
        await expect(page.get_by_text("Terkirim, sedang diproses")).to_have_count(0)
        await page.get_by_label("Tulis pesan").fill("Bank Jaya")
        await page.get_by_role("button", name="Kirim pesan").click()
        await expect(page.get_by_text("Pesan Anda sudah kami terima.")).to_be_visible()
        await expect(page.locator("#pending")).to_contain_text("Bank Jaya")

    async def test_empty_message(self, page: Page) -> None:
        await open_report(page)
        await page.get_by_role("button", name="Kirim pesan").click()
        await expect(page.get_by_label("Tulis pesan")).to_have_attribute("aria-invalid", "true")


class TestStatusWhileAway:
    async def test_fills_by_itself_once_the_database_is_back(self, browser: Browser, doors_url: httpx.URL) -> None:
        context = await browser.new_context(base_url=str(doors_url))
        page = await context.new_page()
        item = {"seq": 1, "author": "agent", "name": "Rina", "text": "Sudah cair", "at": NOW.isoformat()}
        await page.goto(f"/status/{links.status_token('web:0123456789abcdef', key=LINK_KEY)}")
        await expect(page.locator("#live")).to_have_text("Sambungan terputus. Kami mencoba lagi sendiri.")
        await expect(page.locator("#away")).to_be_visible()
        await page.route("**/v1/status/**", lambda route: route.fulfill(json={"items": [item], "pending": []}))
        await expect(page.get_by_text("Sudah cair")).to_be_visible(timeout=20_000)
        await expect(page.locator("#away")).to_have_count(0)
        await context.close()


class TestPortal:
    async def test_says_so_when_the_chat_is_away(self, page: Page, script: bool) -> None:  # noqa: FBT001
        await page.goto("/")
        said = page.locator("#chat-away" if script else "noscript p")
        await expect(said).to_be_visible()
        await expect(page.get_by_role("button", name="Mulai chat")).to_be_hidden()
        await expect(page.get_by_role("link", name="+62 21 50859999")).to_have_attribute("href", "tel:+622150859999")


@pytest.mark.parametrize("script", [True], indirect=True, ids=["script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
class TestAccessibility:
    async def test_no_violations_and_no_sideways_scrolling(self, page: Page, size: Any, scheme: Any) -> None:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme=scheme)
        for path in ("/", "/sign-in", "/sign-in/sent", "/status/a.b", FORM):
            await page.goto(path)
            await _usable(page)
        await send(page)
        await _usable(page)
        await fill(page)
        await send(page)
        await _usable(page)
        await page.get_by_role("link", name="Lihat laporan saya").click()
        await expect(page.locator("#live")).to_be_visible()
        await _usable(page)
        assert errors == []


async def _seen(page: Page, wanted: Any, *, reload: bool) -> None:
    """Wait for what appears by itself with script, and at a reload without."""
    if not reload:
        await expect(wanted).to_be_visible()
        return
    for _ in range(100):
        await page.reload()
        if await wanted.count():
            return
    pytest.fail("it did not appear")


async def _usable(page: Page) -> None:
    found = (await Axe().run(page)).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = await page.evaluate(
        """() => [...document.querySelectorAll("a:not(li a, .skip-link), button, input, select, textarea")]
          .filter((one) => one.checkVisibility() && !one.closest("kawal-chat") && one.tabIndex >= 0)
          .filter((one) => (one.closest("label") ?? one).getBoundingClientRect().height < 44)
          .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert small == []
