import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import AtDesk
from core_factories import BUDI, PHONE, SPACE, callback, contact, form, identity, message, number, read, voicemail
from core_service import Served
from kawal.contracts.interactions import Interaction
from kawal.contracts.words import IdentityKind
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Reply, Resolve, TimerFired, TimerKind
from ticket_core.domain.policy import Policy
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, utc_now
from ticket_core.store.timeline import MOST_ENTRIES

pytestmark = pytest.mark.integration

SCRIPT = "<script>alert(1)</script>"
TOPIC = ("Apa masalahnya?", "Insentif belum cair")
EMAIL = identity("budi@example.org", kind=IdentityKind.EMAIL)
CAN, CANNOT = 'type="submit">Kirim', 'type="submit" disabled>Kirim'


@pytest.fixture
async def case(served: Served) -> str:
    """The number of a case with a name and a message that try to be HTML."""
    (applied,) = await served.store.apply([contact(message(SCRIPT, name="Sari <b>", reference=number(1)))])
    assert isinstance(applied, Applied)
    return applied.number


async def entries(desk: AtDesk, case: str, after: int = 0) -> str:
    return (await desk.browser.get(f"/console/cases/{case}/entries?after={after}")).text


async def key_of(desk: AtDesk, case: str) -> str:
    page = (await desk.browser.get(f"/console/cases/{case}")).text
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


class TestList:
    async def test_shows_cases_escaped(self, desk: AtDesk, case: str) -> None:
        page = (await desk.browser.get("/console/")).text
        assert f"row-{case}" in page
        assert "Sari &lt;b&gt;" in page
        assert SCRIPT not in page

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            (voicemail(identities=(identity(),)), (PHONE, "Pesan suara, 2 dtk")),
            (callback(identities=(identity(),)), (PHONE, "Minta ditelepon balik")),
            (voicemail(), ("Tanpa nama", "Pesan suara, 2 dtk")),
            (
                form(TOPIC, ("Kapan?", "3 Mei"), ("Isi", "Belum cair juga,\nsudah lama")),
                ("Belum cair juga, sudah lama",),
            ),
            (form(TOPIC, ("Isi", "Macet"), identities=(EMAIL,)), ("budi@example.org", "Macet")),
            (form(TOPIC), ("Tanpa nama", ">Insentif belum cair<")),
        ],
        ids=["caller", "call back", "hidden number", "form", "short form", "only a topic"],
    )
    async def test_says_who_and_what(
        self, desk: AtDesk, served: Served, said: Interaction, shown: tuple[str, ...]
    ) -> None:
        (applied,) = await served.store.apply([contact(said)])
        assert isinstance(applied, Applied)
        for part in ("list", f"rows/{applied.number}", f"list?q={applied.number}"):
            page = " ".join((await desk.page(f"/{part}")).split())
            assert [text for text in shown if text not in page] == []
            assert TOPIC[0] not in page

    async def test_empty_place_says_so(self, desk: AtDesk) -> None:
        assert "Tidak ada yang menunggu" in (await desk.browser.get("/console/?place=mine")).text

    async def test_search(self, desk: AtDesk, case: str) -> None:
        assert f"row-{case}" in (await desk.browser.get(f"/console/list?q={case}")).text
        assert f"row-{case}" not in (await desk.browser.get("/console/list?q=nobody")).text

    async def test_unknown_place_is_refused(self, desk: AtDesk) -> None:
        assert (await desk.browser.get("/console/?place=nowhere")).status_code == 422

    async def test_a_changed_case_leaves_a_list_that_it_does_not_belong_to(self, desk: AtDesk, case: str) -> None:
        assert (await desk.browser.get(f"/console/rows/{case}?place=unassigned")).status_code == 200
        await desk.browser.post(f"/console/cases/{case}/assign", data={"assignee_id": desk.agent_id})
        assert (await desk.browser.get(f"/console/rows/{case}?place=unassigned")).status_code == 204
        assert (await desk.browser.get(f"/console/rows/{case}?place=mine")).status_code == 200

    async def test_what_waits_for_the_participant_is_nothing_to_do(self, desk: AtDesk, case: str) -> None:
        assert (await desk.browser.get(f"/console/rows/{case}?place=pending")).status_code == 204
        await desk.post(f"/cases/{case}/pend")
        assert f"row-{case}" not in await desk.page("/?place=open")
        assert f"row-{case}" in await desk.page("/?place=pending")
        assert (await desk.browser.get(f"/console/rows/{case}?place=open")).status_code == 204
        assert (await desk.browser.get(f"/console/rows/{case}?place=pending")).status_code == 200
        assert (await desk.browser.get("/console/count")).text == "0"
        await desk.post(f"/cases/{case}/resume")
        assert f"row-{case}" in await desk.page("/?place=open")

    async def test_rows_say_when_something_last_happened(self, desk: AtDesk, case: str) -> None:
        row = (await desk.browser.get(f"/console/rows/{case}")).text
        assert re.search(r'data-activity="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 [0-9a-f-]{36}"', row)

    async def test_how_many_need_somebody(self, desk: AtDesk, case: str) -> None:
        assert (await desk.browser.get("/console/count")).text == "1"
        await desk.browser.post(f"/console/cases/{case}/resolve")
        assert (await desk.browser.get("/console/count")).text == "0"

    async def test_is_live_from_before_it_was_read(self, desk: AtDesk, served: Served) -> None:
        page = (await desk.browser.get("/console/")).text
        found = re.search(r'data-after="([^"]+)"', page)
        assert found
        await served.store.apply([contact(message("Baru", reference=number(1)))])
        async with desk.browser.stream("GET", f"/v1/events?after={found[1]}") as response:
            lines = response.aiter_lines()
            async with asyncio.timeout(10):
                assert any([number(1) in line async for line in _until(lines, "data: ")])

    async def test_many_come_page_by_page(self, desk: AtDesk, served: Served) -> None:
        people = [contact(message(f"Halo {i}", conversation=f"chat:conversation{i:03d}")) for i in range(45)]
        await served.store.apply(people)
        page = (await desk.browser.get("/console/")).text
        assert page.count("case-row__link") == 40
        more = re.search(r'hx-get="(/console/list[^"]+cursor=[^"]+)"', page)
        assert more
        assert (await desk.browser.get(more[1].replace("&amp;", "&"))).text.count("case-row__link") == 5


