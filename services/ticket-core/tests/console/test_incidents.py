import re
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import AtDesk
from core_factories import BUDI, contact, message, number
from core_service import Served
from incident_factories import risen
from ticket_core.domain.inputs import Resolve
from ticket_core.incident_updates import IncidentUpdates

pytestmark = pytest.mark.integration

KEY = "a key of a form"
MADE = {"title_id": "Situs <mati>", "title_en": "The site is down", "key": KEY}
TEXTS = {"text_id": "Sudah <pulih>", "text_en": "It is back", "key": KEY}


@pytest.fixture
async def numbers(served: Served) -> list[str]:
    """Three cases."""
    given = [number(at) for at in range(3)]
    heard = [
        contact(message(f"Masalah {at}", conversation=f"chat:{at:08d}", reference=one)) for at, one in enumerate(given)
    ]
    await served.store.apply(heard)
    return given


async def made(desk: AtDesk, **changes: Any) -> str:
    """The place of a new incident."""
    answer = await desk.browser.post("/console/incidents", data=MADE | changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/console")


class TestList:
    async def test_says_when_there_is_nothing(self, desk: AtDesk) -> None:
        page = await desk.page("/incidents")
        assert "Tidak ada topik yang lebih ramai dari biasanya." in page
        assert "Tidak ada insiden." in page

    async def test_open_ones_come_first(self, desk: AtDesk) -> None:
        over, going_on = await made(desk), await made(desk, key="another key of a form")
        await desk.browser.post(f"/console{over}/resolve")
        page = await desk.page("/incidents")
        assert page.index(going_on) < page.index("Sudah selesai</h2>") < page.index(over)
        assert "Situs &lt;mati&gt;" in page
        assert over in await desk.page("/incidents?state=resolved")

    async def test_page_by_page(self, desk: AtDesk) -> None:
        for at in range(26):
            await made(desk, key=f"key number {at}")
        page = await desk.page("/incidents")
        more = re.search(r'hx-get="(/console/incidents\?[^"]+cursor=[^"]+)"', page)
        assert more
        rest = await desk.browser.get(more[1].replace("&amp;", "&"), headers={"hx-request": "true"})
        assert (page.count("incident-row"), rest.text.count("incident-row")) == (25, 1)

    async def test_is_in_the_navigation_with_what_waits(self, desk: AtDesk, engine: AsyncEngine) -> None:
        assert "hidden>0 <span" in await desk.page("/")
        await risen(engine, "account.other")
        assert '>1 <span class="visually-hidden">usulan' in await desk.page("/")
        assert ">1 <span" in await desk.page("/incidents/count")


class TestSuggestions:
    async def test_are_explained(self, desk: AtDesk, engine: AsyncEngine, numbers: list[str]) -> None:
        await risen(engine, "account.other")
        page = await desk.page("/incidents")
        for said in (
            "<strong>31</strong> orang per jam",
            "biasanya 3,5 per jam",
            "27 orang dengan 3 laporan",
            "dashboard",
        ):
            assert said in page
        assert all(f'href="/console/cases/{one}"' in page for one in numbers)

    async def test_accepted_with_their_cases(self, desk: AtDesk, engine: AsyncEngine, numbers: list[str]) -> None:
        suggestion = await risen(engine, "account.other")
        place = await made(desk, suggestion_id=suggestion, join="true")
        page = await desk.page(place)
        assert all(f'value="{one}"' in page for one in numbers)
        assert "Kendala lain" in page
        again = await desk.browser.post(
            "/console/incidents", data=MADE | {"suggestion_id": suggestion, "key": "a new key"}
        )
        assert "Petugas lain sudah memutuskan" in again.text

    async def test_dismissed(self, desk: AtDesk, engine: AsyncEngine, numbers: list[str]) -> None:
        suggestion = await risen(engine, "account.other")
        answer = await desk.browser.post(f"/console/incidents/suggestions/{suggestion}/dismiss")
        assert answer.headers["location"] == "/console/incidents"
        assert f"suggestion-{suggestion}" not in await desk.page("/incidents")


class TestCases:
    async def test_join_as_they_were_pasted_with_a_result_each(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        shown = f"{numbers[0][:3]}-{numbers[0][3:6]}-{numbers[0][6:]}"
        answer = await desk.post(f"{place}/cases", {"numbers": f"{shown},{numbers[1]}\n{numbers[0]} 123 {number(77)}"})
        assert "2 berhasil, 2 tidak bisa" in answer
        assert answer.count("(case_not_found)") == 2
        assert f'value="{numbers[1]}"' in await desk.page(place)

    async def test_leave(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        await desk.post(f"{place}/cases", {"numbers": " ".join(numbers)})
        assert "2 berhasil" in await desk.post(f"{place}/cases/detach", {"numbers": numbers[:2]})
        assert f'value="{numbers[0]}"' not in await desk.page(place)

    async def test_none_or_too_many_are_told(self, desk: AtDesk) -> None:
        place = await made(desk)
        many = ",".join(number(at) for at in range(501))
        assert "(too_many_cases)" in await desk.post(f"{place}/cases", {"numbers": many})
        assert "(none_chosen)" in await desk.post(f"{place}/cases/detach")

    async def test_refused_is_told_without_script_too(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        await desk.browser.post(f"/console{place}/resolve")
        answer = await desk.browser.post(f"/console{place}/cases", data={"numbers": numbers[0]})
        assert "<html" in answer.text
        assert "(incident_resolved)" in answer.text

    async def test_page_by_page(self, desk: AtDesk, served: Served) -> None:
        many = [number(at) for at in range(51)]
        await served.store.apply(
            [contact(message(conversation=f"chat:{at:08d}", reference=one)) for at, one in enumerate(many)]
        )
        place = await made(desk)
        await desk.post(f"{place}/cases", {"numbers": " ".join(many)})
        page = await desk.page(place)
        more = re.search(rf'hx-get="/console({place}\?after=[^"]+)"', page)
        assert more
        rest = await desk.browser.get(f"/console{more[1]}", headers={"hx-request": "true"})
        assert (page.count('class="incident-case"'), rest.text.count('class="incident-case"')) == (50, 1)


class TestUpdate:
    async def test_is_shown_before_it_is_sent(
        self, desk: AtDesk, served: Served, engine: AsyncEngine, numbers: list[str]
    ) -> None:
        place = await made(desk)
        await desk.post(f"{place}/cases", {"numbers": " ".join(numbers)})
        form = await desk.post(f"{place}/updates/preview", TEXTS)
        assert "Kirim ke 3 laporan" in form
        assert "Chat: 3" in form
        assert 'lang="id">Sudah &lt;pulih&gt;</p>' in form
        assert (await served.desk.incidents.updates(place.rpartition("/")[2])) == []
        assert "Sudah &lt;pulih&gt;</textarea>" in await desk.post(f"{place}/updates/edit", TEXTS)
        for _ in range(2):
            sent = await desk.post(f"{place}/updates", TEXTS)
            assert "3 menunggu" in sent
            assert 'hx-trigger="every 2s"' in sent
        await IncidentUpdates(engine, apply=served.store.apply).tell()
        told = await desk.page(f"{place}/updates")
        assert told.count("3 diberi tahu") == 1
        assert "every 2s" not in told
        entries = await desk.page(f"/cases/{numbers[0]}/entries")
        assert "Kabar insiden</p>Sudah &lt;pulih&gt;" in entries

    async def test_that_reaches_nobody_cannot_be_sent(self, desk: AtDesk) -> None:
        form = await desk.post(f"{await made(desk)}/updates/preview", TEXTS)
        assert re.search(r'id="update-send"[^>]+ disabled>', form)

    async def test_without_script(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        await desk.browser.post(f"/console{place}/cases", data={"numbers": numbers[0]})
        page = (await desk.browser.post(f"/console{place}/updates/preview", data=TEXTS)).text
        assert "<html" in page
        assert f'formaction="/console{place}/updates"' in page
        answer = await desk.browser.post(f"/console{place}/updates", data=TEXTS)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console{place}")


class TestEnd:
    async def test_offers_to_resolve_what_is_not(self, desk: AtDesk, served: Served, numbers: list[str]) -> None:
        place = await made(desk)
        await desk.post(f"{place}/cases", {"numbers": " ".join(numbers)})
        await served.store.apply([Resolve(number=numbers[0], agent=BUDI)])
        over = await desk.post(f"{place}/resolve")
        assert "Selesaikan juga 2 laporannya?" in over
        done = await desk.post(f"{place}/cases/resolve", {"reason": "fixed"})
        assert "2 berhasil" in done
        assert "Selesaikan juga" not in done
        case = await served.desk.cases.case(numbers[1])
        assert (case.state, case.reason) == ("resolved", "fixed")
        assert "Berlangsung" in await desk.post(f"{place}/reopen")


class TestFromACase:
    async def test_join_and_leave(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        incident = {"incident_id": place.rpartition("/")[2]}
        case = f"/cases/{numbers[0]}"
        assert f'<option value="{incident["incident_id"]}">Situs &lt;mati&gt;</option>' in await desk.page(case)
        details = await desk.post(f"{case}/incident", incident)
        assert '<section id="case-incident"' in details
        assert f'href="/console{place}"' in details
        assert "Bagian dari insiden: Situs &lt;mati&gt; · Dewi" in await desk.page(case)
        assert 'id="incident"' in await desk.post(f"{case}/incident/leave", incident)
        assert "Bukan lagi bagian dari insiden" in await desk.page(case)

    async def test_refused_is_told(self, desk: AtDesk, numbers: list[str]) -> None:
        place = await made(desk)
        incident = {"incident_id": place.rpartition("/")[2]}
        assert "(not_in_incident)" in await desk.post(f"/cases/{numbers[0]}/incident/leave", incident)
        await desk.post(f"{place}/resolve")
        assert "(incident_resolved)" in await desk.post(f"/cases/{numbers[0]}/incident", incident)

    async def test_an_incident_that_is_not_there(self, desk: AtDesk, numbers: list[str]) -> None:
        nowhere = "00000000-0000-7000-8000-000000000000"
        answer = await desk.browser.get(f"/console/incidents/{nowhere}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (404, "text/html")
        assert "(incident_not_found)" in await desk.post(f"/cases/{numbers[0]}/incident", {"incident_id": nowhere})
