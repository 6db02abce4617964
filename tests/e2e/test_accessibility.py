"""Everybody can use every page: axe-core finds nothing serious, light and dark, on a phone and on a desk."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from e2e.drivers.console import Console
from e2e.drivers.portal import Portal
from e2e.drivers.visits import DESK, PHONE, Visit
from e2e.drivers.widget import Widget
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e


async def check(page: Page) -> None:
    """No violation that keeps somebody out, and nothing sticks out sideways."""
    found = (await Axe().run(page)).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(page.url, one["id"], [node["html"] for node in one["nodes"]]) for one in bad] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
class TestAxe:
    async def test_web(self, stack: StackProcess, visit: Visit, viewport: Any, scheme: str) -> None:
        async with visit(viewport, color_scheme=scheme) as page:
            portal = Portal(page, stack.url("webform-ingest"))
            await portal.visit()
            await check(page)
            for path in ("/sign-in", "/forms/complaint"):
                await page.goto(portal.url + path)
                await check(page)
            await portal.complain("training.cannot_attend", "Kelas tidak bisa dibuka.")
            await check(page)
            await portal.open_status()
            await portal.read("Kami sudah menerima pesan Anda.", author="system")
            await check(page)

    async def test_phone(self, stack: StackProcess, visit: Visit, viewport: Any, scheme: str) -> None:
        async with visit(viewport, color_scheme=scheme) as page:
            await page.goto(f"{stack.url('voice-ingest')}/phone")
            await expect(page.locator("[data-line=up]")).to_be_visible()
            await check(page)

    async def test_console(self, stack: StackProcess, visit: Visit, viewport: Any, scheme: str) -> None:
        async with visit(PHONE) as participant, visit(viewport, color_scheme=scheme) as page:
            widget = Widget(participant)
            await widget.visit(stack.url("chat-ingest"))
            await widget.open_as_guest(Nama="Ayu Kusuma")
            await widget.say("Foto KTP saya ditolak.")
            console = Console(page, stack.url("ticket-core"))
            await page.goto(f"{console.url}/console/sign-in")
            await check(page)
            await console.sign_in(stack.facts["agent"])
            await check(page)
            await console.open_case(await widget.case_number())
            await expect(console.entry("Foto KTP saya ditolak.")).to_be_visible()
            await check(page)
