"""An agent who is signed in, as a browser would be, and in a real one."""

import os
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from console_factories import EMAIL, PASSWORD, AtDesk, live
from core_service import PATIENCE_S, TLS, Served

PATIENCE_MS = 30_000
"""How long a page may take to show what happened: a transaction of anybody in the cluster holds the stream up."""
CHROMIUM = os.environ.get("KAWAL_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture
async def stranger(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session."""
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, verify=TLS, timeout=PATIENCE_S) as browser:
        yield browser


@pytest.fixture
async def desk(served: Served, stranger: httpx.AsyncClient) -> AtDesk:
    agent_id = await served.desk.agents.put(email=EMAIL, name="Dewi Lestari", password=PASSWORD)
    answer = await stranger.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return AtDesk(stranger, agent_id)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def at_desk(served: Served, browser: Browser) -> AsyncIterator[Page]:
    """The desk in a real browser, signed in and live; no script may fail, nothing break the security policy."""
    await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD, roles=("agent", "supervisor"))
    page = await browser.new_page(base_url=served.url, locale="id", timezone_id="Asia/Jakarta")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await page.goto("/console/")
    await page.fill("#email", EMAIL)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await live(page)
    yield page
    assert complaints == []
