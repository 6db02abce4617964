import pytest

from console_factories import AtDesk
from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import ChangeTags, SetFields

pytestmark = pytest.mark.integration

KEY = {"key": "a key of a form"}


@pytest.fixture
async def case(served: Served) -> str:
    (applied,) = await served.store.apply([contact(message(reference=number(1), topic="incentive.not_paid"))])
    assert isinstance(applied, Applied)
    return applied.number


async def post(desk: AtDesk, case: str, what: str, **data: str) -> str:
    """The part that htmx puts into the page."""
    answer = await desk.browser.post(f"/console/cases/{case}/{what}", data=data, headers={"hx-request": "true"})
    return answer.text


async def page(desk: AtDesk, case: str) -> str:
    return (await desk.browser.get(f"/console/cases/{case}")).text


class TestHead:
    async def test_waits_for_the_participant_and_goes_on(self, desk: AtDesk, case: str) -> None:
        pending = await post(desk, case, "pend")
        assert "Menunggu peserta" in pending
        assert f"/console/cases/{case}/pend" not in pending
        assert f"/console/cases/{case}/pend" in await post(desk, case, "resume")

    async def test_on_hold_says_why(self, desk: AtDesk, case: str) -> None:
        held = await post(desk, case, "hold", reason="technical_fix")
        assert "<span>Menunggu perbaikan sistem</span>" in held
        assert 'value="technical_fix" selected' in held
        assert "Keadaan: Ditahan (Menunggu perbaikan sistem)" in await page(desk, case)

    async def test_priority(self, desk: AtDesk, case: str) -> None:
        assert 'value="urgent" selected' in await post(desk, case, "priority", priority="urgent")
        assert "Mendesak · Dewi" in await page(desk, case)

    async def test_a_step_that_is_not_legal_is_told(self, desk: AtDesk, case: str) -> None:
        await post(desk, case, "resolve")
        assert "(case_resolved)" in await post(desk, case, "pend")

    async def test_without_script_back_to_the_case(self, desk: AtDesk, case: str) -> None:
        for what, data in (("pend", {}), ("hold", {"reason": "technical_fix"}), ("notes", {"text": "x", **KEY})):
            answer = await desk.browser.post(f"/console/cases/{case}/{what}", data=data)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{case}")


class TestNotes:
    async def test_are_shown_apart_and_escaped(self, desk: AtDesk, case: str) -> None:
        box = await post(desk, case, "notes", text="Cek <b>bank</b> dulu", **KEY)
        assert 'id="note"' in box
        assert "bank" not in box
        entries = (await desk.browser.get(f"/console/cases/{case}/entries?after=3")).text
        assert 'class="entry entry--note"' in entries
        assert "Cek &lt;b&gt;bank&lt;/b&gt; dulu" in entries

    async def test_twice_with_one_key_is_once(self, desk: AtDesk, case: str) -> None:
        for _ in range(2):
            await post(desk, case, "notes", text="Satu kali", **KEY)
        assert (await page(desk, case)).count("Satu kali") == 1
        other = await post(desk, case, "notes", text="Lain", **KEY)
        assert "(idempotency_conflict)" in other
        assert ">Lain</textarea>" in other

    async def test_call_a_colleague(self, desk: AtDesk, case: str, served: Served) -> None:
        await post(desk, case, "notes", text="@Dewi Lestari tolong", **KEY)
        (one,) = (await served.desk.mentions.page(desk.agent_id)).items
        assert (one.number, one.author_id) == (case, desk.agent_id)


class TestTimeline:
    async def test_says_what_was_written_down(self, desk: AtDesk, case: str, served: Served) -> None:
        values = {"paid_through": "gopay", "call_back_wanted": True, "batch": None}
        await served.store.apply([SetFields(number=case, agent=BUDI, values=values | {"transaction_id": "<i>"})])
        await served.store.apply([ChangeTags(number=case, agent=BUDI, add=("vip",))])
        shown = await page(desk, case)
        assert "Rekening atau dompet digital: GoPay" in shown
        assert "Minta ditelepon: ya" in shown
        assert "Nomor transaksi: &lt;i&gt;" in shown
        assert "Label: vip" in shown
