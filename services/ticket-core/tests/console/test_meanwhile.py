import asyncio
import re
from typing import Any

import pytest

from console_factories import AtDesk
from core_factories import BUDI, contact, identity, message, number, read, report
from core_service import Served
from kawal.contracts.deliveries import DeliveryState
from ticket_core.domain.case import Agent
from ticket_core.domain.entries import Priority
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import (
    Assign,
    ChangeTags,
    ChangeTopic,
    Input,
    MergeCases,
    Prioritise,
    Reply,
    Resolve,
    SetFields,
    WriteNote,
)

pytestmark = pytest.mark.integration

CASE = number(1)
OTHER = "chat:eeeeeeee"
KEY = "a key of a form"
SENT = {"text": "Kami <periksa>", "key": KEY, "seen": "3"}


@pytest.fixture(autouse=True)
async def case_id(served: Served) -> str:
    """A case with three entries."""
    first = message("Halo", identities=(identity(),), reference=CASE, topic="incentive.not_paid")
    (applied,) = await served.store.apply([contact(first)])
    assert isinstance(applied, Applied)
    assert applied.last_seq == 3
    return applied.case_id


async def answers(served: Served) -> list[str]:
    page = await served.desk.timelines.page(CASE, limit=200)
    return [item.text for item in page.items if item.kind == "message" and item.author == "agent"]


async def send(desk: AtDesk, **changes: Any) -> str:
    return await desk.post(f"/cases/{CASE}/replies", SENT | changes)


class TestForms:
    async def test_say_what_was_on_the_screen(self, desk: AtDesk) -> None:
        page = await desk.page(f"/cases/{CASE}")
        assert page.count('<input type="hidden" name="seen" value="3">') == 2
        assert 'data-seen="3"' in page


class TestAnswer:
    @pytest.mark.parametrize(
        ("given", "told"),
        [
            (contact(message("Sudah cair, terima kasih")), "Peserta menulis: <q>Sudah cair, terima kasih</q>"),
            (Reply(number=CASE, agent=BUDI, text="Saya yang <jawab>"), "Budi menulis: <q>Saya yang &lt;jawab&gt;</q>"),
            (WriteNote(number=CASE, agent=BUDI, text="Sudah saya telepon"), "Budi mencatat untuk petugas: <q>Sudah"),
            (Resolve(number=CASE, agent=BUDI), "Budi mengubah keadaannya: Selesai."),
            (Assign(number=CASE, agent=BUDI, assignee=BUDI), "Sekarang ditangani: Budi (oleh Budi)."),
        ],
        ids=["participant", "answer", "note", "resolved", "taken"],
    )
    async def test_is_stopped_once_and_told_what_came(
        self, desk: AtDesk, served: Served, given: Input, told: str
    ) -> None:
        await served.store.apply([given])
        before = await answers(served)
        box = await send(desk)
        assert told in box
        assert "Kami &lt;periksa&gt;</textarea>" in box
        assert f'name="key" value="{KEY}"' in box
        assert await answers(served) == before
        seen = re.search(r'name="seen" value="(\d+)"', box)
        assert seen
        assert int(seen[1]) > 3
        again = await send(desk, seen=seen[1])
        assert "news" not in again
        assert await answers(served) == [*before, "Kami <periksa>"]

    async def test_without_script_it_is_the_whole_page(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([contact(message("Sudah cair"))])
        page = (await desk.browser.post(f"/console/cases/{CASE}/replies", data=SENT)).text
        assert "<html" in page
        assert "Sementara Anda menulis" in page
        assert "Kami &lt;periksa&gt;</textarea>" in page
        assert await answers(served) == []

    async def test_what_is_no_news_does_not_stop_it(self, desk: AtDesk, served: Served, case_id: str) -> None:
        me = Agent(desk.agent_id, "Dewi Lestari")
        await served.store.apply(
            [
                report(case_id, 3, DeliveryState.DELIVERED),
                contact(read(2)),
                Prioritise(number=CASE, agent=BUDI, priority=Priority.HIGH),
                ChangeTags(number=CASE, agent=BUDI, add=("vip",)),
                SetFields(number=CASE, agent=BUDI, values={"batch": 12}),
                ChangeTopic(number=CASE, agent=BUDI, topic="incentive.payment_failed"),
                Assign(number=CASE, agent=BUDI, assignee=me),
                WriteNote(number=CASE, agent=me, text="Saya kerjakan"),
            ]
        )
        assert "news" not in await send(desk)
        assert await answers(served) == ["Kami <periksa>"]

    async def test_that_went_out_is_not_stopped_when_it_is_sent_again(self, desk: AtDesk, served: Served) -> None:
        await send(desk)
        await served.store.apply([contact(message("Terima kasih"))])
        assert "news" not in await send(desk)
        assert await answers(served) == ["Kami <periksa>"]

    async def test_without_saying_what_was_seen_it_is_sent(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([contact(message("Sudah cair"))])
        await desk.post(f"/cases/{CASE}/replies", {"text": "Baik", "key": KEY})
        assert await answers(served) == ["Baik"]

    async def test_of_two_at_the_same_moment_one_is_stopped(self, desk: AtDesk, served: Served) -> None:
        """The other agent's answer is written between what this one has seen and what he sends."""
        theirs = served.desk.batcher.submit(Reply(number=CASE, agent=BUDI, text="Saya dulu"))
        box, _ = await asyncio.gather(send(desk), theirs)
        sent = await answers(served)
        if "news" in box:
            assert sent == ["Saya dulu"]
        else:
            assert sent == ["Kami <periksa>", "Saya dulu"]

    async def test_to_a_case_that_is_part_of_another(self, desk: AtDesk, served: Served) -> None:
        known = (identity(),)
        elsewhere = message("Lain", conversation=OTHER, identities=known, reference=number(2), topic="account.other")
        merging = MergeCases(number=number(2), agent=BUDI, other=CASE)
        assert all(isinstance(done, Applied) for done in await served.store.apply([contact(elsewhere), merging]))
        assert "bagian dari laporan lain" in await send(desk)
        assert await answers(served) == []


class TestResolve:
    async def test_is_stopped_once_with_the_reason_kept(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([contact(message("Belum cair juga"))])
        head = await desk.post(f"/cases/{CASE}/resolve", {"reason": "fixed", "seen": "3"})
        assert "Peserta menulis: <q>Belum cair juga</q>" in head
        assert '<option value="fixed" selected>' in head
        assert (await served.desk.cases.case(CASE)).state == "new"
        await desk.post(f"/cases/{CASE}/resolve", {"reason": "fixed", "seen": "4"})
        assert (await served.desk.cases.case(CASE)).state == "resolved"


class TestMacro:
    async def test_is_stopped_with_what_it_would_do(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([contact(message("Sudah cair"))])
        macro = next(one for one in served.desk.macros.of_file if one.macro.is_for(None))
        box = await send(desk, macro=macro.macro.key)
        assert "Peserta menulis: <q>Sudah cair</q>" in box
        assert await answers(served) == []
