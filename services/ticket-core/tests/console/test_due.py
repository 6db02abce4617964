"""What a list, a case and its timeline say about what was promised, and the ways to go."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import AtDesk, assert_usable
from core_factories import contact, message, number
from core_service import PROGRAMME, Served
from ticket_core.adapters.sla_files import load_sla
from ticket_core.domain.sla import SlaPolicies
from ticket_core.sla_alarms import SlaAlarms

pytestmark = pytest.mark.integration
LATE, FRESH = number(1), number(2)


@pytest.fixture
def sla() -> SlaPolicies:
    return load_sla(PROGRAMME)


@pytest.fixture(autouse=True)
async def cases(served: Served, engine: AsyncEngine) -> None:
    """One that nobody answered for three days, and one of now."""
    now = datetime.now(UTC)
    for case, age in ((LATE, timedelta(days=3)), (FRESH, timedelta())):
        said = message(conversation=f"chat:{case}", reference=case, at=now - age)
        await served.store.apply([contact(said)])
    await SlaAlarms(engine, apply=served.store.apply).ring()


class TestDue:
    async def test_rows_are_short(self, desk: AtDesk) -> None:
        late, fresh = await desk.page(f"/rows/{LATE}?place=all"), await desk.page(f"/rows/{FRESH}?place=all")
        assert "data-since>2 hari</time>" in late
        assert "Lewat <time" in late
        assert "badge--danger" in late
        assert "Batas " in fresh
        assert "badge--danger" not in fresh

    async def test_a_case_says_which_clock(self, desk: AtDesk) -> None:
        assert "Jawaban pertama lewat batas sejak" in await desk.page(f"/cases/{LATE}")
        assert "Jawaban pertama paling lambat" in await desk.page(f"/cases/{FRESH}")

    async def test_its_timeline_says_so_in_colour(self, desk: AtDesk) -> None:
        page = await desk.page(f"/cases/{LATE}")
        assert "entry--sla_breached" in page
        assert "Lewat batas: jawaban pertama, seharusnya paling lambat" in page


class TestWaysToGo:
    @pytest.mark.parametrize(("width", "lines"), [(390, 2), (1024, 2), (1280, 1), (1920, 1)])
    async def test_stand_in_one_line(self, at_desk: Page, width: int, lines: int) -> None:
        await at_desk.set_viewport_size({"width": width, "height": 900})
        box = await at_desk.locator(".site-header").bounding_box()
        assert box is not None
        assert box["height"] < 50 * lines
        ways = at_desk.locator(".nav > :visible")
        assert await ways.evaluate_all("all => new Set(all.map(one => one.getBoundingClientRect().top)).size") == 1

    async def test_what_does_not_fit_is_in_the_menu(self, at_desk: Page) -> None:
        await at_desk.set_viewport_size({"width": 390, "height": 900})
        menu = at_desk.locator(".nav summary")
        await menu.click()
        await at_desk.get_by_role("link", name="Milik saya").click()
        await expect(menu).to_have_text("Milik saya", use_inner_text=True)
        await menu.click()
        await assert_usable(at_desk)
        await at_desk.keyboard.press("Escape")
        await expect(at_desk.locator(".nav .menu__ways")).to_be_hidden()

    async def test_each_is_there_once_to_see(self, at_desk: Page) -> None:
        for width in (390, 800, 1280, 1920):
            await at_desk.set_viewport_size({"width": width, "height": 900})
            await at_desk.goto("/console/?place=mine")
            await at_desk.locator(".nav summary").click()
            for place in ("open", "pending", "mine", "unassigned", "resolved", "all"):
                await expect(at_desk.locator(f'.nav a[href="/console/?place={place}"]:visible')).to_have_count(1)
