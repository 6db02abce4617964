"""The agents' console."""

from playwright.async_api import Locator, Page, expect


class Console:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.case = page.locator("article.case")
        self.entries = page.locator("#timeline .entry")
        self.suggestions = page.locator(".person .alert")

    async def sign_in(self, agent: dict[str, str]) -> None:
        await self.page.goto(f"{self.url}/console/")
        await self.page.get_by_label("E-mail").fill(agent["email"])
        await self.page.get_by_label("Kata sandi").fill(agent["password"])
        await self.page.get_by_role("button", name="Masuk").click()
        await self.live()

    async def live(self) -> None:
        await expect(self.page.locator("#live")).to_have_text("Tersambung")

    def row(self, number: str) -> Locator:
        return self.page.locator(f"#row-{number}")

    async def open_case(self, number: str) -> None:
        """From the list, where it has to appear by itself."""
        await self.row(number).get_by_role("link").click()
        await expect(self.case).to_have_attribute("data-number", number)

    def entry(self, text: str) -> Locator:
        return self.entries.filter(has_text=text)

    async def scroll_to(self, text: str) -> None:
        """Show an entry at the top."""
        await self.entry(text).evaluate("(entry) => entry.scrollIntoView({block: 'start'})")

    async def answer(self, text: str, *, by: str | None = None) -> None:
        """Answer; `by` is the label of the conversation to answer in, if there are several."""
        if by is not None:
            menu = self.case.get_by_label("Lewat", exact=True)
            option = menu.locator("option").filter(has_text=by)
            await expect(option).to_have_count(1)
            await menu.select_option(value=await option.get_attribute("value"))
        await self.case.get_by_label("Jawaban", exact=True).fill(text)
        await self._read_all()
        await self.case.get_by_role("button", name="Kirim").click()
        await expect(self.case.get_by_label("Jawaban", exact=True)).to_have_value("")
        await expect(self.case.locator(".composer [role=alert]")).to_have_count(0)
        await expect(self.entry(text)).to_have_count(1)

    async def _read_all(self) -> None:
        """An agent reads what there is before he sends: an answer is stopped by what he has not had before his eyes."""
        await self.page.locator("#timeline-scroll").evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
        await self.page.wait_for_function(
            "() => { const { seen, lastSeq } = document.querySelector('article.case').dataset;"
            " return Number(seen) >= Number(lastSeq); }"
        )

    async def told(self, text: str, channel: str, state: str) -> None:
        """Wait until the timeline says how far an entry has come on a channel."""
        await expect(self.entry(text).locator(".told").filter(has_text=f"{channel}: ")).to_have_text(
            f"{channel}: {state}"
        )

    async def recording_plays(self) -> bool:
        """Play the recording of the case until it has moved on."""
        player = self.entries.locator("audio")
        await expect(player).to_have_count(1)
        return bool(
            await player.evaluate(
                """async (audio) => {
                    audio.muted = true;
                    await audio.play();
                    await new Promise((resolve) => audio.addEventListener("timeupdate", resolve));
                    audio.pause();
                    audio.muted = false;
                    return audio.error === null && audio.duration > 0;
                }"""
            )
        )

    async def resolve(self) -> None:
        await self.case.get_by_role("button", name="Selesaikan").click()
        await self.in_state("Selesai")

    async def reopen(self) -> None:
        await self.case.get_by_role("button", name="Buka lagi").click()
        await self.in_state("Ditangani")

    async def in_state(self, state: str) -> None:
        await expect(self.page.locator("#case-state")).to_have_text(state)
