"""The page of macros: by form posts as a browser without script sends them, and in a real one."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from console_factories import EMAIL, PASSWORD, AtDesk, assert_usable, live
from core_service import Served
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.console.macro_draft import MacroChecking, of_macro
from ticket_core.domain.case import Agent
from ticket_core.domain.profiles import Profile

pytestmark = pytest.mark.integration

NEW: dict[str, Any] = {
    "token": "a1b2c",
    "label_id": "Tunggu <bank>",
    "label_en": "Wait for the bank!",
    "text_id": "Halo {{participant.name|Bapak/Ibu}},\r\nsabar ya. {{agent.name}}",
    "text_en": "Please wait. {{case.number}}",
    "topics": ["incentive", "account.fraud"],
    "then": ["state", "add_tags"],
    "then.state.value": "on_hold|payment_provider",
    "then.add_tags.lines": "yes",
    "then.add_tags.value": "bank\r\n",
}
KEY = "wait_for_the_bank_a1b2c"
DEFINITION: dict[str, Any] = {
    "key": KEY,
    "label": {"id": "Tunggu <bank>", "en": "Wait for the bank!"},
    "topics": ["incentive", "account.fraud"],
    "text": {
        "id": "Halo {{participant.name|Bapak/Ibu}},\nsabar ya. {{agent.name}}",
        "en": "Please wait. {{case.number}}",
    },
    "then": {"state": "on_hold", "reason": "payment_provider", "tags": {"add": ["bank"]}},
}


@pytest.fixture
async def supervisor(served: Served, desk: AtDesk) -> AtDesk:
    await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD, roles=("agent", "supervisor"))
    answer = await desk.browser.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return desk


async def saved(desk: AtDesk, **changes: Any) -> httpx.Response:
    return await desk.browser.post(
        "/console/macros", data=NEW | {name.replace("__", "."): changes[name] for name in changes}
    )


async def definition(desk: AtDesk) -> Any:
    view = (await desk.browser.get(f"/v1/macros/{KEY}")).json()
    return {name: view[name] for name in DEFINITION}


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


class TestOnesOwn:
    async def test_from_new_to_removed(self, desk: AtDesk) -> None:
        assert 'name="label_id"' in await desk.page("/macros/new")
        answer = await saved(desk)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/macros#macro-{KEY}")
        assert await definition(desk) == DEFINITION
        listed = await desk.page("/macros")
        assert "Tunggu &lt;bank&gt;" in listed
        removed = await desk.browser.post(f"/console/macros/{KEY}/remove", data={"version": value(listed, "version")})
        assert removed.status_code == 303
        assert KEY not in await desk.page("/macros")

    async def test_the_same_form_twice_is_one_macro(self, desk: AtDesk) -> None:
        assert [(await saved(desk)).status_code for _ in range(2)] == [303, 303]
        assert (await desk.browser.get(f"/v1/macros/{KEY}")).json()["version"] == 1

    async def test_a_key_of_somebody_else_is_not_taken_for_ones_own(self, served: Served, desk: AtDesk) -> None:
        other = Agent("0198f2c0-0000-7000-8000-0000000000b1", "Budi")
        await served.desk.macros.add(MacroSource.model_validate(DEFINITION), other)
        assert "macro_exists" in (await saved(desk)).text

    async def test_changed_as_it_was_shown(self, desk: AtDesk) -> None:
        await saved(desk)
        page = await desk.page(f"/macros/{KEY}/edit")
        assert (value(page, "key"), value(page, "version")) == (KEY, f"{KEY}.1")
        assert ",\nsabar ya. {{agent.name}}</textarea>" in page
        await saved(desk, key=KEY, version=f"{KEY}.1", topics=[], then=[])
        assert await definition(desk) == DEFINITION | {"topics": [], "then": {}}

    async def test_two_at_once_lose_nothing(self, desk: AtDesk) -> None:
        await saved(desk)
        await saved(desk, key=KEY, version=f"{KEY}.1", label_id="Yang lain")
        mine = await saved(desk, key=KEY, version=f"{KEY}.1", label_id="Punya saya")
        assert "Dewi Lestari mengubah makro ini" in mine.text
        assert 'value="Punya saya"' in mine.text
        assert (await definition(desk))["label"]["id"] == "Yang lain"
        again = await saved(desk, key=KEY, version=value(mine.text, "version"), label_id="Punya saya")
        assert again.status_code == 303
        assert (await definition(desk))["label"]["id"] == "Punya saya"

    async def test_not_removed_after_it_was_changed(self, desk: AtDesk) -> None:
        await saved(desk)
        await saved(desk, key=KEY, version=f"{KEY}.1", label_id="Yang lain")
        kept = await desk.browser.post(f"/console/macros/{KEY}/remove", data={"version": f"{KEY}.1"})
        assert "macro_changed" in kept.text
        assert "Yang lain" in kept.text


class TestOfOthers:
    async def test_the_programmes_are_only_read(self, desk: AtDesk) -> None:
        listed = await desk.page("/macros")
        assert "Minta tangkapan layar" in listed
        assert "/console/macros/ask_screenshot" not in listed
        assert "macro_of_file" in await desk.page("/macros/ask_screenshot/edit")

    async def test_supervisors_write_a_teams(self, served: Served, supervisor: AtDesk) -> None:
        assert (await saved(supervisor, team="payments")).status_code == 303
        assert (await supervisor.browser.get(f"/v1/macros/{KEY}")).json()["team"] == "payments"
        assert f"/console/macros/{KEY}/edit" in await supervisor.page("/macros")

    async def test_members_of_the_team_only_read_it(self, served: Served, desk: AtDesk) -> None:
        boss = Agent("0198f2c0-0000-7000-8000-0000000000b1", "Budi", frozenset({"supervisor"}))
        await served.desk.macros.add(MacroSource.model_validate(DEFINITION), boss, team="payments")
        assert KEY not in await desk.page("/macros")
        await served.desk.staffing.attendances.set_profile(EMAIL, Profile(teams=frozenset({"payments"})))
        listed = await desk.page("/macros")
        assert f'id="macro-{KEY}"' in listed
        assert f"/console/macros/{KEY}" not in listed
        assert "not_your_macro" in await desk.page(f"/macros/{KEY}/edit")
        assert "not_your_macro" in (await saved(desk, key=KEY, version=f"{KEY}.1", team="payments")).text
        assert "not_your_macro" in (await saved(desk, token="fffff", team="payments")).text


class TestForm:
    async def test_rows_and_placeholders_with_and_without_script(self, desk: AtDesk) -> None:
        for step, has in (
            ({"do": "add_then", "add_then": "note"}, 'name="then" value="note"'),
            ({"do": "insert.case.number"}, "{{agent.name}} {{case.number}}</textarea>"),
        ):
            whole = await desk.browser.post("/console/macros/draft", data=NEW | step)
            assert has in whole.text
            assert "<html" in whole.text
            assert has in await desk.post("/macros/draft", NEW | step)
        less = await desk.post("/macros/draft", NEW | {"do": "drop_then.state"})
        assert 'name="then" value="state"' not in less
        assert "{{moon}}" not in await desk.post("/macros/draft", NEW | {"do": "insert.moon"})

    async def test_preview_with_example_values(self, desk: AtDesk) -> None:
        part = await desk.post("/macros/draft", NEW | {"do": "preview"})
        preview = part[part.index("macro-preview") :]
        assert "Halo Siti Rahayu,\nsabar ya. Dewi Lestari</p>" in preview
        assert "Please wait. 482-913-0574</p>" in preview
        wrong = await desk.post("/macros/draft", NEW | {"do": "preview", "text_en": "{{moon}}"})
        assert 'id="text-en-error"' in wrong

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"label_en": ""}, "label-en"),
            ({"text_en": ""}, "text-en"),
            ({"text_id": "{{participant.name}}"}, "text-id"),
            ({"text_id": "", "text_en": "", "then": []}, "text-id"),
            ({"then": ["note"], "then.note.value": "{{moon}}"}, "then-note"),
            ({"then.state.value": "closed|"}, "then-state"),
            ({"then.add_tags.value": ""}, "then-add_tags"),
            ({"topics": ["moon"]}, "macro"),
            ({"then": ["assign", "team"], "then.assign.value": "none", "then.team.value": "payments"}, "macro"),
            ({"then": ["reply"], "then.reply.value": ["a", "b"]}, "macro"),
            ({"then": ["moon"], "then.moon.value": "x"}, "then-moon"),
        ],
    )
    async def test_says_beside_what_is_wrong(self, desk: AtDesk, changes: dict[str, Any], place: str) -> None:
        answer = await desk.browser.post("/console/macros", data=NEW | changes)
        assert f'id="{place}-error"' in answer.text
        assert (await desk.browser.get(f"/v1/macros/{KEY}")).status_code == 404

    async def test_every_macro_of_the_programme_fits_into_it(self, served: Served) -> None:
        macros = served.desk.macros
        checking = MacroChecking(macros.maker, served.desk.vocabulary.fields.fields)
        for one in macros.of_file:
            assert checking.check(of_macro(one, token="")).source == one.source


class TestInABrowser:
    async def test_written_with_a_placeholder_where_the_cursor_is(self, served: Served, at_desk: Page) -> None:
        boss = Agent("0198f2c0-0000-7000-8000-0000000000b1", "Budi", frozenset({"supervisor"}))
        await served.desk.macros.add(MacroSource.model_validate(DEFINITION), boss, team="payments")
        await at_desk.goto("/console/macros")
        await live(at_desk)
        await assert_usable(at_desk)
        await at_desk.get_by_role("link", name="Buat makro").click()
        await at_desk.get_by_label("Nama dalam bahasa Indonesia").fill("Sabar")
        await at_desk.get_by_label("Nama dalam bahasa Inggris").fill("Wait")
        await at_desk.locator("#text-id").fill("Nomor : sabar ya")
        await at_desk.locator("#text-id").evaluate("one => one.setSelectionRange(6, 6)")
        await at_desk.get_by_role("button", name="Sisipkan: Nomor laporan").click()
        await expect(at_desk.locator("#text-id")).to_have_value("Nomor {{case.number}}: sabar ya")
        await at_desk.locator("#text-en").fill("Wait")
        await at_desk.locator("#add-then").select_option("priority")
        await at_desk.get_by_role("button", name="Tambah").click()
        await at_desk.locator('select[name="then.priority.value"]').select_option("high")
        await at_desk.get_by_role("button", name="Lihat contoh").click()
        await expect(at_desk.locator("#macro-preview")).to_contain_text("Nomor 482-913-0574: sabar ya")
        await assert_usable(at_desk)
        await at_desk.locator("#macro-save").click()
        await expect(at_desk.locator(".macro").first).to_contain_text("Nomor {{case.number}}: sabar ya")
        await assert_usable(at_desk)
