"""The supervisors' pages of webhooks: all that REST offers, by form posts and in a real browser."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import EMAIL, PASSWORD, AtDesk, assert_usable
from core_factories import number
from core_service import Served
from kawal.contracts.words import Locale
from kawal.pages import Texts
from ticket_core.console.wiring import HERE
from ticket_core.domain.kinds import EntryKind
from ticket_core.webhooks import Webhooks
from webhook_receiver import SENDER, Receiver, opened, run, sent, subscribed

pytestmark = pytest.mark.integration

URL = "https://8.8.8.8/hook?of=<desk>"
FORM: dict[str, Any] = {"url": URL, "description": "Gudang <data>", "kinds": ["state", "opened"]}


@pytest.fixture
async def supervisor(served: Served, desk: AtDesk) -> AtDesk:
    await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD, roles=("agent", "supervisor"))
    answer = await desk.browser.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return desk


@pytest.fixture
def webhooks(engine: AsyncEngine, served: Served) -> Webhooks:
    return Webhooks(engine, subscriptions=served.desk.webhooks, sender=SENDER)


async def posted(desk: AtDesk, path: str, **data: Any) -> httpx.Response:
    return await desk.browser.post(f"/console/webhooks{path}", data=data)


async def added(served: Served, desk: AtDesk) -> tuple[str, str]:
    """Its place, and the secret that its page shows."""
    page = await posted(desk, "", **FORM)
    (webhook,) = await served.desk.webhooks.all()
    return f"/{webhook.id}", secret_on(page)


def secret_on(page: httpx.Response) -> str:
    found = re.search(r'value="(whsec_[^"]+)"', page.text)
    assert found, page.text
    return found[1]


class TestWriting:
    async def test_the_secret_is_shown_once(self, served: Served, supervisor: AtDesk) -> None:
        place, secret = await added(served, supervisor)
        (webhook,) = await served.desk.webhooks.all()
        assert (webhook.url, webhook.description, webhook.kinds) == (URL, "Gudang <data>", ["opened", "state"])
        assert await served.desk.webhooks.secrets(webhook.id) == [secret]
        for path in ("", place, f"{place}/edit"):
            answer = await supervisor.browser.get(f"/console/webhooks{path}")
            assert "Gudang &lt;data&gt;" in answer.text
            assert "whsec_" not in answer.text
            assert answer.headers["cache-control"] == "no-store"

    async def test_change_leaves_the_secret(self, served: Served, supervisor: AtDesk) -> None:
        place, secret = await added(served, supervisor)
        assert 'value="opened" checked' in await supervisor.page(f"/webhooks{place}/edit")
        answer = await posted(supervisor, place, url="https://1.1.1.1/", description="")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/webhooks{place}")
        (webhook,) = await served.desk.webhooks.all()
        assert (webhook.url, webhook.kinds) == ("https://1.1.1.1/", [])
        assert await served.desk.webhooks.secrets(webhook.id) == [secret]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"url": "https://127.0.0.1/"}, "webhook_url_refused"),
            ({"url": "http://8.8.8.8/"}, "webhook_url_refused"),
            ({"url": " "}, "invalid_webhook"),
            ({"kinds": ["nothing"]}, "invalid_webhook"),
            ({"description": "x" * 201}, "invalid_webhook"),
        ],
    )
    async def test_what_is_wrong_is_told_and_nothing_lost(
        self, served: Served, supervisor: AtDesk, changes: dict[str, Any], code: str
    ) -> None:
        place, _ = await added(served, supervisor)
        before = await served.desk.webhooks.all()
        for path in ("", place):
            page = (await posted(supervisor, path, **FORM | {"description": "Punya saya"} | changes)).text
            assert f"({code})" in page
            assert "description" in changes or 'value="Punya saya"' in page
        assert await served.desk.webhooks.all() == before

    @pytest.mark.parametrize(("overlap", "kept"), [("24", True), ("0", False)])
    async def test_another_secret(self, served: Served, supervisor: AtDesk, overlap: str, *, kept: bool) -> None:
        place, first = await added(served, supervisor)
        page = await posted(supervisor, f"{place}/secret", overlap=overlap)
        second = secret_on(page)
        assert ("masih berlaku 24 jam" in page.text) is kept
        expected = [second, first] if kept else [second]
        assert await served.desk.webhooks.secrets(place.removeprefix("/")) == expected

    async def test_off_on_and_away(self, served: Served, supervisor: AtDesk) -> None:
        place, _ = await added(served, supervisor)
        await posted(supervisor, f"{place}/disable")
        assert "dihentikan oleh petugas" in await supervisor.page(f"/webhooks{place}")
        await posted(supervisor, f"{place}/enable")
        assert [one.state for one in await served.desk.webhooks.all()] == ["active"]
        assert (await posted(supervisor, f"{place}/remove")).headers["location"] == "/console/webhooks"
        assert "Belum ada webhook." in await supervisor.page("/webhooks")
        assert (await supervisor.browser.get(f"/console/webhooks{place}")).status_code == 404

    async def test_for_supervisors_only(self, served: Served, desk: AtDesk) -> None:
        assert (await desk.browser.get("/console/webhooks")).status_code == 403
        assert (await posted(desk, "", **FORM)).status_code == 403
        assert await served.desk.webhooks.all() == []
        assert "/console/webhooks" not in await desk.page("/")


class TestDeliveries:
    async def test_what_was_sent_and_again(
        self, served: Served, supervisor: AtDesk, receiver: Receiver, webhooks: Webhooks
    ) -> None:
        webhook_id, _ = await subscribed(served.desk.webhooks, receiver)
        await opened(served.store)
        await sent(webhooks, receiver, 3)
        page = await supervisor.page(f"/webhooks/{webhook_id}")
        assert page.count(f'href="/console/cases/{number(1)}#entry-') == 3
        assert page.count('badge--success">Diterima') == 3
        assert "Tidak ada kiriman." in await supervisor.page(f"/webhooks/{webhook_id}?state=failed")
        answer = await posted(supervisor, f"/{webhook_id}/replay", hours="1")
        assert answer.status_code == 303
        await sent(webhooks, receiver, 6)
        assert sorted(receiver.ids[3:]) == sorted(receiver.ids[:3])

    async def test_what_failed_says_why(
        self, served: Served, supervisor: AtDesk, receiver: Receiver, webhooks: Webhooks
    ) -> None:
        receiver.answers = lambda _: 503
        webhook_id, _ = await subscribed(served.desk.webhooks, receiver, "opened")
        await opened(served.store)
        await sent(webhooks, receiver, 1)
        page = await supervisor.page(f"/webhooks/{webhook_id}")
        assert "dijawab dengan kesalahan (503)" in page
        assert "dicoba lagi" in page
        assert "Gagal sejak" in page

    async def test_page_after_page(self, served: Served, supervisor: AtDesk, engine: AsyncEngine) -> None:
        place, _ = await added(served, supervisor)
        for index in range(10):
            await opened(served.store, index)
        await run(
            engine,
            "INSERT INTO core.webhook_deliveries (webhook_id, case_id, seq, state, attempts, queued_at, next_at)"
            f" SELECT '{place.removeprefix('/')}', case_id, seq, 'pending', 0, now(), now() FROM core.timeline",
        )
        page = await supervisor.page(f"/webhooks{place}")
        found = re.search(r'href="/console(/webhooks/[^"]+cursor=[^"]+)"', page)
        assert found
        rest = await supervisor.page(found[1].replace("&amp;", "&"))
        assert [shown.count("#entry-") for shown in (page, rest)] == [25, 5]


class TestWords:
    @pytest.mark.parametrize("locale", Locale)
    def test_every_kind_has_a_name(self, locale: Locale) -> None:
        texts = Texts.load(HERE / "texts" / "rules")
        assert all(texts.get(f"console.rules.event.{kind}", locale=locale) for kind in EntryKind)


class TestInABrowser:
    async def test_from_none_to_one_that_is_turned_off(self, served: Served, at_desk: Page) -> None:
        await at_desk.locator(".nav summary").click()
        await at_desk.get_by_role("link", name="Webhook").click()
        await at_desk.get_by_role("link", name="Tambah webhook").click()
        await at_desk.get_by_label("Alamat").fill("https://8.8.8.8/hook")
        await at_desk.get_by_label("laporan baru dibuka").check()
        await assert_usable(at_desk)
        await at_desk.locator("#webhook-save").click()
        await expect(at_desk.locator("#secret")).to_have_value(re.compile("whsec_"))
        await at_desk.get_by_role("link", name="Sudah saya simpan").click()
        await at_desk.locator("#webhook-step").click()
        await expect(at_desk.locator(".webhook-said")).to_contain_text("dihentikan oleh petugas")
        await assert_usable(at_desk)
        assert [one.kinds for one in await served.desk.webhooks.all()] == [["opened"]]
