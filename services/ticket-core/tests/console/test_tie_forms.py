"""Links and splits from the page of a case, with and without script."""

import re

import pytest
from playwright.async_api import Page, expect

from console_factories import AtDesk, assert_usable
from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core.domain.inputs import GoesOn, Reply, SplitCase

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)
TRAINING = "Sertifikat pelatihan belum terbit"


@pytest.fixture(autouse=True)
async def cases(served: Served) -> None:
    """One case about two problems, and one of somebody else."""
    await served.store.apply([contact(message("Insentif saya belum cair", reference=FIRST, name="Siti"))])
    await served.store.apply([contact(message(TRAINING))])
    await served.store.apply([Reply(number=FIRST, agent=BUDI, text="Segera terbit")])
    await served.store.apply([contact(message("Kartu hilang", conversation="chat:bbbbbbbb", reference=SECOND))])


async def sent(desk: AtDesk, path: str, **data: object) -> str:
    """What a browser without script shows after it has sent a form."""
    answer = await desk.browser.post(f"/console/cases/{path}", data=data, follow_redirects=True)
    return answer.text


async def page(desk: AtDesk, path: str = FIRST) -> str:
    return (await desk.browser.get(f"/console/cases/{path}")).text


async def split(served: Served) -> str:
    (made,) = await served.store.apply(
        [SplitCase(number=FIRST, entries=(4, 5), agent=BUDI, reason="Dua kendala", goes_on=GoesOn.NEWEST)]
    )
    return made.number  # type: ignore[union-attr]


class TestLinks:
    async def test_one_looks_before_one_links(self, desk: AtDesk) -> None:
        looked = await page(desk, f"{FIRST}/links/new?other={SECOND[:3]}-{SECOND[3:6]}-{SECOND[6:]}")
        assert "Kartu hilang" in looked
        shown = await sent(desk, f"{FIRST}/links", other=SECOND, relation="child", reason="Satu penyebab")
        assert re.search(rf'Bagian dari laporan ini</span>\s*<a href="/console/cases/{SECOND}">', shown)
        assert "(Satu penyebab) · Dewi Lestari" in shown
        assert "Laporan induk" in await page(desk, SECOND)

    async def test_and_undone(self, desk: AtDesk) -> None:
        await sent(desk, f"{FIRST}/links", other=SECOND, relation="related")
        part = await desk.post(f"/cases/{SECOND}/links/undo", {"other": FIRST})
        assert 'id="case-ties"' in part
        assert FIRST not in part
        assert "Tautan dilepas" in await page(desk)

    async def test_refused_is_told(self, desk: AtDesk) -> None:
        assert "(case_not_found)" in await page(desk, f"{FIRST}/links/new?other={number(9)}")
        assert "(case_not_found)" in await page(desk, f"{FIRST}/links/new?other=apa")
        refused = await sent(desk, f"{FIRST}/links", other=FIRST, relation="parent", reason="Keliru")
        assert "Itu laporan yang sama." in refused
        assert 'value="Keliru"' in refused
        assert "(not_linked)" in await desk.post(f"/cases/{FIRST}/links/undo", {"other": SECOND})
        assert "(not_linked)" in await sent(desk, f"{FIRST}/links/undo", other=SECOND)


class TestSplit:
    async def test_one_looks_before_one_splits(self, desk: AtDesk) -> None:
        assert '<input type="checkbox" form="split" name="entry" value="4"' in await page(desk)
        looked = await page(desk, f"{FIRST}/split?entry=4&onwards=true")
        assert "2 pesan jadi laporan baru" in looked
        assert looked.count('<input type="hidden" name="entry"') == 1
        new = await sent(
            desk,
            f"{FIRST}/split",
            entry=["4"],
            onwards="true",
            reason="Dua kendala",
            topic="training.certificate_missing",
        )
        assert "Dipisah dari laporan" in new
        assert f"/console/cases/{FIRST}" in new
        old = await page(desk)
        assert old.count("entry--moved") == 2
        assert '<input type="checkbox" form="split" name="entry" value="4"' not in old

    async def test_and_undone(self, served: Served, desk: AtDesk) -> None:
        new = await split(served)
        assert f'action="/console/cases/{new}/unsplit"' in await page(desk, new)
        back = await sent(desk, f"{new}/unsplit")
        assert f'data-number="{FIRST}"' in back
        assert "entry--moved" not in back
        assert f"Kembali dari laporan {new[:3]}-{new[3:6]}-{new[6:]}" in back

    async def test_nothing_is_ticked(self, desk: AtDesk) -> None:
        assert "Belum ada yang dicentang." in await page(desk, f"{FIRST}/split")

    async def test_refused_is_told(self, served: Served, desk: AtDesk) -> None:
        refused = await sent(desk, f"{FIRST}/split", entry=["2", "4"], reason="Dua kendala", goes_on="new_case")
        assert "(whole_case)" in refused
        assert 'value="new_case" checked' in refused
        await split(served)
        assert "Petugas lain sudah memindahkan" in await sent(desk, f"{FIRST}/split", entry=["4"], reason="Lagi")
        assert "(not_split)" in await sent(desk, f"{FIRST}/unsplit")


class TestInABrowser:
    async def test_from_the_tick_to_the_undo(self, at_desk: Page, served: Served) -> None:
        await at_desk.goto(f"/console/cases/{FIRST}")
        await at_desk.locator("#entry-4 input").check()
        await at_desk.locator("#entry-5 input").check()
        await at_desk.locator("#split-look").click()
        await expect(at_desk.locator(".before__what li")).to_have_count(2)
        await at_desk.fill("#reason", "Dua kendala")
        await at_desk.locator("#split-do").click()
        await expect(at_desk.locator("article.case")).not_to_have_attribute("data-number", FIRST)
        await expect(at_desk.locator("#timeline .bubble").first).to_have_text(TRAINING)
        await at_desk.get_by_role("button", name="Batalkan pemisahan").click()
        await expect(at_desk.locator("article.case")).to_have_attribute("data-number", FIRST)

    async def test_who_looks_on_sees_it(self, at_desk: Page, served: Served) -> None:
        await at_desk.goto(f"/console/cases/{FIRST}")
        await expect(at_desk.locator("#live")).to_have_attribute("data-state", "on")
        new = await split(served)
        await expect(at_desk.locator("#entry-4.entry--moved")).to_have_count(1)
        await expect(at_desk.locator("#case-ties")).to_contain_text("Dipisah dari laporan ini")
        await served.client.post(f"/v1/cases/{new}/unsplit")
        await expect(at_desk.locator("#entry-4.entry--moved")).to_have_count(0)

    @pytest.mark.parametrize("path", ["", f"/links/new?other={SECOND}", "/split?entry=2"])
    async def test_on_every_screen(self, at_desk: Page, served: Served, path: str) -> None:
        await split(served)
        await served.client.post(f"/v1/cases/{FIRST}/links", json={"other": SECOND, "relation": "parent"})
        await at_desk.goto(f"/console/cases/{FIRST}{path}")
        await assert_usable(at_desk)
