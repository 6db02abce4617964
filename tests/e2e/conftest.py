"""Real Chromium before the real stack."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from e2e.drivers.console import Console
from e2e.drivers.visits import PATIENCE_MS, Visit, visiting
from kawal.testing.stack import StackProcess

CHROMIUM = os.environ.get("KAWAL_CHROMIUM", "/usr/bin/chromium")
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PICTURES = Path(__file__).parents[2] / "docs" / "img"

Picture = Callable[..., Awaitable[None]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *MICROPHONE])
        yield launched
        await launched.close()


@pytest.fixture
def visit(browser: Browser) -> Visit:
    """`async with visit(PHONE) as page`: somebody opens a browser."""
    return partial(visiting, browser)


@pytest.fixture
async def console(visit: Visit, stack: StackProcess) -> AsyncIterator[Console]:
    """The console with an agent signed in."""
    async with visit() as page:
        opened = Console(page, stack.url("ticket-core"))
        await opened.sign_in(stack.facts["agent"])
        yield opened


@pytest.fixture
def picture() -> Picture:
    """Keeps what a page looks like for the README, only if `KAWAL_SCREENSHOTS=1`: a test leaves the tree as it was."""

    async def take(page: Page, name: str, *, full_page: bool = False) -> None:
        if os.environ.get("KAWAL_SCREENSHOTS") == "1":
            await page.evaluate("document.fonts.ready")
            await page.screenshot(path=PICTURES / f"{name}.png", full_page=full_page, animations="disabled")

    return take
