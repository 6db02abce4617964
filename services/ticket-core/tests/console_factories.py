"""Who sits at the console in tests, and what his pages must be."""

from dataclasses import dataclass
from typing import Any

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize, expect

EMAIL, PASSWORD = "dewi@example.org", "a long enough password"
VIEWPORTS = [ViewportSize(width=width, height=900) for width in (390, 800, 1024, 1280, 1920)]


@dataclass(frozen=True, slots=True)
class AtDesk:
    """`browser` keeps the session cookie and sends the headers of our own pages."""

    browser: httpx.AsyncClient
    agent_id: str

    async def post(self, path: str, data: dict[str, Any] | None = None) -> str:
        """The part that htmx puts into the page."""
        answer = await self.browser.post(f"/console{path}", data=data or {}, headers={"hx-request": "true"})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def page(self, path: str) -> str:
        answer = await self.browser.get(f"/console{path}")
        assert answer.status_code == 200, answer.text
        return answer.text


async def live(page: Page) -> None:
    await expect(page.locator("#live")).to_have_text("Tersambung")


async def assert_usable(page: Page) -> None:
    """axe-core finds nothing serious on any screen, light or dark, and nothing sticks out sideways."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for viewport in VIEWPORTS:
            await page.set_viewport_size(viewport)
            found = (await Axe().run(page)).response["violations"]
            bad = [one for one in found if one["impact"] in ("serious", "critical")]
            named = [(one["id"], [node["html"] for node in one["nodes"]]) for one in bad]
            assert (scheme, viewport["width"], named) == (scheme, viewport["width"], [])
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), viewport["width"]
