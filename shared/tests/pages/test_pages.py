from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import jinja2
import pytest

from http_factories import make_app
from kawal.contracts.words import Locale
from kawal.pages import Pages, Texts, mount_assets
from kawal.pages.rendering import clock, moment
from kawal.pages.texts import BrokenTexts

ID, EN = Locale.INDONESIAN, Locale.ENGLISH
AT = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "id.yaml").write_text("status:\n  title: Laporan {number}\n")
    (tmp_path / "texts" / "en.yaml").write_text("status:\n  title: Report {number}\n")
    (tmp_path / "status.html").write_text(
        '{% extends "layout.html" %}{% block title %}{{ t("status.title", number=number) }}{% endblock %}'
        "{% block main %}<p>{{ number|case_number }} {{ at|datetime }}</p>{% endblock %}"
    )
    return tmp_path


@pytest.fixture
def app():
    return make_app()


@pytest.fixture
def pages(folder, app):
    return Pages(folder, assets=mount_assets(app))


@pytest.fixture
async def client(app, pages):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


class TestPages:
    def test_page(self, pages):
        html = pages.render("status.html", locale=ID, number="4829130574", at=AT)
        assert '<html lang="id">' in html
        assert "<title>Laporan 4829130574</title>" in html
        assert "482-913-0574 24 November 2026, 14.05 WIB" in html
        assert 'href="#content">Langsung ke isi</a>' in html

    def test_other_language(self, pages):
        html = pages.render("status.html", locale=EN, number="4829130574", at=AT)
        assert "Report 4829130574" in html
        assert "24 November 2026, 14:05 WIB" in html

    def test_escapes(self, pages):
        html = pages.render("status.html", locale=ID, number="<script>", at=AT)
        assert "<script>" not in html

    def test_missing_value(self, pages):
        with pytest.raises(jinja2.UndefinedError):
            pages.render("status.html", locale=ID, at=AT)

    def test_nothing_inline(self, pages):
        html = pages.render("status.html", locale=ID, number="4829130574", at=AT)
        assert "<style" not in html
        assert "style=" not in html
        assert "<script" not in html

    def test_response(self, pages):
        response = pages.response("status.html", locale=ID, status=404, number="4829130574", at=AT)
        assert response.status_code == 404
        assert response.headers["content-type"] == "text/html; charset=utf-8"


class TestMoment:
    @pytest.mark.parametrize(
        ("zone", "shown"),
        [
            ("Asia/Jakarta", "24 November 2026, 14.05 WIB"),
            ("Asia/Makassar", "24 November 2026, 15.05 WITA"),
            ("Asia/Jayapura", "24 November 2026, 16.05 WIT"),
            ("UTC", "24 November 2026, 07.05 UTC"),
        ],
    )
    def test_zones(self, zone, shown):
        assert moment(AT, locale=ID, zone=ZoneInfo(zone)) == shown


class TestClock:
    def test_today_is_only_a_time(self):
        assert clock(AT, AT, locale=ID, zone=ZoneInfo("Asia/Jakarta")) == "14.05"

    def test_another_day_is_named(self):
        later = AT + timedelta(days=1)
        assert clock(AT, later, locale=EN, zone=ZoneInfo("Asia/Jakarta")) == "24 Nov, 14:05"


class TestTexts:
    def test_later_folder_wins(self, tmp_path):
        for name, word in (("a", "satu"), ("b", "dua")):
            (tmp_path / name).mkdir()
            for locale in Locale:
                (tmp_path / name / f"{locale}.yaml").write_text(f"word: {word}\n{name}: x\n")
        texts = Texts.load(tmp_path / "a", tmp_path / "b")
        assert texts.get("word", locale=ID) == "dua"
        assert texts.get("a", locale=EN) == "x"

    @pytest.mark.parametrize(
        ("indonesian", "english", "said"),
        [
            ({"a": "x", "b": "y"}, {"a": "x"}, "Only in one language: b"),
            ({"a": "x {name}"}, {"a": "x {number}"}, "placeholders of 'a' differ"),
        ],
    )
    def test_languages_differ(self, indonesian, english, said):
        with pytest.raises(BrokenTexts, match=said):
            Texts({ID: indonesian, EN: english})

    def test_no_text(self, tmp_path):
        for locale in Locale:
            (tmp_path / f"{locale}.yaml").write_text("a:\n  b: no\n")
        with pytest.raises(BrokenTexts, match=r"a\.b is no text"):
            Texts.load(tmp_path)

    def test_unknown_key(self):
        with pytest.raises(KeyError):
            Texts({ID: {}, EN: {}}).get("a", locale=ID)


class TestAssets:
    async def test_hashed_name_is_kept_for_good(self, client, pages, app):
        html = pages.render("status.html", locale=ID, number="4829130574", at=AT)
        url = html.split('rel="stylesheet" href="')[1].split('"')[0]
        answer = await client.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert ":root" in answer.text

    async def test_plain_name_is_revalidated(self, client):
        answer = await client.get("/assets/kawal.css")
        assert answer.headers["cache-control"] == "public, no-cache"
        again = await client.get("/assets/kawal.css", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_compressed(self, client):
        small = await client.get("/assets/kawal.css")
        plain = await client.get("/assets/kawal.css", headers={"accept-encoding": "identity"})
        assert small.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert small.text == plain.text

    @pytest.mark.parametrize("path", ["/assets/nowhere.css", "/assets/", "/assets/../app.py", "/assets/%2e%2e/x"])
    async def test_unknown(self, client, path):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    async def test_method(self, client):
        assert (await client.post("/assets/kawal.css")).status_code == 405
        assert (await client.head("/assets/kawal.css")).content == b""

    def test_own_files(self, app, tmp_path):
        (tmp_path / "console.js").write_text("1")
        (tmp_path / "htmx.min.js").write_text("2")
        assets = mount_assets(make_app(), files={"htmx.js": tmp_path / "htmx.min.js", "c.js": tmp_path / "console.js"})
        assert assets.url("htmx.js").startswith("/assets/htmx.")
        with pytest.raises(KeyError):
            assets.url("nowhere.js")
