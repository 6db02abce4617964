import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kawal.testing.waiting import eventually
from ticket_core.adapters import webhook_sender as module
from ticket_core.adapters.webhook_sender import Answer, Failure, WebhookSender
from ticket_core.domain.errors import WebhookUrlRefused
from webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.integration

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
REFUSED = [
    "http://8.8.8.8/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://10.0.0.8/",
    "https://172.16.3.4/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://user:secret@8.8.8.8/",
    "https://8.8.8.8/#part",
    "https://nothing.invalid/",
    "https:///path",
    "ftp://8.8.8.8/",
    "//8.8.8.8/",
    "8.8.8.8",
    "https://8.8.8.8:99999/",
    "https://" + "a" * 300 + "/",
    "https://[",
]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def sent(receiver: Receiver, sender: WebhookSender, *, times: int = 1) -> list[Answer]:
    async with sender.to(receiver.url) as post:
        return [await post({"webhook-id": "evt_1"}, b"{}") for _ in range(times)]


class TestCheck:
    @pytest.mark.parametrize("url", REFUSED)
    async def test_what_is_not_public(self, url: str) -> None:
        with pytest.raises(WebhookUrlRefused):
            await WebhookSender().check(url)

    @pytest.mark.parametrize("url", ["https://8.8.8.8/hook", "https://[2001:4860:4860::8888]:8443/"])
    async def test_what_is(self, url: str) -> None:
        await WebhookSender().check(url)

    async def test_what_was_allowed_besides(self) -> None:
        sender = WebhookSender(networks=LOOPBACK)
        for url in ("http://127.0.0.1:8080/", "https://localhost/", "http://[::ffff:127.0.0.1]/"):
            await sender.check(url)
        with pytest.raises(WebhookUrlRefused):
            await sender.check("http://10.0.0.8/")


class TestTo:
    async def test_is_delivered_on_one_connection(self, receiver: Receiver) -> None:
        answers = await sent(receiver, WebhookSender(networks=LOOPBACK), times=3)
        assert answers == [Answer(204, None)] * 3
        assert (receiver.connections, receiver.bodies, receiver.ids) == (1, [b"{}"] * 3, ["evt_1"] * 3)
        assert receiver.headers[0]["host"] in receiver.url

    async def test_is_not_sent_where_it_must_not(self, receiver: Receiver) -> None:
        assert await sent(receiver, WebhookSender()) == [Answer(None, Failure.ADDRESS_REFUSED)]
        assert receiver.connections == 0

    @pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 410, 500])
    async def test_everything_but_success_is_a_failure(self, receiver: Receiver, status: int) -> None:
        receiver.answers = lambda _: status
        assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(status, Failure.STATUS)]
        assert len(receiver.bodies) == 1, "a redirect is not followed"

    async def test_who_does_not_answer(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
        receiver.go_on.clear()
        assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(None, Failure.TIMEOUT)]

    async def test_who_is_not_there(self, receiver: Receiver) -> None:
        receiver.url = "http://127.0.0.1:9/"
        assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(None, Failure.UNREACHABLE)]

    async def test_who_speaks_something_else(self, receiver: Receiver) -> None:
        receiver.raw = b"220 mail.example.id ESMTP\r\n\r\n"
        assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(None, Failure.UNREACHABLE)]

    async def test_an_answer_without_end_is_not_read(self, receiver: Receiver) -> None:
        receiver.raw = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 100_000
        assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(200, None)]

    @pytest.mark.parametrize("moment", range(6))
    async def test_cancelled_while_it_closes(self, receiver: Receiver, moment: int) -> None:
        """It has no connection afterwards; one that was only forgotten would be a `ResourceWarning`."""
        done = asyncio.Event()

        async def send() -> None:
            async with WebhookSender(networks=LOOPBACK).to(receiver.url) as post:
                await asyncio.gather(*(post({}, b"{}") for _ in range(8)))
                done.set()

        sending = asyncio.create_task(send())
        await done.wait()
        for _ in range(moment):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        await eventually(lambda: receiver.gone == receiver.connections > 1)
        gc.collect()


class TestTls:
    async def test_the_certificate_is_checked_for_the_name(self, tmp_path: Path) -> None:
        for name, expected in (("localhost", Answer(204, None)), ("else.example", Answer(None, Failure.UNREACHABLE))):
            serving, trusting = contexts(name, tmp_path)
            async with receiving(tls=serving) as receiver:
                assert await sent(receiver, WebhookSender(networks=LOOPBACK, tls=trusting)) == [expected]
                assert len(receiver.bodies) == (expected.status is not None)

    async def test_who_signed_it_must_be_known(self, tmp_path: Path) -> None:
        serving, _ = contexts("localhost", tmp_path)
        async with receiving(tls=serving) as receiver:
            assert await sent(receiver, WebhookSender(networks=LOOPBACK)) == [Answer(None, Failure.UNREACHABLE)]


def contexts(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that has a certificate for `name`, and a client that trusts whoever signed it."""
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + certificate)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "both.pem")
    return serving, ssl.create_default_context(cadata=certificate.decode())
