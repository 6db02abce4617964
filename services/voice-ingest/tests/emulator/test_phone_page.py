"""The phone page in real Chromium, by mouse and by keyboard, narrow and wide."""

import os
import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from kawal.contracts.interactions import VoicemailLeft
from kawal.testing import eventually
from kawal.vault import Vault
from voice_driver import Edge, edge
from voice_factories import ACCOUNT, AUTH_TOKEN, CALLER, HOTLINE
from voice_ingest.adapters.twilio.rest import TwilioRest, client
from voice_ingest.emulator.client import beep

pytestmark = pytest.mark.integration

CHROMIUM = os.environ.get("KAWAL_CHROMIUM", "/usr/bin/chromium")
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PICTURES = os.environ.get("KAWAL_PICTURES")
LOUD = re.compile(r"--level:\s*(0\.\d*[1-9]|1)")
WIDTHS = [(390, 844), (1280, 900)]
SLOW_MS = 20_000


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *MICROPHONE])
        yield browser
        await browser.close()


class Shown:
    """One phone page; `errors` must stay empty."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    async def open(self, url: str, number: str = CALLER, lang: str = "id") -> None:
        await self.page.goto(f"{url}/phone?lang={lang}&number=%2B{number[1:]}")
        await expect(self.page.locator("[data-line=up]")).to_be_visible()

    async def picture(self, name: str) -> None:
        if PICTURES:
            width = (self.page.viewport_size or {"width": 0})["width"]
            await self.page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)

    async def key(self, digit: str) -> None:
        """Press a key once the hotline listens, and wait until it listens no more."""
        listening = self.page.locator("[data-phone][data-listening]")
        await expect(listening).to_be_visible(timeout=SLOW_MS)
        step = await listening.get_attribute("data-listening")
        await self.page.keyboard.press(digit)
        await expect(self.page.locator(f'[data-listening="{step}"]')).to_have_count(0, timeout=SLOW_MS)

    async def hear(self, words: str) -> None:
        bubble = self.page.locator("[data-captions] li").filter(has_text=re.compile(words))
        await expect(bubble.first).to_be_visible(timeout=SLOW_MS)

    async def fits(self) -> None:
        """Nothing sticks out sideways."""
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


@pytest.fixture(params=WIDTHS, ids=lambda size: str(size[0]))
async def shown(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Shown]:
    width, height = request.param
    context = await chromium.new_context(viewport={"width": width, "height": height})
    page = Shown(await context.new_page())
    yield page
    await context.close()
    assert page.errors == []


async def place(edge: Edge, to: str = CALLER) -> str:
    async with client(api_url=edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
        rest = TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)
        return await rest.place(to=to, answer_url=f"{edge.url}/v1/voice/twilio/incoming", status_url="")


async def recorded(edge: Edge) -> tuple[VoicemailLeft, bytes, str]:
    """The voicemail that was left, and its recording as it lies in the vault."""
    ((_, event),) = await eventually(edge.spooled)
    assert isinstance(event, VoicemailLeft)
    vault = Vault(edge.settings.vault_path, key=edge.settings.vault_key)
    return event, *await vault.get(event.recording.vault_ref)


class TestPhone:
    async def test_leaves_a_message_by_keyboard(self, lonely_edge: Edge, shown: Shown, tmp_path: Path) -> None:
        await shown.open(lonely_edge.url)
        await shown.picture("idle")
        await shown.page.keyboard.press("Enter")
        await shown.hear("Selamat datang")
        await shown.picture("greeting")
        for digit in "111#1":
            await shown.key(digit)
        done = shown.page.locator("[data-record-done]")
        await expect(done).to_be_visible(timeout=SLOW_MS)
        await expect(shown.page.locator("[data-timer]")).to_have_text(re.compile(r"\d:\d\d"))
        await expect(shown.page.locator("[data-level]")).to_have_attribute("style", LOUD, timeout=SLOW_MS)
        await shown.picture("recording")
        await shown.page.keyboard.press("#")
        await shown.hear(r"Nomor laporan Anda: \d\s\d\s\d")
        await shown.picture("number")
        await shown.page.keyboard.press("Escape")
        await expect(shown.page.locator("[data-status]")).to_have_text("Panggilan selesai")
        await shown.picture("ended")
        await shown.fits()
        event, sound, media_type = await recorded(lonely_edge)
        assert media_type == "audio/wav"
        assert event.topic == "registration.otp_not_received"
        path = tmp_path / "recording.wav"
        path.write_bytes(sound)
        with wave.open(str(path)) as written:
            assert (written.getframerate(), written.getnchannels()) == (8000, 1)

    async def test_rings(self, lonely_edge: Edge, shown: Shown) -> None:
        await shown.open(lonely_edge.url, lang="en")
        await place(lonely_edge)
        await expect(shown.page.locator("[data-status]")).to_have_text("Incoming call…")
        await shown.picture("ringing")
        await shown.page.locator("[data-call]").click()
        await shown.hear("Welcome to Kawal")
        await shown.page.locator("[data-end]").click()
        await expect(shown.page.locator("[data-calls] li")).to_contain_text("Incoming · Call ended")

    async def test_shows_the_code_and_takes_it(self, lonely_edge: Edge, shown: Shown) -> None:
        await shown.open(lonely_edge.url, lang="en")
        await shown.page.locator("[data-call]").click()
        for digit in "2111":
            await shown.key(digit)
        text = shown.page.locator("[data-texts] li").first
        await expect(text).to_contain_text("Your Kawal code:", timeout=SLOW_MS)
        code = re.search(r"\d{6}", await text.inner_text())
        assert code is not None
        for digit in code[0]:
            await shown.page.locator(f'[data-key="{digit}"]').click()
        await shown.hear("your number is confirmed")
        await shown.picture("confirmed")
        await shown.fits()

    async def test_declines(self, lonely_edge: Edge, shown: Shown) -> None:
        await shown.open(lonely_edge.url)
        await place(lonely_edge)
        await expect(shown.page.locator("[data-end-label]")).to_have_text("Tolak")
        await shown.page.locator("[data-end]").click()
        await expect(shown.page.locator("[data-calls] li")).to_contain_text("Ditolak atau sibuk")

    async def test_changes_the_number(self, lonely_edge: Edge, shown: Shown) -> None:
        await shown.open(lonely_edge.url)
        await shown.page.get_by_label("Nomor Anda").fill("0812 5555 6666")
        await shown.page.keyboard.press("Enter")
        await expect(shown.page.locator("[data-own]")).to_have_text("+6281255556666")

    async def test_number_that_is_none(self, lonely_edge: Edge, shown: Shown) -> None:
        await shown.open(lonely_edge.url)
        await shown.page.get_by_label("Nomor Anda").fill("12")
        await shown.page.keyboard.press("Enter")
        await expect(shown.page.get_by_role("alert")).to_have_text("Nomor ini tidak bisa dipakai.")
        shown.errors.clear()  # Chromium reports the refused socket

    async def test_opened_elsewhere(self, lonely_edge: Edge, shown: Shown, chromium: Browser) -> None:
        await shown.open(lonely_edge.url)
        other = await chromium.new_page()
        await Shown(other).open(lonely_edge.url)
        await expect(shown.page.locator(".phone__link")).to_have_text("Nomor ini dibuka di jendela lain.")
        await other.close()


class TestLineThatGoesAway:
    """voice-ingest ends during a call, and is there again later."""

    async def called(self, running: Edge, shown: Shown) -> None:
        await shown.open(running.url)
        await shown.page.keyboard.press("Enter")
        await shown.hear("Selamat datang")
        await expect(shown.page.locator("[data-timer]")).to_be_visible()

    def status(self, shown: Shown) -> Locator:
        return shown.page.locator("[data-status]")

    async def test_clock_stands_still_and_the_call_goes_on(self, tmp_path: Path, shown: Shown) -> None:
        await shown.page.clock.install()
        async with edge(tmp_path) as before:
            await self.called(before, shown)
        await expect(self.status(shown)).to_contain_text("Sambungan terputus")
        reading = await shown.page.locator("[data-timer]").inner_text()
        await shown.page.clock.run_for(60_000)
        await expect(shown.page.locator("[data-timer]")).to_have_text(reading)
        await expect(shown.page.locator("[data-key='1']")).to_be_disabled()
        await shown.picture("cut")
        await shown.fits()
        async with edge(tmp_path, voice_public_url=before.url, twilio_api_url=before.url):
            await shown.page.clock.run_for(5_000)
            await shown.key("1")
            await shown.hear("Apa yang bisa kami bantu")
        shown.errors.clear()  # Chromium reports the refused sockets

    async def test_hangs_up_meanwhile(self, tmp_path: Path, shown: Shown) -> None:
        async with edge(tmp_path) as before:
            await self.called(before, shown)
        await expect(self.status(shown)).to_contain_text("Sambungan terputus")
        await shown.page.locator("[data-end]").click()
        await expect(self.status(shown)).to_have_text("Panggilan selesai")
        await expect(shown.page.locator("[data-timer]")).to_be_hidden()
        async with edge(tmp_path, voice_public_url=before.url, twilio_api_url=before.url):
            await expect(shown.page.locator("[data-line=up]")).to_be_visible(timeout=SLOW_MS)
            await expect(shown.page.locator("[data-calls] li")).to_contain_text("Keluar · Panggilan selesai")
            await expect(shown.page.locator("[data-call]")).to_be_enabled()
            await expect(self.status(shown)).to_have_text("Panggilan selesai")
        shown.errors.clear()

    async def test_call_that_is_over_when_the_line_is_back(self, tmp_path: Path, shown: Shown) -> None:
        async with edge(tmp_path) as before:
            await self.called(before, shown)
        (before.settings.emulator_path).unlink()
        async with edge(tmp_path, voice_public_url=before.url, twilio_api_url=before.url):
            await expect(self.status(shown)).to_have_text("Panggilan terputus. Silakan telepon lagi.", timeout=SLOW_MS)
            await expect(shown.page.locator("[data-timer]")).to_be_hidden()
        shown.errors.clear()


class TestWithoutMicrophone:
    @pytest.fixture
    async def deaf(self, lonely_edge: Edge) -> AsyncIterator[Shown]:
        """A browser that has no microphone to offer."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = Shown(await browser.new_page(viewport={"width": 390, "height": 844}))
            await page.open(lonely_edge.url)
            await page.page.keyboard.press("Enter")
            for digit in "111#1":
                await page.key(digit)
            yield page
            await browser.close()
            assert page.errors == []

    async def test_sample_tone(self, lonely_edge: Edge, deaf: Shown) -> None:
        await deaf.page.locator("[data-record-tone]").click(timeout=SLOW_MS)
        await deaf.picture("tone")
        await deaf.hear("Nomor laporan Anda")
        event, sound, _ = await recorded(lonely_edge)
        assert sound.startswith(b"RIFF")
        assert event.recording.duration_s == 1

    async def test_sound_file(self, lonely_edge: Edge, deaf: Shown) -> None:
        sound: Any = {"name": "pesan.wav", "mimeType": "audio/wav", "buffer": beep(2)}
        await expect(deaf.page.locator("[data-record-tone]")).to_be_visible(timeout=SLOW_MS)
        await deaf.picture("no-microphone")
        await deaf.page.locator("[data-record-file]").set_input_files(sound)
        await deaf.hear("Nomor laporan Anda")
        event, kept, _ = await recorded(lonely_edge)
        assert kept == beep(2)
        assert event.recording.duration_s == 2
