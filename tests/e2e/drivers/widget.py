"""The chat window, on the demonstration page that stands for a host site."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from e2e.drivers.numbers import plain


class Widget:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages = page.locator("kawal-chat .message")
        self.bar = page.locator("kawal-chat .bar strong")

    async def visit(self, url: str) -> None:
        await self.page.goto(f"{url}/?lang=id")

    async def open_signed_in(self, token: str) -> None:
        """As the host site does it for a participant whom it knows."""
        await self.page.locator("kawal-chat").evaluate("(chat, token) => { chat.identityToken = token; }", token)
        await self.page.get_by_role("button", name="Buka chat bantuan").click()
        await self.online()

    async def open_as_guest(self, **fields: str) -> None:
        """`fields` are typed into the labels of that name in front of the chat: `Nama`, `Nomor HP`, `Email`."""
        await self.page.get_by_role("button", name="Buka chat bantuan").click()
        for label, value in fields.items():
            await self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)
        await self.page.get_by_role("button", name="Mulai chat").last.click()
        await self.online()

    async def online(self) -> None:
        await expect(self.page.locator("kawal-chat .status")).to_have_text("Tersambung")

    async def write(self, text: str) -> None:
        await self.page.get_by_role("textbox", name="Pesan").fill(text)
        await self.page.get_by_role("button", name="Kirim", exact=True).click()

    async def say(self, text: str) -> None:
        """Write, and wait until it is in the conversation for good."""
        await self.write(text)
        await expect(self.message(text)).to_have_attribute("data-state", "delivered")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    async def hear(self, text: str, *, author: str) -> None:
        """Wait for a message, shown once, of `agent` or `system`."""
        found = self.page.locator(f"kawal-chat .message.{author}").filter(has_text=text)
        await expect(found).to_have_count(1)

    async def case_number(self) -> str:
        """The number above the conversation, digits only."""
        await expect(self.bar).to_be_visible()
        return plain(await self.bar.inner_text())

    async def texts(self) -> list[str]:
        found: list[Any] = await self.page.locator("kawal-chat .bubble").all_inner_texts()
        return [str(text) for text in found]
