"""Sign-in links through a real mail server."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from web_driver import Mailbox, serving, settings

FORM = "/forms/complaint"


@pytest.fixture
async def site(tmp_path: Path, mail: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that has only its mail server."""
    away = settings(
        state=tmp_path,
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
        kafka="127.0.0.1:9",
        smtp_url=mail.url,
        trusted_proxies="127.0.0.0/8",
    )
    async with serving(away) as client:
        yield client


class TestRequest:
    async def test_mail_in_the_readers_language(self, site: httpx.AsyncClient, mail: Mailbox) -> None:
        await site.get("/?lang=en")
        response = await site.post("/sign-in", data={"email": "siti@example.com"})
        assert response.headers["location"] == "/sign-in/sent"
        assert mail.mails[0]["Subject"] == "Your sign-in link"
        assert mail.mails[0]["From"] == "Layanan Kawal <layanan@kawal.example>"
        assert "http://web.example/sign-in/" in mail.mails[0].get_content()

    async def test_a_few_mails_for_an_address_and_always_the_same_answer(
        self, site: httpx.AsyncClient, mail: Mailbox
    ) -> None:
        answers = [await site.post("/sign-in", data={"email": "siti@example.com"}) for _ in range(5)]
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, "/sign-in/sent")}
        assert len(mail.mails) == 3

    async def test_too_many_from_one_ip(self, site: httpx.AsyncClient, mail: Mailbox) -> None:
        here = {"x-forwarded-for": "203.0.113.1, 198.51.100.7"}
        for number in range(30):
            await site.post("/sign-in", data={"email": f"p{number}@example.com"}, headers=here)
        last = {"email": "last@example.com"}
        refused = await site.post("/sign-in", data=last, headers={"x-forwarded-for": "203.0.113.9, 198.51.100.7"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 30
        assert len(mail.mails) == 30
        elsewhere = await site.post("/sign-in", data=last, headers={"x-forwarded-for": "198.51.100.8"})
        assert elsewhere.status_code == 303

    @pytest.mark.parametrize("address", ["siti@example.com\r\nBcc: all@example.com", "a@b.c, d@e.f", "<a@b.c>"])
    async def test_no_header_can_be_smuggled_in(self, site: httpx.AsyncClient, mail: Mailbox, address: str) -> None:
        response = await site.post("/sign-in", data={"email": address})
        assert response.status_code in {303, 422, 503}
        assert all(sent["Bcc"] is None and sent["To"].count("@") == 1 for sent in mail.mails)

    async def test_from_a_half_filled_form(self, site: httpx.AsyncClient, mail: Mailbox) -> None:
        typed = {
            "idempotency_key": "a-hidden-key",
            "message": "Setengah jalan",
            "email": "siti@example.com",
            "action": "prove",
        }
        response = await site.post(FORM, data=typed)
        assert response.status_code == 200
        assert "Setengah jalan</textarea>" in response.text
        confirmed = await site.post(mail.link_to("siti@example.com"))
        assert confirmed.headers["location"] == FORM
        assert "Anda masuk sebagai siti@example.com" in (await site.get(FORM)).text


class TestSession:
    async def test_ends_with_sign_out_and_keeps_what_is_typed(self, site: httpx.AsyncClient, mail: Mailbox) -> None:
        await site.post("/sign-in", data={"email": "siti@example.com"})
        await site.post(mail.link_to("siti@example.com"))
        assert "Anda masuk sebagai siti@example.com" in (await site.get("/")).text
        typed = {"idempotency_key": "a-hidden-key", "message": "Setengah jalan", "action": "sign_out"}
        response = await site.post(FORM, data=typed)
        assert "Setengah jalan</textarea>" in response.text
        assert "Anda masuk sebagai" not in response.text
        assert "Anda masuk sebagai" not in (await site.get("/")).text
