"""Writing rules at the console: by form posts as a browser without script sends them, and in a real one."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from console_factories import EMAIL, PASSWORD, AtDesk, assert_usable, live
from core_factories import contact, message, number
from core_service import Served
from ticket_core.adapters.rule_source import RuleSource
from ticket_core.console.rule_checking import RuleChecking
from ticket_core.console.rule_draft import of_rule

pytestmark = pytest.mark.integration

NEW: dict[str, Any] = {
    "token": "a1b2c",
    "label_id": "Menyebut <bank>",
    "label_en": "Speaks of the bank!",
    "order": "50",
    "when": ["contact", "opened"],
    "if.0.what": "words",
    "if.0.lines": "yes",
    "if.0.value": "bank\r\nrekening saya\r\n",
    "if.1.what": "topic",
    "if.1.not": "yes",
    "if.1.value": ["account", "none"],
    "then": ["priority", "note"],
    "then.priority.value": "high",
    "then.note.value": "Lihat {{case.number}}",
}
KEY = "speaks_of_the_bank_a1b2c"
DEFINITION = {
    "key": KEY,
    "label": {"id": "Menyebut <bank>", "en": "Speaks of the bank!"},
    "enabled": False,
    "order": 50,
    "once_per_case": False,
    "when": ["contact", "opened"],
    "if": {"words": ["bank", "rekening saya"], "not": {"topic": ["account", "none"]}},
    "then": {"priority": "high", "note": "Lihat {{case.number}}"},
}


@pytest.fixture
async def supervisor(served: Served, desk: AtDesk) -> AtDesk:
    await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD, roles=("agent", "supervisor"))
    answer = await desk.browser.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return desk


async def saved(desk: AtDesk, **changes: Any) -> httpx.Response:
    return await desk.browser.post(
        "/console/rules", data=NEW | {name.replace("__", "."): changes[name] for name in changes}
    )


async def definition(served: Served, key: str = KEY) -> Any:
    return (await served.client.get(f"/v1/rules/{key}")).json()["definition"]


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


class TestWriting:
    async def test_a_new_one(self, served: Served, supervisor: AtDesk) -> None:
        assert 'name="label_id"' in await supervisor.page("/rules/new")
        answer = await saved(supervisor)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/rules/{KEY}")
        assert await definition(served) == DEFINITION

    async def test_the_same_form_twice_is_one_rule(self, served: Served, supervisor: AtDesk) -> None:
        assert {(await saved(supervisor)).headers["location"] for _ in range(2)} == {f"/console/rules/{KEY}"}
        assert (await served.client.get(f"/v1/rules/{KEY}")).json()["version"] == 1

    async def test_changed_as_it_was_shown(self, served: Served, supervisor: AtDesk) -> None:
        await saved(supervisor)
        page = await supervisor.page(f"/rules/{KEY}/edit")
        assert (value(page, "key"), value(page, "version")) == (KEY, f"{KEY}.1")
        assert "bank\nrekening saya</textarea>" in page
        answer = await saved(supervisor, key=KEY, version=f"{KEY}.1", any="yes", enabled="yes")
        assert answer.status_code == 303
        either = [{"words": ["bank", "rekening saya"]}, {"not": {"topic": ["account", "none"]}}]
        assert await definition(served) == DEFINITION | {"enabled": True, "if": {"any": either}}

    async def test_two_at_once_lose_nothing(self, served: Served, supervisor: AtDesk) -> None:
        await saved(supervisor)
        await saved(supervisor, key=KEY, version=f"{KEY}.1", order="7")
        mine = await saved(supervisor, key=KEY, version=f"{KEY}.1", label_id="Punya saya")
        assert "Dewi mengubah aturan ini" in mine.text
        assert 'value="Punya saya"' in mine.text
        assert (await definition(served))["order"] == 7
        again = await saved(supervisor, key=KEY, version=value(mine.text, "version"), label_id="Punya saya")
        assert again.status_code == 303
        assert (await definition(served))["label"]["id"] == "Punya saya"

    async def test_for_supervisors_only(self, desk: AtDesk) -> None:
        assert (await desk.browser.get("/console/rules/new")).status_code == 403
        assert (await saved(desk)).status_code == 403


class TestRows:
    async def test_one_more_and_one_less(self, supervisor: AtDesk) -> None:
        for step, has in (
            ({"do": "add_if", "add_if": "channel"}, 'name="if.2.what" value="channel"'),
            ({"do": "add_then", "add_then": "reply"}, 'name="then" value="reply"'),
        ):
            whole = await supervisor.browser.post("/console/rules/draft", data=NEW | step)
            assert has in whole.text
            assert "<html" in whole.text
            assert has in await supervisor.post("/rules/draft", NEW | step)
        less = await supervisor.post("/rules/draft", NEW | {"do": "drop_if.0"})
        assert 'name="if.0.what" value="topic"' in less
        assert "rekening saya" not in less
        assert 'name="then" value="note"' not in await supervisor.post("/rules/draft", NEW | {"do": "drop_then.note"})


class TestTrial:
    async def test_says_what_would_happen_and_why_not(self, served: Served, supervisor: AtDesk) -> None:
        fits, other = number(1), number(2)
        await served.store.apply(
            [
                contact(message("rekening saya di bank", conversation="chat:00000001", reference=fits)),
                contact(message("Halo", conversation="chat:00000002", reference=other)),
            ]
        )
        without = {"when": "contact", "if.1.what": "channel", "if.1.not": "", "if.1.value": "chat"}
        for part in (
            await supervisor.post("/rules/try", NEW | without),
            (await supervisor.browser.post("/console/rules/try", data=NEW | without)).text,
        ):
            assert "2 laporan diperiksa. Aturan ini akan bekerja 1 kali, dalam 1 laporan." in part
            does, _, leaves = part.partition("Laporan yang tidak kena")
            assert f'href="/console/cases/{fits}#entry-' in does
            assert "prioritas berubah: Prioritas tinggi" in does
            assert f"catatan ditulis: Lihat {fits[:3]}-" in does
            assert f'href="/console/cases/{other}"' in leaves
            assert "tidak cocok: <strong>Kata dalam pesan</strong>" in leaves
            assert 'value="Menyebut &lt;bank&gt;"' in part, "what was typed stays"
        assert (await served.client.get(f"/v1/rules/{KEY}")).status_code == 404
        assert (await served.desk.cases.case(fits)).priority == "normal"

    async def test_what_is_wrong_is_told_first(self, supervisor: AtDesk) -> None:
        page = await supervisor.post("/rules/try", NEW | {"then.note.value": ""})
        assert "then-note-error" in page
        assert "rule-trial" not in page


class TestWrong:
    @pytest.mark.parametrize(
        ("changes", "place", "said"),
        [
            ({"label_en": ""}, "label-en", "Isi nama"),
            ({"when": []}, "when", "paling sedikit satu kejadian"),
            ({"then": []}, "then", "paling sedikit satu tindakan"),
            ({"order": "1e3"}, "order", "Isi angka"),
            ({"if.0.value": " "}, "if-0", "Belum diisi"),
            ({"if.0.value": "dan"}, "if-0", "tidak bisa dipakai"),
            ({"if.1.value": "nothing_like_it"}, "if-1", "tidak bisa dipakai"),
            ({"if.1.what": "no_such_thing"}, "if-1", "tidak bisa dipakai"),
            ({"then.priority.value": ""}, "then-priority", "Belum diisi"),
            ({"then.note.value": "{{participant.name}}"}, "then-note", "kurung kurawal"),
            ({"if.0.what": "since", "if.0.lines": "", "if.0.value": ["opened", "", "x", ""]}, "if-0", "Isi jumlah jam"),
        ],
    )
    async def test_is_told_where_it_is(
        self, served: Served, supervisor: AtDesk, changes: dict[str, Any], place: str, said: str
    ) -> None:
        answer = await supervisor.browser.post("/console/rules", data=NEW | changes)
        found = re.search(rf'id="{place}-error" role="alert">([^<]*)', answer.text)
        assert found, answer.text
        assert said in found[1]
        assert answer.text.count("field__error") == 1
        assert (await served.client.get(f"/v1/rules/{KEY}")).status_code == 404

    async def test_what_is_nested_is_left_to_rest(self, served: Served, supervisor: AtDesk) -> None:
        nested = {"any": [{"all": [{"channel": ["chat"]}, {"state": ["new"]}]}, {"priority": ["high"]}]}
        await served.client.post("/v1/rules", json=DEFINITION | {"if": nested})
        await served.client.post(
            "/v1/rules", json=DEFINITION | {"key": "no_batch", "if": {"fields": {"batch": [3, None]}}}
        )
        for key in (KEY, "no_batch"):
            assert "(rule_too_deep)" in await supervisor.page(f"/rules/{key}/edit")


class TestRoundTrip:
    @pytest.mark.parametrize(
        "changes",
        [
            {"if": {"hours": {"calendar": "hotline", "open": False}}},
            {"if": {"since": {"what": "waiting", "at_least_hours": 2.5, "calendar": "office_wib"}}},
            {"if": {"fields": {"batch": [3, None], "call_back_wanted": [True]}, "entry": {"state": ["failed"]}}},
            {"if": {"all": [{"tags": ["a"]}, {"not": {"tags": ["b"]}}, {"tags": ["c"]}]}},
            {"then": {"fields": {"batch": None}, "tags": {"add": ["a", "b"], "remove": ["c"]}, "topic": "none"}},
            {"then": {"reply": {"id": "Halo", "en": "Hello"}, "state": "on_hold", "reason": "payment_provider"}},
            {"then": {"reply": {"macro": "answered"}, "team": "payments", "state": "resolved"}, "once_per_case": True},
        ],
        ids=str,
    )
    async def test_means_the_same(self, served: Served, changes: dict[str, Any]) -> None:
        maker, fields = served.desk.rules.maker, served.desk.vocabulary.fields.fields
        source = RuleSource.model_validate(DEFINITION | {"when": ["delivery"]} | changes)
        draft = of_rule(source, version="", token="")
        assert draft is not None
        again = RuleChecking(maker, fields).check(draft)
        assert again.problems == {}
        assert again.source is not None
        before, after = maker.rule(source), maker.rule(again.source)
        assert (after.acts, after.once_per_case, after.when) == (before.acts, before.once_per_case, before.when)
        assert str(sorted(map(repr, getattr(after.condition, "parts", [after.condition])))) == str(
            sorted(map(repr, getattr(before.condition, "parts", [before.condition])))
        )


class TestInABrowser:
    async def test_from_nothing_to_a_rule(self, served: Served, at_desk: Page) -> None:
        await at_desk.goto("/console/rules/new")
        await live(at_desk)
        await at_desk.get_by_label("Nama dalam bahasa Indonesia").fill("Keluhan insentif")
        await at_desk.get_by_label("Nama dalam bahasa Inggris").fill("About incentives")
        await at_desk.get_by_label("laporan baru dibuka").check()
        for condition in ("words", "channel", "since"):
            await at_desk.locator("#add-if").select_option(condition)
            await at_desk.get_by_role("button", name="Tambah").first.click()
            await expect(at_desk.locator(f'input[value="{condition}"][type=hidden]')).to_have_count(1)
        await at_desk.get_by_role("button", name="Buang: Lamanya").click()
        await expect(at_desk.locator(".rule-form__row")).to_have_count(2)
        await at_desk.locator("textarea").first.fill("insentif belum cair")
        await at_desk.get_by_label("Chat").check()
        await at_desk.locator("#add-then").select_option("reply")
        await at_desk.get_by_role("button", name="Tambah").last.click()
        await at_desk.locator("#then-reply-id").fill("Halo {{participant.nama}}")
        await at_desk.locator("#then-reply-en").fill("Hello")
        await at_desk.locator("#rule-save").click()
        await expect(at_desk.locator("#then-reply-error")).to_be_visible()
        await assert_usable(at_desk)
        await at_desk.locator("#then-reply-id").fill("Halo {{participant.name|Bapak/Ibu}}")
        await at_desk.locator("#rule-try").click()
        await expect(at_desk.locator("#rule-trial")).to_contain_text("0 laporan diperiksa")
        await at_desk.locator("#rule-save").click()
        await expect(at_desk.get_by_role("heading", level=1)).to_have_text("Keluhan insentif")
        (rule,) = [one for one in await served.desk.rules.all() if not one.of_file]
        assert rule.source.written["if"] == {"words": ["insentif belum cair"], "channel": ["chat"]}
        assert rule.source.enabled is False
