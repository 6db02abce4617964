import pytest

from console_factories import AtDesk
from core_factories import contact, form, identity, message, number
from core_service import Served

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)


@pytest.fixture(autouse=True)
async def two(served: Served) -> None:
    known = (identity(),)
    await served.store.apply([contact(message("Insentif saya belum cair", identities=known, reference=FIRST))])
    other = form(("Masalah", "Sertifikat pelatihan belum terbit"), identities=known, reference=SECOND)
    await served.store.apply([contact(other)])


async def post(desk: AtDesk, what: str, other: str) -> str:
    """The part that htmx puts into the page."""
    url = f"/console/cases/{FIRST}/{what}"
    return (await desk.browser.post(url, data={"other": other}, headers={"hx-request": "true"})).text


async def page(desk: AtDesk, case: str = FIRST) -> str:
    return (await desk.browser.get(f"/console/cases/{case}")).text


class TestMerge:
    async def test_and_undo(self, desk: AtDesk) -> None:
        assert f'<input type="hidden" name="other" value="{SECOND}">' in await page(desk)
        assert 'id="case-head"' in await post(desk, "merge", SECOND)
        shown = await page(desk, SECOND)
        assert "digabung ke sini · Dewi" in shown
        assert f'data-part="{SECOND}"' in shown
        assert "Sertifikat pelatihan belum terbit" in shown
        assert f'action="/console/cases/{FIRST}/merge/undo"' in shown
        await post(desk, "merge/undo", SECOND)
        assert f'data-part="{SECOND}"' not in await page(desk)
        assert "Dipisah lagi dari laporan" in await page(desk, SECOND)

    async def test_its_line_leaves_the_list(self, desk: AtDesk) -> None:
        await post(desk, "merge", SECOND)
        assert (await desk.browser.get(f"/console/rows/{SECOND}?place=all")).status_code == 204
        assert (await desk.browser.get(f"/console/rows/{FIRST}?place=open")).status_code == 200

    async def test_refused_is_told(self, desk: AtDesk) -> None:
        assert "(case_not_merged)" in await post(desk, "merge/undo", SECOND)
