"""One participant on all three channels, and the agent who answers him on each."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, ViewportSize, expect

from e2e.conftest import Picture
from e2e.drivers.console import Console
from e2e.drivers.mailbox import Mailbox
from e2e.drivers.people import Participant, identity_token, new_participant
from e2e.drivers.phone import Phone
from e2e.drivers.portal import Portal
from e2e.drivers.visits import PHONE, Visit
from e2e.drivers.widget import Widget
from kawal import case_numbers
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

CHAT = "Insentif saya belum cair, sudah dua minggu. Gelombang 48."
FORM = "Rekening saya sudah benar, ini keterangan tambahannya."
ANSWERS = {
    "chat": "Kami sudah meneruskan ke bank, mohon tunggu satu hari kerja.",
    "voice": "Insentif Anda akan masuk besok pagi.",
    "web": "Rekening Anda sudah kami periksa dan benar.",
}
BY = {"chat": "Dibalas lewat chat", "voice": "Ditelepon dan dibacakan", "web": "Halaman status dan e-mail"}


TALL = ViewportSize(width=1280, height=1120)
"""Shows entries of all three channels at once."""


@dataclass(frozen=True)
class Doors:
    """The three doors, each in a window of its own, before the same participant."""

    participant: Participant
    widget: Widget
    phone: Phone
    portal: Portal
    mailbox: Mailbox


async def open_doors(windows: AsyncExitStack, visit: Visit, stack: StackProcess) -> Doors:
    pages: list[Page] = [await windows.enter_async_context(visit(PHONE)) for _ in range(3)]
    participant = new_participant()
    return Doors(
        participant=participant,
        widget=Widget(pages[0]),
        phone=Phone(pages[1]),
        portal=Portal(pages[2], stack.url("webform-ingest")),
        mailbox=Mailbox(stack.facts["mail"]["maildir"], participant.email),
    )


async def chat(doors: Doors, stack: StackProcess) -> str:
    """He writes from the host site, where he is signed in. The case number that he is told."""
    await doors.widget.visit(stack.url("chat-ingest"))
    await doors.widget.open_signed_in(identity_token(doors.participant, stack.facts["host_site"]))
    await doors.widget.say(CHAT)
    number = await doors.widget.case_number()
    await doors.widget.hear(f"Nomor laporan Anda {case_numbers.display(number)}", author="system")
    return number


async def call(doors: Doors, stack: StackProcess) -> str:
    """He calls the hotline about the same, proves his number and leaves a message. The number that is spoken."""
    await doors.phone.visit(stack.url("voice-ingest"), doors.participant.phone)
    await doors.phone.dial()
    for digit in "131":  # Indonesian; incentive; not paid
        await doors.phone.press(digit)
    await doors.phone.prove_number()
    await doors.phone.press("1")
    await doors.phone.leave_message()
    number = await doors.phone.hear_case_number()
    await doors.phone.hang_up()
    return number


async def complain(doors: Doors) -> str:
    """He proves his address and fills in the form about the same. The number on the page."""
    await doors.portal.sign_in(doors.participant.email, doors.mailbox)
    number = await doors.portal.complain("incentive.not_paid", FORM)
    await doors.portal.open_status()
    return number


class TestOneParticipant:
    async def test_three_channels_are_one_case_and_each_is_answered(
        self, stack: StackProcess, visit: Visit, console: Console, picture: Picture
    ) -> None:
        async with AsyncExitStack() as windows:
            doors = await open_doors(windows, visit, stack)
            number = await chat(doors, stack)
            await console.open_case(number)
            await expect(console.entry(CHAT)).to_have_count(1)
            called = await call(doors, stack)
            await doors.portal.visit()
            await picture(doors.portal.page, "portal-390")
            submitted = await complain(doors)
            await self.sees_one_case(console, doors, number=number, aliases=[called, submitted])
            await self.is_confirmed_everywhere(doors, number=number, called=called)
            await self.answers_each(console, doors)
            await self.hears_each(console, doors, picture)
            await picture(doors.widget.page, "widget")
            await picture(doors.portal.page, "status-390")
            await console.page.set_viewport_size(TALL)
            await console.scroll_to("Pesan suara")
            await picture(console.page, "console")

    async def sees_one_case(self, console: Console, doors: Doors, *, number: str, aliases: list[str]) -> None:
        await expect(console.entry(FORM)).to_have_count(1)
        await expect(console.entry("Pesan suara")).to_have_count(1)
        await expect(console.case).to_have_attribute("data-number", number)
        await expect(console.page.locator(".person .alert")).to_have_count(0)
        for alias in aliases:
            await expect(console.entry(f"Nomor lain: {case_numbers.display(alias)}")).to_have_count(1)
        assert await console.recording_plays()
        await expect(console.row(number)).to_contain_text(doors.participant.name)

    async def is_confirmed_everywhere(self, doors: Doors, *, number: str, called: str) -> None:
        shown = case_numbers.display(number)
        await expect(doors.phone.texts.filter(has_text=shown)).to_have_count(1)
        await doors.portal.read(f"kami gabungkan dengan laporan Anda nomor {shown}", author="system")
        await doors.mailbox.mail(f"Pesan Anda sudah masuk ke laporan {shown}")

    async def answers_each(self, console: Console, doors: Doors) -> None:
        for channel, answer in ANSWERS.items():
            await console.answer(answer, by=BY[channel])

    async def hears_each(self, console: Console, doors: Doors, picture: Picture) -> None:
        await doors.widget.hear(ANSWERS["chat"], author="agent")
        await doors.portal.read(ANSWERS["web"], author="agent")
        mail = await doors.mailbox.mail("Ada jawaban untuk laporan")
        assert ANSWERS["web"] in mail.text
        await doors.phone.pick_up()
        await doors.phone.hear(ANSWERS["voice"])
        await picture(doors.phone.page, "phone-390")
        await console.told(ANSWERS["chat"], "Chat", "dibaca")
        await console.told(ANSWERS["web"], "Web", "dibaca")
        await console.told(ANSWERS["web"], "E-mail", "terkirim")
        await console.told(ANSWERS["voice"], "Telepon", "sampai")
