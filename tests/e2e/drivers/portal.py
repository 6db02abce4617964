"""The web door: portal, sign-in by mail, complaint form, status page."""

from playwright.async_api import Page, expect

from e2e.drivers.mailbox import Mailbox
from e2e.drivers.numbers import plain


class Portal:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    async def visit(self) -> None:
        await self.page.goto(self.url)

    async def sign_in(self, email: str, mailbox: Mailbox) -> None:
        """Prove an address by the link that is mailed to it."""
        await self.visit()
        await self.page.get_by_role("link", name="Konfirmasi e-mail Anda").click()
        await self.page.get_by_label("Alamat e-mail").fill(email)
        await self.page.get_by_role("button", name="Kirim tautan").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Periksa e-mail Anda")
        await self.page.goto(await mailbox.link("Tautan masuk Anda"))
        await self.page.get_by_role("button", name="Ya, ini saya").click()
        await expect(self.page.get_by_text(f"Anda masuk sebagai {email}.")).to_be_visible()

    async def complain(self, topic: str, message: str, **fields: str) -> str:
        """Fill in the form and send it; `fields` are further labels. The case number that is told."""
        await self.visit()
        await self.page.get_by_role("link", name="Kirim laporan").click()
        await self.page.get_by_label("Kendala Anda tentang apa?").select_option(topic)
        await self.page.get_by_label("Ceritakan kendalanya").fill(message)
        for label, value in fields.items():
            await self.page.get_by_label(label.replace("_", " ")).fill(value)
        await self.page.locator("#form .button--primary").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Laporan Anda sudah kami terima")
        return plain(await self.page.locator(".case-number").inner_text())

    async def open_status(self) -> None:
        """From the page that says thanks."""
        await self.page.get_by_role("link", name="Lihat laporan saya").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Laporan Anda")

    async def write(self, text: str) -> None:
        """Into the box of the status page."""
        await self.page.get_by_label("Tulis pesan").fill(text)
        await self.page.get_by_role("button", name="Kirim pesan").click()
        await expect(self.page.get_by_text("Pesan Anda sudah kami terima.")).to_be_visible()

    async def read(self, text: str, *, author: str) -> None:
        """Wait until a message of `participant`, `agent` or `system` shows up once, by itself."""
        await expect(self.page.locator(f"#entries .message--{author}").filter(has_text=text)).to_have_count(1)

    async def texts(self) -> list[str]:
        return await self.page.locator("#entries .bubble__text").all_inner_texts()
