"""Services die under open windows, and come back."""

import pytest
from playwright.async_api import expect

from e2e.drivers.console import Console
from e2e.drivers.visits import PHONE, Visit
from e2e.drivers.widget import Widget
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e


class TestWidget:
    async def test_what_was_written_while_the_edge_was_away_arrives_once(
        self, stack: StackProcess, visit: Visit, console: Console
    ) -> None:
        async with visit(PHONE) as page:
            widget = Widget(page)
            await widget.visit(stack.url("chat-ingest"))
            await widget.open_as_guest(Nama="Agus Pratama")
            await widget.say("Satu: voucher saya ditolak.")
            await console.open_case(await widget.case_number())
            stack.freeze("chat-ingest")
            await widget.write("Dua: kodenya sudah benar.")
            await expect(widget.message("Dua")).to_have_attribute("data-state", "sending")
            old_pid = stack.kill("chat-ingest")
            await console.answer("Voucher mana yang Anda maksud?")
            await stack.restarted("chat-ingest", old_pid=old_pid)
            await widget.hear("Voucher mana yang Anda maksud?", author="agent")
            await expect(widget.message("Dua")).to_have_attribute("data-state", "delivered")
            await widget.say("Tiga: yang dari bulan lalu.")
            texts = await widget.texts()
            assert [sum(start in text for text in texts) for start in ("Satu:", "Dua:", "Tiga:")] == [1, 1, 1]
            await expect(console.entry("Dua: kodenya sudah benar.")).to_have_count(1)


class TestConsole:
    async def test_catches_up_after_ticket_core_was_killed(
        self, stack: StackProcess, visit: Visit, console: Console
    ) -> None:
        async with visit(PHONE) as page:
            widget = Widget(page)
            await widget.visit(stack.url("chat-ingest"))
            await widget.open_as_guest(Nama="Putri Rahmawati")
            await widget.say("Satu: saya tidak lolos seleksi.")
            number = await widget.case_number()
            await console.open_case(number)
            stack.freeze("ticket-core")
            await widget.write("Dua: apa alasannya?")
            await expect(widget.message("Dua")).to_have_attribute("data-state", "accepted")
            old_pid = stack.kill("ticket-core")
            await widget.write("Tiga: mohon penjelasannya.")
            await expect(widget.message("Tiga")).to_have_attribute("data-state", "accepted")
            await stack.restarted("ticket-core", old_pid=old_pid)
            await console.live()
            await expect(console.entries.filter(has_text="Dua:")).to_have_count(1)
            await expect(console.entries.filter(has_text="Tiga:")).to_have_count(1)
            await expect(console.row(number)).to_contain_text("Tiga: mohon penjelasannya.")
            await console.answer("Kuota gelombang itu sudah penuh.")
            await widget.hear("Kuota gelombang itu sudah penuh.", author="agent")