async def _until(lines: AsyncIterator[str], beginning: str) -> AsyncIterator[str]:
    """The lines up to the first with this beginning."""
    async for line in lines:
        yield line
        if line.startswith(beginning):
            return


class TestCase:
    async def test_three_channels_in_one_timeline(self, desk: AtDesk, served: Served) -> None:
        who = (identity(),)
        applied, *_ = await served.store.apply(
            [
                contact(message("Lewat chat", identities=who)),
                contact(voicemail(identities=who)),
                contact(callback(identities=who, conversation="voice:dddddddd")),
                contact(form(("Masalah", "Lewat formulir"), identities=who)),
            ]
        )
        assert isinstance(applied, Applied)
        page = (await desk.browser.get(f"/console/cases/{applied.number}")).text
        assert "Lewat chat" in page
        assert "Lewat formulir" in page
        assert "<audio controls" in page
        assert "Minta ditelepon balik" in page

    async def test_stored_script_stays_text(self, desk: AtDesk, case: str) -> None:
        page = (await desk.browser.get(f"/console/cases/{case}")).text
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page

    async def test_unknown_number_is_a_page_not_json(self, desk: AtDesk) -> None:
        answer = await desk.browser.get("/console/cases/1234567890")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")

    async def test_part_for_htmx_is_not_the_whole_page(self, desk: AtDesk, case: str) -> None:
        part = (await desk.browser.get(f"/console/cases/{case}", headers={"hx-request": "true"})).text
        assert "<html" not in part
        assert "timeline" in part

    async def test_going_back_is_answered_with_the_whole_page(self, desk: AtDesk, case: str) -> None:
        headers = {"hx-request": "true", "hx-history-restore-request": "true"}
        assert "<html" in (await desk.browser.get(f"/console/cases/{case}", headers=headers)).text

    async def test_entries_behind_a_place(self, desk: AtDesk, case: str, served: Served) -> None:
        before = await entries(desk, case)
        await served.store.apply([contact(message("Baru"))])
        assert "Baru" not in before
        assert "Baru" in await entries(desk, case, after=3)

    async def test_what_the_participant_has_read_meanwhile(self, desk: AtDesk, case: str, served: Served) -> None:
        await served.store.apply([Reply(number=case, agent=BUDI, text="Kami periksa")])
        await served.store.apply([contact(read(3))])
        changed = await entries(desk, case, after=4)
        assert 'data-replaces="4"' in changed
        assert "Chat: dibaca" in changed

    async def test_language(self, desk: AtDesk, case: str) -> None:
        await desk.browser.get("/console/language/en")
        assert "Resolve" in (await desk.browser.get(f"/console/cases/{case}")).text


