"""The widget in a real Chromium, on the demonstration page, against the whole service."""

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from chat_factories import outbound, place, reading
from kawal import case_numbers
from kawal.contracts.topics import INTERACTIONS
from kawal.contracts.words import Author
from kawal.spool import Spool, SpoolLimits

pytestmark = pytest.mark.integration
CHROMIUM = os.environ.get("KAWAL_CHROMIUM", "/usr/bin/chromium")
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
NUMBERS = [f"{start}{case_numbers.check_digit(str(start))}" for start in range(482_913_057, 482_913_107)]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def site(edges: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """An edge with a stock of case numbers and the demonstration's sign-in."""
    state = tmp_path_factory.mktemp("site")
    await stock(state)
    async with edges.run(edges.service(state, chat_demo=True)) as edge:
        yield edge


async def stock(state: Path) -> None:
    spool = await Spool.open(state / "spool" / "chat-ingest.sqlite3", limits=SpoolLimits())
    await spool.add_case_numbers(NUMBERS)
    await spool.close()


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    await page.goto(url)
    yield page
    await context.close()
    assert errors == []


class Core:
    """Stands in for ticket-core and notifier: numbers what participants write, and sends out what agents say."""

    def __init__(self, edge: Any) -> None:
        self.edge = edge
        self.texts: list[str] = []
        self.conversation_id = ""
        self._last: Counter[str] = Counter()

    async def say(self, text: str, *, author: Author = Author.AGENT, **fields: Any) -> None:
        """Tell the latest conversation something."""
        seq = self._last[self.conversation_id] = self._last[self.conversation_id] + 1
        name = "Rina" if author is Author.AGENT else None
        message = outbound(
            seq, conversation_id=self.conversation_id, text=text, author=author, author_name=name, **fields
        )
        await self.edge.send_out(message)

    async def listen(self, reader: Any) -> None:
        seen: set[str] = set()
        async for record in reader:
            data = json.loads(record.value)
            event_id = dict(record.headers)["ce_id"].decode()
            if data["kind"] != "message_received" or event_id in seen:
                continue
            seen.add(event_id)
            self.conversation_id = data["conversation_id"]
            self.texts.append(data["text"])
            await self.say(data["text"], author=Author.PARTICIPANT, client_id=data["client_id"], wants_receipt=False)


@asynccontextmanager
async def core(edge: Any) -> AsyncIterator[Core]:
    made = Core(edge)
    async with reading(edge.kafka, INTERACTIONS.name, partitions=INTERACTIONS.partitions) as reader:
        listening = asyncio.create_task(made.listen(reader))
        yield made
        listening.cancel()
        await asyncio.wait([listening])


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Pesan").fill(text)
    await page.get_by_role("button", name="Kirim", exact=True).click()


async def start(page: Page) -> None:
    """Open the window and leave the fields in front of the chat empty."""
    await page.get_by_role("button", name="Buka chat bantuan").click()
    await page.get_by_role("button", name="Mulai chat").last.click()


async def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("KAWAL_PICTURES"):
        width = (page.viewport_size or {"width": 0})["width"]
        await page.screenshot(path=f"{folder}/{name}-{width}.png")


async def bubbles(page: Page) -> list[str]:
    return await page.locator("kawal-chat .bubble").all_inner_texts()


class TestQueue:
    async def test_tells_the_place_until_it_is_over(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, site.url, **PHONE) as page:
            await start(page)
            await write(page, "Insentif saya belum masuk")
            await expect(page.locator("kawal-chat .message.participant")).to_have_attribute("data-state", "delivered")
            line = page.locator("kawal-chat .queue")
            await expect(line).to_be_hidden()
            await site.send_out(place(3, conversation_id=desk.conversation_id, wait_minutes=7))
            await expect(line).to_have_text("Anda nomor 3 dalam antrean. Perkiraan menunggu: 7 menit.")
            await site.send_out(place(1, conversation_id=desk.conversation_id))
            await expect(line).to_have_text("Anda nomor 1 dalam antrean.")
            await site.send_out(place(0, conversation_id=desk.conversation_id))
            await expect(line).to_be_hidden()


class TestConversation:
    async def test_there_and_back(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, site.url) as page:
            await start(page)
            await write(page, "Insentif saya belum masuk")
            mine = page.locator("kawal-chat .message.participant")
            await expect(mine).to_have_attribute("data-state", "delivered")
            await expect(page.locator("kawal-chat .bar strong")).to_have_text(re.compile(r"^482-913-\d{4}$"))
            await desk.say("Baik, kami periksa dulu ya.")
            await expect(page.locator("kawal-chat .message.agent .bubble")).to_have_text("Baik, kami periksa dulu ya.")
            assert await bubbles(page) == ["Insentif saya belum masuk", "Baik, kami periksa dulu ya."]

    async def test_is_read_once_an_agent_has_answered(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, site.url, **PHONE) as page:
            await start(page)
            await write(page, "Insentif saya belum masuk")
            mine = page.locator("kawal-chat .message.participant")
            await expect(mine.locator(".state")).to_have_text("Sudah kami terima")
            await desk.say("Baik, kami periksa dulu ya.")
            await expect(mine.locator(".state")).to_have_text("Sudah dibaca petugas")
            await write(page, "Terima kasih")
            await expect(mine.last.locator(".state")).to_have_text("Sudah kami terima")
            await expect(mine.last).to_have_attribute("data-state", "delivered")
            await picture(page, "ticks")

    async def test_what_was_typed_is_text(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, site.url) as page:
            await start(page)
            await write(page, "<img src=x onerror=alert(1)>")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await desk.say("Lihat https://example.org/a?b=1. <b>Ya</b>")
            link = page.locator("kawal-chat .agent a")
            await expect(link).to_have_attribute("href", "https://example.org/a?b=1")
            assert await page.locator("kawal-chat .bubble :is(img, b)").count() == 0

    async def test_survives_a_reload(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, site.url) as page:
            await start(page)
            await write(page, "Halo")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await page.reload()
            await desk.say("Selamat pagi")
            await expect(page.locator("kawal-chat .badge")).to_have_text("1")
            await page.get_by_role("button", name="Buka chat bantuan, 1 pesan belum dibaca").click()
            await expect(page.locator("kawal-chat .bubble")).to_have_count(2)
            await expect(page.locator("kawal-chat .badge")).to_be_hidden()
            assert await bubbles(page) == ["Halo", "Selamat pagi"]

    async def test_wrong_phone_is_told_at_its_field(self, browser: Browser, site: Any) -> None:
        async with visiting(browser, site.url) as page:
            await page.get_by_role("button", name="Buka chat bantuan").click()
            await page.get_by_label("Nomor HP").fill("bukan nomor")
            await page.get_by_role("button", name="Mulai chat").last.click()
            await expect(page.get_by_label("Nomor HP")).to_have_attribute("aria-invalid", "true")
            await page.get_by_label("Nomor HP").fill("0812 3456 7890")
            await page.get_by_role("button", name="Mulai chat").last.click()
            await expect(page.locator("kawal-chat .status")).to_have_text("Tersambung")

    async def test_signed_in_participant_is_known(self, browser: Browser, site: Any) -> None:
        async with core(site), visiting(browser, site.url) as page:
            await page.get_by_role("button", name="Masuk sebagai Sari Wulandari").click()
            await page.get_by_role("button", name="Buka chat bantuan").click()
            await write(page, "Halo, saya Sari")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await page.get_by_role("button", name="Tutup chat").click()
            await page.get_by_role("button", name="Keluar").click()
            await page.get_by_role("button", name="Buka chat bantuan").click()
            assert await bubbles(page) == []

    async def test_refused_message_can_be_sent_again(self, browser: Browser, site: Any) -> None:
        async with core(site), visiting(browser, site.url) as page:
            await start(page)
            await write(page, "Pertama")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await page.evaluate(REUSE_THE_NEXT_ID)
            await write(page, "Kedua")
            await page.get_by_role("button", name="Kirim ulang").click()
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(2)
            assert await bubbles(page) == ["Pertama", "Kedua"]


class TestOutages:
    async def test_server_restarts_in_the_middle(self, browser: Browser, edges: Any, tmp_path: Path) -> None:
        await stock(tmp_path)
        async with edges.run(edges.service(tmp_path)) as edge:
            port = int(edge.url.rpartition(":")[2])
            context = await browser.new_context(**PHONE)
            page = await context.new_page()
            await page.goto(edge.url)
            async with core(edge) as desk:
                await start(page)
                await write(page, "Sebelum mati")
                await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
        await write(page, "Selama mati 1")
        await write(page, "Selama mati 2")
        await expect(page.locator("kawal-chat .notice")).to_contain_text("Pesan Anda aman")
        await expect(page.locator("kawal-chat .message[data-state=sending]")).to_have_count(2)
        async with edges.run(edges.service(tmp_path), port=port) as edge, core(edge) as again:
            again.conversation_id, again._last = desk.conversation_id, desk._last
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(3, timeout=30_000)
            await again.say("Kami sudah kembali")
            await expect(page.locator("kawal-chat .bubble")).to_have_count(4)
            await expect(page.locator("kawal-chat .notice")).to_be_hidden()
        expected = ["Sebelum mati", "Selama mati 1", "Selama mati 2", "Kami sudah kembali"]
        assert await bubbles(page) == expected
        assert again.texts == expected[1:3]
        await context.close()

    async def test_what_was_read_meanwhile_is_told_afterwards(
        self, browser: Browser, edges: Any, tmp_path: Path
    ) -> None:
        await stock(tmp_path)
        context = await browser.new_context(**PHONE)
        page = await context.new_page()
        async with edges.run(edges.service(tmp_path)) as edge, core(edge) as desk:
            port = int(edge.url.rpartition(":")[2])
            await page.goto(edge.url)
            await start(page)
            await write(page, "Halo")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await page.get_by_role("button", name="Tutup").click()
            await desk.say("Selamat pagi")
            await expect(page.locator("kawal-chat .badge")).to_have_text("1")
        await page.get_by_role("button", name="Buka chat bantuan").click()
        await expect(page.locator("kawal-chat .badge")).to_be_hidden()
        async with (
            reading(edge.kafka, INTERACTIONS.name, partitions=INTERACTIONS.partitions) as reader,
            edges.run(edges.service(tmp_path), port=port),
            asyncio.timeout(30),
        ):
            async for record in reader:
                data = json.loads(record.value)
                if data["kind"] == "messages_read" and data["conversation_id"] == desk.conversation_id:
                    break
        assert data["seq"] == 2
        await context.close()

    async def test_slowly_taken_messages_keep_their_order(self, browser: Browser, edges: Any, tmp_path: Path) -> None:
        texts = [f"Pesan {number}" for number in range(1, 7)]
        async with edges.run(edges.service(tmp_path, chat_rate_per_s=3, chat_rate_burst=1)) as edge:
            async with core(edge) as desk, visiting(browser, edge.url) as page:
                await start(page)
                await expect(page.locator("kawal-chat .status")).to_have_text("Tersambung")
                for text in texts:
                    await write(page, text)
                await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(6, timeout=30_000)
                await expect(page.locator("kawal-chat .notice")).to_be_hidden()
            assert desk.texts == texts

    async def test_unreadable_message_holds_up_nothing(self, browser: Browser, site: Any) -> None:
        async with core(site), visiting(browser, site.url) as page:
            await start(page)
            await page.evaluate(WRITE_HALF_A_CHARACTER)
            await expect(page.locator("kawal-chat .message[data-state=failed]")).to_have_count(1)
            await write(page, "Halo")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)

    async def test_network_without_websockets(self, browser: Browser, site: Any) -> None:
        async with core(site) as desk, visiting(browser, "about:blank") as page:
            await page.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } };")
            await page.goto(site.url)
            await start(page)
            await write(page, "Tanpa WebSocket")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1, timeout=20_000)
            await site.send_out(place(3, conversation_id=desk.conversation_id, wait_minutes=7))
            line = page.locator("kawal-chat .queue")
            await expect(line).to_have_text("Anda nomor 3 dalam antrean. Perkiraan menunggu: 7 menit.")
            await site.send_out(place(0, conversation_id=desk.conversation_id))
            await expect(line).to_be_hidden(timeout=20_000)
            await desk.say("Tetap sampai")
            await expect(page.locator("kawal-chat .agent .bubble")).to_have_text("Tetap sampai")


