"""The telephone in the browser."""

import re
from urllib.parse import quote

from playwright.async_api import Page, expect

from kawal.testing import eventually

PROMPT_MS = 40_000
"""A prompt is as long as it takes to read it out."""


class Phone:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.captions = page.locator("[data-captions] li")
        self.texts = page.locator("[data-texts] li")

    async def visit(self, url: str, number: str) -> None:
        await self.page.goto(f"{url}/phone?lang=id&number={quote(number)}")
        await expect(self.page.locator("[data-phone][data-line=up]")).to_be_visible()

    async def dial(self) -> None:
        await self.page.locator("[data-call]").click()
        await self.hear("Selamat datang")

    async def press(self, digit: str) -> None:
        """Press a key once the hotline listens, and wait until it has taken it."""
        listening = self.page.locator("[data-phone][data-listening]")
        await expect(listening).to_be_visible(timeout=PROMPT_MS)
        step = await listening.get_attribute("data-listening")
        await self.page.locator(f'[data-key="{digit}"]').click()
        await expect(self.page.locator(f'[data-listening="{step}"]')).to_have_count(0, timeout=PROMPT_MS)

    async def hear(self, words: str) -> None:
        """Wait until `words` (a pattern) are spoken."""
        await expect(self.captions.filter(has_text=re.compile(words)).last).to_be_visible(timeout=PROMPT_MS)

    async def code(self) -> str:
        """The code of the last text."""
        text = self.texts.first
        await expect(text).to_contain_text("Kode Kawal Anda", timeout=PROMPT_MS)
        found = re.search(r"\b\d{6}\b", await text.inner_text())
        assert found is not None
        return found[0]

    async def prove_number(self) -> None:
        """Ask for a code, read it from the texts, key it in."""
        await self.press("1")
        code = await self.code()
        await expect(self.page.locator("[data-phone][data-listening]")).to_be_visible(timeout=PROMPT_MS)
        for digit in code:
            await self.page.locator(f'[data-key="{digit}"]').click()
        await self.hear("nomor Anda sudah terkonfirmasi")

    async def leave_message(self, *, seconds: int = 2) -> None:
        """Speak after the tone for so long, then finish."""
        level = self.page.locator("[data-level]")
        await expect(level).to_be_visible(timeout=PROMPT_MS)
        await eventually(lambda: level.evaluate("(bar) => Number(bar.style.getPropertyValue('--level')) > 0"))
        begun = await self._call_s()

        async def long_enough() -> bool:
            return await self._call_s() > begun + seconds

        await eventually(long_enough, timeout=seconds + 20)
        await self.page.locator("[data-record-done]").click()

    async def _call_s(self) -> int:
        """How long the call has lasted, as the phone shows it."""
        minutes, _, seconds = (await self.page.locator("[data-timer]").inner_text()).partition(":")
        return 60 * int(minutes) + int(seconds)

    async def hear_case_number(self) -> str:
        await self.hear("Nomor laporan Anda: ")
        spoken = await self.captions.filter(has_text="Nomor laporan Anda: ").last.inner_text()
        return re.sub(r"\D", "", spoken.partition("Nomor laporan Anda: ")[2])

    async def pick_up(self) -> None:
        """Wait until it rings, and answer."""
        await expect(self.page.locator("[data-status]")).to_have_text("Panggilan masuk…", timeout=PROMPT_MS)
        await self.page.locator("[data-call]").click()

    async def hang_up(self) -> None:
        await self.page.locator("[data-end]").click()
        await expect(self.page.locator("[data-phone]")).to_have_attribute("data-state", "idle")