class TestWayOfAnswers:
    @pytest.mark.parametrize(
        ("opening", "words", "button"),
        [
            (callback(identities=(identity(),)), "Ditelepon dan dibacakan", CAN),
            (
                callback(identities=(identity("budi@example.org", kind=IdentityKind.EMAIL),)),
                "Lewat e-mail: nomor disembunyikan",
                CAN,
            ),
            (callback(), "Tidak bisa dijawab: nomor disembunyikan", CANNOT),
            (form(), "Halaman status", CAN),
            (
                form(identities=(identity("budi@example.org", kind=IdentityKind.EMAIL),)),
                "Halaman status dan e-mail",
                CAN,
            ),
            (message(), "Dibalas lewat chat", CAN),
        ],
    )
    async def test_is_said(self, desk: AtDesk, served: Served, opening: Interaction, words: str, button: str) -> None:
        (applied,) = await served.store.apply([contact(opening)])
        assert isinstance(applied, Applied)
        page = (await desk.browser.get(f"/console/cases/{applied.number}")).text
        assert f">{words}</span>" in page
        assert button in page

    async def test_leads_to_where_it_is_heard(self, desk: AtDesk, served: Served) -> None:
        chat = message("Halo", identities=(identity("P1", kind=IdentityKind.PARTICIPANT_NUMBER),))
        hidden = callback(identities=(identity("P1", kind=IdentityKind.PARTICIPANT_NUMBER),))
        applied, _ = await served.store.apply([contact(chat), contact(hidden)])
        assert isinstance(applied, Applied)
        page = (await desk.browser.get(f"/console/cases/{applied.number}")).text
        assert f'<option value="{chat.conversation_id}" selected>' in page
        assert f'<option value="{hidden.conversation_id}" disabled>' in page

    async def test_of_a_closed_case_there_is_none(self, desk: AtDesk, engine: AsyncEngine, case: str) -> None:
        at_once = Policy(reopen_within=timedelta(0), close_after=timedelta(0))
        closing = CaseStore(engine, numbers=CaseNumbers(engine, space=SPACE), policy=at_once)
        (resolved,) = await closing.apply([Resolve(number=case, agent=BUDI)])
        assert isinstance(resolved, Applied)
        await closing.apply([TimerFired(resolved.case_id, TimerKind.CLOSE, utc_now())])
        assert "Laporan sudah ditutup" in (await desk.browser.get(f"/console/cases/{case}")).text


class TestLongTimeline:
    @pytest.fixture
    async def long(self, served: Served, case: str) -> str:
        """A case whose first message is behind `MOST_ENTRIES` others."""
        await served.store.apply([contact(message(f"Pesan {count}.")) for count in range(MOST_ENTRIES)])
        return case

    async def test_shows_the_latest_and_the_way_to_the_earlier(self, desk: AtDesk, long: str) -> None:
        page = (await desk.browser.get(f"/console/cases/{long}")).text
        assert f"Pesan {MOST_ENTRIES - 1}." in page
        assert "&lt;script&gt;alert(1)" not in page.partition('id="timeline"')[2].partition("</ol>")[0]
        before = re.search(rf'href="/console/cases/{long}\?before=(\d+)"', page)
        assert before
        for way in (f"/console/cases/{long}?before={before[1]}", f"/console/cases/{long}/earlier?before={before[1]}"):
            earlier = (await desk.browser.get(way)).text
            assert 'id="entry-2"' in earlier
            assert f'id="entry-{before[1]}"' not in earlier
            assert 'id="earlier"' not in earlier

    async def test_what_is_around_it_takes_no_more_than_for_a_short_one(
        self, desk: AtDesk, case: str, served: Served, engine: AsyncEngine
    ) -> None:
        async def asked() -> int:
            statements: list[str] = []
            listen = (engine.sync_engine, "before_cursor_execute")

            def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
                statements.append(statement)

            event.listen(*listen, note)
            await desk.browser.get(f"/console/cases/{case}/around")
            event.remove(*listen, note)
            return len(statements)

        await asked()  # what is known for a while is read
        few = await asked()
        await served.store.apply([contact(message(f"Pesan {count}.")) for count in range(MOST_ENTRIES)])
        assert await asked() == few


