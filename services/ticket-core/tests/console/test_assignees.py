import re

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import AtDesk
from core_factories import contact, message, number
from core_service import Served
from routing_factories import Shift
from ticket_core.domain.case import Agent
from ticket_core.domain.inputs import Assign

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
async def cases(served: Served) -> None:
    for at in range(2):
        await served.store.apply([contact(message(conversation=f"chat:{at:08d}", reference=number(at)))])


async def menu(desk: AtDesk) -> list[str]:
    """The lines of the menu: groups, and in each its agents."""
    page = await desk.page(f"/cases/{number(0)}")
    inside = page.partition('id="assignee"')[2].partition("</select>")[0]
    found = re.findall(r'<optgroup label="([^"]+)"|<option[^>]*>([^<]+)<', inside)
    return [group or name for group, name in found]


class TestMenu:
    async def test_says_who_is_there_and_how_busy(self, desk: AtDesk, served: Served, engine: AsyncEngine) -> None:
        shift = Shift(engine)
        budi = await shift.come("Budi")
        await shift.come("Ayu", capacity=4)
        await served.store.apply([Assign(number=number(1), agent=Agent(budi, "Budi"), assignee=Agent(budi, "Budi"))])
        assert await menu(desk) == [
            "Belum ada petugas",
            "Siap",
            "Ayu · 0 dari 4",
            "Budi · 2 dari 10",
            "Tidak siap",
            "Dewi Lestari (saya)",
        ]

    async def test_names_whoever_has_it_though_he_left(self, desk: AtDesk, served: Served, engine: AsyncEngine) -> None:
        budi = await Shift(engine).hire("Budi")
        await served.store.apply([Assign(number=number(0), agent=Agent(budi, "Budi"), assignee=Agent(budi, "Budi"))])
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE core.agents SET active = false WHERE id = :id"), {"id": budi})
        page = await desk.page(f"/cases/{number(0)}")
        assert f'<option value="{budi}" selected disabled>Budi</option>' in page
