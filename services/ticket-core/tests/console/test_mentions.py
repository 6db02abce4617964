import re

import pytest

from console_factories import AtDesk
from core_factories import BUDI, contact, message, number
from core_service import Served
from kawal.testing import eventually
from ticket_core.domain.inputs import WriteNote

pytestmark = pytest.mark.integration


@pytest.fixture
async def called(served: Served, desk: AtDesk) -> None:
    """A note that calls the agent at the desk."""
    await served.store.apply([contact(message(reference=number(1)))])
    note = WriteNote(number=number(1), agent=BUDI, text="@Dewi <b>tolong</b>", mentions=(desk.agent_id,))
    await served.store.apply([note])


def count(page: str) -> str:
    """What the badge in the navigation says."""
    found = re.search(r'id="mention-count"[^>]*?( hidden)?>(\d+)', page)
    assert found
    assert (found[1] is not None) == (found[2] == "0")
    return found[2]


@pytest.mark.usefixtures("called")
class TestMentions:
    async def test_lead_to_the_note(self, desk: AtDesk) -> None:
        page = await desk.page("/mentions")
        assert f'href="/console/cases/{number(1)}#entry-4"' in page
        assert "@Dewi &lt;b&gt;tolong&lt;/b&gt;" in page
        assert "Belum dilihat" in page

    async def test_are_counted_until_they_were_looked_at(self, desk: AtDesk) -> None:
        assert count(await desk.page("/")) == "1"
        assert count(await desk.page("/mentions/count")) == "1"

        async def seen() -> bool:
            await desk.page("/mentions")
            return count(await desk.page("/")) == "0"

        await eventually(seen)  # what is not settled in the whole cluster stays new for a while
        assert "Belum dilihat" not in await desk.page("/mentions")

    async def test_page_by_page(self, desk: AtDesk, served: Served) -> None:
        notes = [
            WriteNote(number=number(1), agent=BUDI, text=f"Catatan {at}", mentions=(desk.agent_id,)) for at in range(26)
        ]
        await served.store.apply(notes)
        page = await desk.page("/mentions")
        more = re.search(r'hx-get="(/console/mentions\?cursor=[^"]+)"', page)
        assert more
        rest = (await desk.browser.get(more[1], headers={"hx-request": "true"})).text
        assert (page.count("#entry-"), rest.count("#entry-")) == (25, 2)


class TestNobody:
    async def test_is_told(self, desk: AtDesk) -> None:
        assert "Belum ada yang memanggil Anda" in await desk.page("/mentions")
