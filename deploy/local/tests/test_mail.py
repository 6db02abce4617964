"""The local mail: sent by SMTP, kept in a Maildir, read on the pages."""

import subprocess
import sys
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from kawal.testing import eventually
from kawal.testing.stack import free_offset
from kawal_local.layout import MAIL_PAGES_PORT, SMTP_PORT
from kawal_local.mail.mailbox import MailFolder
from kawal_local.mail.pages import create_app

HOSTILE = "<script>alert(1)</script>"


def hostile_mail():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "layanan@kawal.example", "siti@example.org", f"Nomor {HOSTILE}"
    mail.set_content(f"Nomor laporan Anda 482-913-0574 {HOSTILE} https://example.org/status")
    mail.add_alternative(f"<p>Nomor</p>{HOSTILE}", subtype="html")
    return mail


@pytest.fixture
def folder(tmp_path):
    return MailFolder(tmp_path / "mail")


@pytest.fixture
async def client(folder):
    transport = httpx.ASGITransport(create_app(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://mail") as client:
        yield client


class TestPages:
    async def test_no_mail_yet(self, client):
        assert "No mail yet" in (await client.get("/")).text

    async def test_list_escapes_what_others_wrote(self, client, folder):
        folder.keep(hostile_mail().as_bytes())
        page = await client.get("/")
        assert HOSTILE not in page.text
        assert "&lt;script&gt;" in page.text
        assert "siti@example.org" in page.text

    async def test_mail_escapes_text_and_frames_html(self, client, folder):
        key = folder.keep(hostile_mail().as_bytes())
        page = await client.get(f"/mails/{key}")
        assert HOSTILE not in page.text
        assert 'sandbox=""' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]

    async def test_html_part_is_sandboxed_on_its_own(self, client, folder):
        key = folder.keep(hostile_mail().as_bytes())
        part = await client.get(f"/mails/{key}/html")
        assert HOSTILE in part.text
        assert part.headers["content-security-policy"].startswith("sandbox; default-src 'none'")

    @pytest.mark.parametrize("key", ["nothing", "..%2F..%2Fetc%2Fpasswd", "%00"])
    async def test_unknown_mail(self, client, key):
        assert (await client.get(f"/mails/{key}")).status_code == 404

    async def test_newest_is_first(self, client, folder):
        for number in range(3):
            mail = EmailMessage()
            mail["Subject"] = f"mail {number}"
            folder.keep(mail.as_bytes())
        text = (await client.get("/")).text
        assert text.index("mail 2") < text.index("mail 1") < text.index("mail 0")


@pytest.fixture
def server(tmp_path):
    offset = free_offset()
    environment = {"KAWAL_STATE": str(tmp_path), "KAWAL_PORT_OFFSET": str(offset)}
    process = subprocess.Popen([sys.executable, "-m", "kawal_local.mail"], env=environment)
    yield f"http://127.0.0.1:{MAIL_PAGES_PORT + offset}", SMTP_PORT + offset
    process.terminate()
    assert process.wait(10) in {0, -15}


@pytest.mark.integration
class TestServer:
    async def test_a_mail_sent_is_read_in_the_browser(self, server):
        url, smtp_port = server

        async def page():
            try:
                async with httpx.AsyncClient() as client:
                    return (await client.get(url)).text
            except httpx.TransportError:
                return ""

        await eventually(page, timeout=30)
        await aiosmtplib.send(hostile_mail(), hostname="127.0.0.1", port=smtp_port, start_tls=False)
        assert "siti@example.org" in await page()
