"""An agent ends a case; the participant begins again."""

import pytest
from playwright.async_api import expect

from e2e.drivers.console import Console
from e2e.drivers.visits import PHONE, Visit
from e2e.drivers.widget import Widget
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e


class TestResolving:
    async def test_new_message_reopens(self, stack: StackProcess, visit: Visit, console: Console) -> None:
        async with visit(PHONE) as page:
            widget = Widget(page)
            await widget.visit(stack.url("chat-ingest"))
            await widget.open_as_guest(Nama="Dewi Lestari")
            await widget.say("Sertifikat saya belum keluar.")
            number = await widget.case_number()
            await console.open_case(number)
            await console.answer("Sertifikatnya sudah kami terbitkan.")
            await console.resolve()
            await expect(console.row(number)).to_have_count(0)
            await widget.hear("sudah selesai. Kalau masih ada kendala, balas saja di sini.", author="system")
            await widget.say("Masih belum bisa diunduh.")
            await console.in_state("Ditangani")
            await expect(console.entry("Masih belum bisa diunduh.")).to_have_count(1)
            await expect(console.row(number)).to_contain_text("Masih belum bisa diunduh.")
            assert await widget.case_number() == number

    async def test_agent_reopens(self, stack: StackProcess, visit: Visit, console: Console) -> None:
        async with visit(PHONE) as page:
            widget = Widget(page)
            await widget.visit(stack.url("chat-ingest"))
            await widget.open_as_guest()
            await widget.say("Kelas saya tidak bisa dibuka.")
            await console.open_case(await widget.case_number())
            await console.resolve()
            await console.reopen()
            await widget.hear("kami buka lagi", author="system")
