"""Browser windows, each of somebody else, in which no script may fail and nothing may break the security policy."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize

DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
PATIENCE_MS = 30_000
"""How long a page may take to show something: the machine may be busy with other tests."""

Visit = Callable[..., AbstractAsyncContextManager[Page]]


@asynccontextmanager
async def visiting(browser: Browser, viewport: ViewportSize = DESK, **options: Any) -> AsyncIterator[Page]:
    """A window with cookies and storage of its own, Indonesian as the users' browsers are."""
    settings = {"locale": "id-ID", "timezone_id": "Asia/Jakarta", **options}
    context = await browser.new_context(viewport=viewport, **settings)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    try:
        yield page
    finally:
        await context.close()
    assert complaints == []
