import pytest

from console_factories import AtDesk
from core_factories import claimed, contact, form, identity, message, number
from core_service import Served

pytestmark = pytest.mark.integration


@pytest.fixture
async def pair(served: Served) -> tuple[str, str]:
    """Two participants of whom one claims the number of the other, the older one first."""
    found = []
    for place, given in enumerate((message(identities=(identity(),), name="Siti"), form(identities=(claimed(),)))):
        await served.store.apply([contact(given.model_copy(update={"reference": number(place)}))])
        found.append((await served.desk.cases.case(number(place))).participant_id)
    return found[0], found[1]


async def post(desk: AtDesk, what: str) -> str:
    """The panel that htmx puts into the page."""
    url = f"/console/cases/{number(0)}/person/{what}"
    return (await desk.browser.post(url, headers={"hx-request": "true"})).text


async def page(desk: AtDesk) -> str:
    return (await desk.browser.get(f"/console/cases/{number(0)}")).text


class TestSuggestion:
    async def test_accepted_and_undone(self, desk: AtDesk, pair: tuple[str, str]) -> None:
        known, other = pair
        accept = f"{known}/suggestions/{other}/accept"
        assert f'action="/console/cases/{number(0)}/person/{accept}"' in await page(desk)
        panel = await post(desk, accept)
        assert panel.startswith('<aside class="person"')
        assert "Mungkin orang yang sama" not in panel
        assert f"/person/{other}/unmerge" in panel
        assert "Dua peserta ternyata orang yang sama · Dewi" in await page(desk)
        assert "Mungkin orang yang sama" in await post(desk, f"{other}/unmerge")

    async def test_dismissed(self, desk: AtDesk, pair: tuple[str, str]) -> None:
        known, other = pair
        assert "Mungkin orang yang sama" not in await post(desk, f"{known}/suggestions/{other}/dismiss")

    async def test_refused_is_told(self, desk: AtDesk, pair: tuple[str, str]) -> None:
        assert "(not_merged)" in await post(desk, f"{pair[0]}/unmerge")

    async def test_without_script_back_to_the_case(self, desk: AtDesk, pair: tuple[str, str]) -> None:
        known, other = pair
        answer = await desk.browser.post(f"/console/cases/{number(0)}/person/{known}/suggestions/{other}/accept")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{number(0)}")