class TestAway:
    async def test_a_page_says_so(self, desk: AtDesk, case: str, engine: AsyncEngine) -> None:
        def refuse(*_: object) -> None:
            raise ConnectionRefusedError

        event.listen(engine.sync_engine, "do_connect", refuse)
        await engine.dispose()
        for path in ("/console/", f"/console/cases/{case}"):
            answer = await desk.browser.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("text/html")
            assert int(answer.headers["retry-after"]) > 0
        part = await desk.browser.get(f"/console/cases/{case}/around", headers={"hx-request": "true"})
        assert part.headers["content-type"] == "application/problem+json"


class TestActing:
    async def test_answer_appears_once_whatever_is_clicked(self, desk: AtDesk, case: str) -> None:
        answer = {"text": "Kami periksa", "key": await key_of(desk, case)}
        for _ in range(2):
            assert (await desk.browser.post(f"/console/cases/{case}/replies", data=answer)).status_code == 303
        assert (await entries(desk, case)).count("Kami periksa") == 1

    @pytest.mark.parametrize("first", ["notes", "replies"])
    async def test_a_note_and_an_answer_from_one_page(self, desk: AtDesk, case: str, first: str) -> None:
        key = await key_of(desk, case)
        for what in (first, {"notes": "replies", "replies": "notes"}[first]):
            sent = await desk.browser.post(f"/console/cases/{case}/{what}", data={"text": f"Ini {what}", "key": key})
            assert sent.status_code == 303
        written = await entries(desk, case)
        assert "Ini notes" in written
        assert "Ini replies" in written

    async def test_control_characters_are_refused(self, desk: AtDesk, case: str) -> None:
        answer = {"text": "Baik", "key": "12345678\x01", "conversation_id": ""}
        assert (await desk.browser.post(f"/console/cases/{case}/replies", data=answer)).status_code == 422
        topic = {"topic": "account\x01"}
        assert (await desk.browser.post(f"/console/cases/{case}/topic", data=topic)).status_code == 422

    async def test_refused_answer_is_not_lost(self, desk: AtDesk, case: str, served: Served) -> None:
        answer = {"text": "Sudah ya", "key": await key_of(desk, case), "conversation_id": "chat:somebodyelse"}
        page = (await desk.browser.post(f"/console/cases/{case}/replies", data=answer)).text
        assert "<html" in page
        assert "Sudah ya</textarea>" in page
        assert "conversation_not_found" in page
        assert f'name="key" value="{answer["key"]}"' in page

    async def test_an_answer_changed_after_it_went_out_gets_a_key_of_its_own(self, desk: AtDesk, case: str) -> None:
        answer = {"text": "Sudah ya", "key": await key_of(desk, case)}
        await desk.browser.post(f"/console/cases/{case}/replies", data=answer)
        page = (await desk.browser.post(f"/console/cases/{case}/replies", data=answer | {"text": "Lain"})).text
        assert "Lain</textarea>" in page
        assert answer["key"] not in page

    async def test_an_agent_who_left_meanwhile(self, desk: AtDesk, case: str) -> None:
        form_ = {"assignee_id": "00000000-0000-0000-0000-000000000000"}
        headers = {"hx-request": "true"}
        answer = await desk.browser.post(f"/console/cases/{case}/assign", data=form_, headers=headers)
        assert "agent_not_found" in answer.text

    async def test_resolve_and_reopen(self, desk: AtDesk, case: str, served: Served) -> None:
        for what, state in (("resolve", "resolved"), ("reopen", "open")):
            await desk.browser.post(f"/console/cases/{case}/{what}")
            assert (await served.desk.cases.case(case)).state == state

    async def test_topic(self, desk: AtDesk, case: str, served: Served) -> None:
        await desk.browser.post(f"/console/cases/{case}/topic", data={"topic": "registration.otp_not_received"})
        assert (await served.desk.cases.case(case)).topic == "registration.otp_not_received"
        await desk.browser.post(f"/console/cases/{case}/topic", data={"topic": ""})
        assert (await served.desk.cases.case(case)).topic is None

    async def test_another_sites_page_can_do_nothing(self, desk: AtDesk, case: str, served: Served) -> None:
        foreign = {"sec-fetch-site": "cross-site"}
        answer = await desk.browser.post(f"/console/cases/{case}/resolve", headers=foreign)
        assert answer.status_code == 403
        assert (await served.desk.cases.case(case)).state == "new"