class TestAccess:
    async def test_keyboard_only(self, browser: Browser, site: Any) -> None:
        async with core(site), visiting(browser, site.url) as page:
            await page.locator("kawal-chat .launcher").focus()
            await page.keyboard.press("Enter")
            await expect(page.get_by_label("Nama")).to_be_focused()
            await page.keyboard.press("Shift+Tab")
            await page.keyboard.press("Shift+Tab")
            await expect(page.get_by_role("button", name="Mulai chat").last).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("textbox", name="Pesan")).to_be_focused()
            await page.keyboard.type("Halo")
            await page.keyboard.press("Enter")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await page.keyboard.press("Escape")
            await expect(page.locator("kawal-chat .launcher")).to_be_focused()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_axe_finds_nothing(self, browser: Browser, site: Any, scheme: Any) -> None:
        options = {**PHONE, "color_scheme": scheme, "bypass_csp": True}
        async with core(site) as desk, visiting(browser, site.url, **options) as page:
            await start(page)
            await write(page, "Halo")
            await expect(page.locator("kawal-chat .message[data-state=delivered]")).to_have_count(1)
            await desk.say("Selamat pagi")
            await expect(page.locator("kawal-chat .bubble")).to_have_count(2)
            found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
            assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []

    async def test_fits_a_small_phone(self, browser: Browser, site: Any) -> None:
        async with visiting(browser, f"{site.url}/?lang=en", **PHONE) as page:
            await page.get_by_role("button", name="Open help chat").click()
            await page.get_by_role("button", name="Start chat").last.click()
            panel = await page.locator("kawal-chat .panel").bounding_box()
            assert panel == {"x": 0, "y": 0, "width": 360, "height": 740}
            for button in await page.locator("kawal-chat .panel button:visible").all():
                box = await button.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 44


REUSE_THE_NEXT_ID = """() => {
    const conversation = document.querySelector("kawal-chat").conversation;
    const first = conversation.messages[0].client_id;
    const write = conversation.write.bind(conversation);
    conversation.write = (text) => {
        conversation.write = write;
        const message = write(text);
        conversation.settle(message.client_id);
        message.client_id = first;
        conversation.own.push(message);
        return message;
    };
}"""

WRITE_HALF_A_CHARACTER = r"""() => {
    const { conversation, connection } = document.querySelector("kawal-chat");
    const send = () => connection.welcomed ? connection.pump() : setTimeout(send, 50);
    conversation.write("\ud83d");
    send();
}"""
