"""The pages by plain HTTP, as a browser without script sends it; everything behind them is away."""

import re
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest
from structlog.testing import capture_logs

from kawal import links
from web_factories import LINK_KEY, NOW
from webform_ingest.domain import proofs
from webform_ingest.domain.proofs import SignIn
from webform_ingest.pages.portal import Doors

FORM = "/forms/complaint"
STATUS = f"/status/{links.status_token('web:0123456789abcdef', key=LINK_KEY)}"
ANSWERS = {"topic": "incentive.not_paid", "message": "Insentif saya belum masuk", "locale": "id"}


def hidden_key(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


async def opened(client: httpx.AsyncClient, path: str = FORM) -> str:
    """The hidden key of a freshly opened page."""
    return hidden_key((await client.get(path)).text)


class TestPortal:
    async def test_has_three_doors(self, doors: httpx.AsyncClient) -> None:
        page = (await doors.get("/")).text
        assert "<kawal-chat" in page
        assert 'href="tel:+622150859999"' in page
        assert 'href="http://127.0.0.1:9/phone"' in page
        assert f'href="{FORM}"' in page

    @pytest.mark.parametrize(
        ("number", "free"), [("+628001503001", True), ("+622150859999", False), ("1500", False), (None, False)]
    )
    def test_says_free_of_a_toll_free_number_only(self, number: str | None, free: bool) -> None:  # noqa: FBT001
        doors = Doors(chat_url="http://127.0.0.1", phone_number=number, browser_phone_url=None)
        assert doors.is_toll_free is free

    async def test_promises_nothing_free_beside_a_landline(self, doors: httpx.AsyncClient) -> None:
        page = (await doors.get("/")).text
        assert "Bebas pulsa" not in page
        assert "Anda bisa meninggalkan pesan suara" in page

    async def test_allows_the_widget_and_nothing_inline(self, doors: httpx.AsyncClient) -> None:
        policy = (await doors.get("/")).headers["content-security-policy"]
        assert "script-src 'self' http://127.0.0.1:9;" in policy
        assert "ws://127.0.0.1:9" in policy
        assert "unsafe-inline" not in policy

    async def test_language_is_remembered(self, doors: httpx.AsyncClient) -> None:
        assert '<html lang="id">' in (await doors.get("/")).text
        assert '<html lang="en">' in (await doors.get("/?lang=en")).text
        assert '<html lang="en">' in (await doors.get(FORM)).text

    async def test_unknown_language(self, doors: httpx.AsyncClient) -> None:
        assert '<html lang="id">' in (await doors.get("/?lang=xx")).text

    async def test_address_cannot_lead_elsewhere(self, doors: httpx.AsyncClient) -> None:
        page = (await doors.get(httpx.URL(str(doors.base_url)).join("/").copy_with(raw_path=b"//evil.example/"))).text
        assert "evil.example" not in page

    async def test_unknown_page(self, doors: httpx.AsyncClient) -> None:
        response = await doors.get("/stranger")
        assert response.status_code == 404
        assert "Halaman tidak ditemukan" in response.text


class TestForm:
    async def test_accepted_leads_to_the_receipt(self, doors: httpx.AsyncClient) -> None:
        key = await opened(doors)
        response = await doors.post(FORM, data=ANSWERS | {"idempotency_key": key})
        assert response.status_code == 303
        received = await doors.get(response.headers["location"])
        assert "Laporan Anda sudah kami terima" in received.text
        assert "Nomor laporan menyusul" in received.text
        found = re.search(r'href="(/status/[^"]+)"', received.text)
        assert found
        assert "Insentif saya belum masuk" in (await doors.get(found[1])).text

    async def test_twice_is_one_submission(self, doors: httpx.AsyncClient) -> None:
        sent = ANSWERS | {"idempotency_key": await opened(doors)}
        first, again = await doors.post(FORM, data=sent), await doors.post(FORM, data=sent)
        assert first.headers["location"] == again.headers["location"]

    async def test_changed_after_it_was_sent(self, doors: httpx.AsyncClient) -> None:
        sent = ANSWERS | {"idempotency_key": await opened(doors)}
        await doors.post(FORM, data=sent)
        response = await doors.post(FORM, data=sent | {"message": "Tambahan saya"})
        assert response.status_code == 409
        assert "Laporan ini sudah kami terima" in response.text
        assert "Tambahan saya" in response.text
        found = re.search(r'href="(/status/[^"]+)"', response.text)
        assert found
        assert "Insentif saya belum masuk" in (await doors.get(found[1])).text
        anew = sent | {"message": "Tambahan saya", "idempotency_key": hidden_key(response.text)}
        assert (await doors.post(FORM, data=anew)).status_code == 303

    async def test_no_link_to_what_a_program_sent_under_the_same_key(self, doors: httpx.AsyncClient) -> None:
        headers = {"idempotency-key": "order-0001"}
        sent = await doors.post("/v1/forms/complaint/submissions", json=ANSWERS, headers=headers)
        assert sent.status_code == 202
        response = await doors.post(FORM, data=ANSWERS | {"message": "Lain", "idempotency_key": "order-0001"})
        assert response.status_code == 303
        assert "Insentif saya" not in (await doors.get(response.headers["location"])).text

    async def test_errors_stand_at_the_field_and_nothing_is_lost(self, doors: httpx.AsyncClient) -> None:
        key = await opened(doors)
        typed = {"message": '<b>"Halo"</b>', "phone": "abc", "may_call": "true", "idempotency_key": key}
        response = await doors.post(FORM, data=typed)
        assert response.status_code == 422
        assert '<a href="#topic">' in response.text
        assert 'id="phone-error"' in response.text
        assert "&lt;b&gt;&#34;Halo&#34;&lt;/b&gt;</textarea>" in response.text
        assert 'value="abc"' in response.text
        assert re.search(r'name="may_call"[^>]* checked', response.text)
        assert hidden_key(response.text) == key

    async def test_language_switch_keeps_what_is_typed(self, doors: httpx.AsyncClient) -> None:
        typed = {"message": "Halo", "idempotency_key": await opened(doors), "action": "language:en"}
        response = await doors.post(FORM, data=typed)
        assert '<html lang="en">' in response.text
        assert "Halo</textarea>" in response.text

    async def test_proof_needs_an_address(self, doors: httpx.AsyncClient) -> None:
        typed = {"message": "Halo", "idempotency_key": await opened(doors), "action": "prove"}
        response = await doors.post(FORM, data=typed)
        assert response.status_code == 422
        assert "Isi dulu alamat e-mail Anda" in response.text
        assert "Halo</textarea>" in response.text

    async def test_proof_while_the_mail_is_away(self, doors: httpx.AsyncClient) -> None:
        typed = {"email": "siti@example.com", "idempotency_key": await opened(doors), "action": "prove"}
        response = await doors.post(FORM, data=typed)
        assert response.status_code == 503
        assert "E-mail belum bisa kami kirim" in response.text

    async def test_may_be_kept_for_going_back(self, doors: httpx.AsyncClient) -> None:
        assert (await doors.get(FORM)).headers["cache-control"] == "private, max-age=0"

    async def test_unknown(self, doors: httpx.AsyncClient) -> None:
        assert (await doors.get("/forms/stranger")).status_code == 404

    async def test_forged_receipt(self, doors: httpx.AsyncClient) -> None:
        assert (await doors.get(f"{FORM}/received/a.b")).status_code == 404


class TestStatus:
    async def test_while_the_database_is_away(self, doors: httpx.AsyncClient) -> None:
        response = await doors.get(STATUS)
        assert response.status_code == 200
        assert "Riwayat laporan belum bisa kami tampilkan" in response.text

    async def test_answer_is_accepted_and_shown_at_once(self, doors: httpx.AsyncClient) -> None:
        sent = {"message": "Ini kabar saya", "idempotency_key": await opened(doors, STATUS)}
        first, again = await doors.post(STATUS, data=sent), await doors.post(STATUS, data=sent)
        assert (first.status_code, again.status_code) == (303, 303)
        page = (await doors.get(first.headers["location"])).text
        assert page.count("Ini kabar saya") == 1
        assert "Terkirim, sedang diproses" in page
        assert "Pesan Anda sudah kami terima" in page

    async def test_another_text_under_the_same_key(self, doors: httpx.AsyncClient) -> None:
        sent = {"message": "Satu", "idempotency_key": await opened(doors, STATUS)}
        await doors.post(STATUS, data=sent)
        response = await doors.post(STATUS, data=sent | {"message": "Dua"})
        assert response.status_code == 409
        assert "Dua</textarea>" in response.text
        assert hidden_key(response.text) != sent["idempotency_key"]

    @pytest.mark.parametrize("text", ["", "   ", "x" * 4_001, "a\x07b"])
    async def test_bad_text(self, doors: httpx.AsyncClient, text: str) -> None:
        sent = {"message": text, "idempotency_key": await opened(doors, STATUS)}
        response = await doors.post(STATUS, data=sent)
        assert response.status_code == 422
        assert 'id="message-error"' in response.text

    @pytest.mark.parametrize("token", ["a.b", "x", "%00", "%F0%9F%98%80.%F0%9F%98%80"])
    async def test_forged(self, doors: httpx.AsyncClient, token: str) -> None:
        for response in (await doors.get(f"/status/{token}"), await doors.post(f"/status/{token}", data={})):
            assert response.status_code in {400, 404}
            assert response.headers["content-type"].startswith("text/html")

    async def test_token_of_another_purpose(self, doors: httpx.AsyncClient) -> None:
        token = proofs.session_cookie("siti@example.com", key=LINK_KEY, now=NOW)
        assert (await doors.get(f"/status/{token}")).status_code == 404

    @pytest.mark.parametrize("after", ["-1", "x", "99999999999999999999"])
    async def test_bad_cursor(self, doors: httpx.AsyncClient, after: str) -> None:
        response = await doors.get(f"{STATUS}?after={after}")
        assert response.status_code == 400
        assert response.headers["content-type"].startswith("text/html")


class TestSignIn:
    async def test_no_address(self, doors: httpx.AsyncClient) -> None:
        response = await doors.post("/sign-in", data={"email": "siti"})
        assert response.status_code == 422
        assert 'value="siti"' in response.text

    async def test_while_the_mail_is_away(self, doors: httpx.AsyncClient) -> None:
        response = await doors.post("/sign-in", data={"email": "budi@example.com"})
        assert response.status_code == 503
        assert 'value="budi@example.com"' in response.text

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_forged(self, doors: httpx.AsyncClient, method: str) -> None:
        response = await doors.request(method, "/sign-in/a.b")
        assert response.status_code == 404
        assert "set-cookie" not in response.headers

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_expired(self, doors: httpx.AsyncClient, method: str) -> None:
        sign_in = SignIn(email="siti@example.com", back_to="/")
        token = proofs.sign_in_token(sign_in, key=LINK_KEY, now=NOW.replace(year=2020))
        response = await doors.request(method, f"/sign-in/{token}")
        assert response.status_code == 410
        assert "Minta tautan baru" in response.text
        assert "set-cookie" not in response.headers

    async def test_sign_out(self, doors: httpx.AsyncClient) -> None:
        response = await doors.post("/sign-out")
        assert response.status_code == 303
        assert 'kawal_session=""' in response.headers["set-cookie"]


@pytest.mark.parametrize("path", [FORM, STATUS, "/sign-in"])
class TestEveryDoor:
    @pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
    async def test_other_media_types(self, doors: httpx.AsyncClient, path: str, media_type: str) -> None:
        response = await doors.post(path, content=b"{}", headers={"content-type": media_type})
        assert response.status_code == 415
        assert response.headers["content-type"].startswith("text/html")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"message=%ff%fe", 400),
            (b"message=\xff", 400),
            (b"message=a&message=b", 400),
            (b"&".join(b"f%d=1" % number for number in range(300)), 400),
            (b"message=" + b"x" * 70_000, 413),
            (b"message=a%00b", 400),
        ],
    )
    async def test_bad_bodies(self, doors: httpx.AsyncClient, path: str, body: bytes, status: int) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        response = await doors.post(path, content=body, headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"].startswith("text/html")

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://web.example:1", "http://["])
    async def test_other_sites(self, doors: httpx.AsyncClient, path: str, origin: str) -> None:
        response = await doors.post(path, data={"message": "x"}, headers={"origin": origin})
        assert response.status_code == 403
        assert "Permintaan dari situs lain" in response.text

    async def test_no_key(self, doors: httpx.AsyncClient, path: str) -> None:
        response = await doors.post(path, data={"message": "x", "action": "stranger"})
        assert response.status_code in {400, 422}

    async def test_own_pages_send_their_origin(self, doors: httpx.AsyncClient, path: str) -> None:
        assert (await doors.get(path)).headers["referrer-policy"] == "same-origin"


class TestLogs:
    async def test_nothing_personal(self, doors: httpx.AsyncClient) -> None:
        secrets = {"name": "Siti Rahayu", "email": "siti@example.com", "phone": "081234567890", "message": "Rahasia"}
        with capture_logs() as lines:
            key = await opened(doors)
            sent = ANSWERS | secrets | {"idempotency_key": key}
            accepted = await doors.post(FORM, data=sent)
            await doors.get(accepted.headers["location"])
            await doors.post(FORM, data=sent | {"phone": "abc"})
            await doors.post(FORM, content=urlencode(sent | {"action": "prove"}).encode())
            await doors.post("/sign-in", data={"email": secrets["email"]})
            await doors.get(STATUS)
        told = str(lines)
        assert "request_handled" in told
        token = accepted.headers["location"].rpartition("/")[2]
        for secret in [*secrets.values(), "6281234567890", token, STATUS.rpartition("/")[2], key]:
            assert secret not in told
