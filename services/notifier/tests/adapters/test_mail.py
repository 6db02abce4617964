"""Mails by real SMTP."""

import asyncio

import pytest
from aiosmtpd.smtp import SMTP

from notifier.adapters.mail import MailProvider, mail_of
from notifier.domain.providers import ProviderAwayError, ProviderRefusedError
from notifier_factories import delivery


class Mailbox:
    """An SMTP server that takes mails, or answers as told."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.answer = "250 OK"
        self.rcpt = "250 OK"
        self.sender = "250 OK"
        self.taking = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.taking.set()
        await self.takes.wait()
        if self.answer.startswith("250"):
            self.mails.append(envelope.content)
        return self.answer


@pytest.fixture
async def mailbox():
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box


@pytest.fixture
async def provider(mailbox):
    provider = MailProvider(url=f"smtp://127.0.0.1:{mailbox.port}", sender="Kawal <kawal@example.org>")
    yield provider
    provider.close()


class TestMailProvider:
    async def test_mail_arrives_with_its_words(self, mailbox, provider):
        await provider.send(delivery(subject="Jawaban é", text="Halo Bu Sari"))
        (mail,) = mailbox.mails
        assert b"Halo Bu Sari" in mail
        assert b"X-Kawal-Case: 482-913-0574" in mail

    async def test_one_connection_serves_many(self, mailbox, provider):
        for _ in range(3):
            await provider.send(delivery())
        assert len(mailbox.mails) == 3

    async def test_refused_address_is_permanent_and_the_next_mail_goes_out(self, mailbox, provider):
        mailbox.rcpt = "550 no such user"
        with pytest.raises(ProviderRefusedError, match="smtp_550"):
            await provider.send(delivery())
        mailbox.rcpt = "250 OK"
        await provider.send(delivery())
        assert len(mailbox.mails) == 1

    async def test_address_that_the_server_cannot_write_is_permanent(self, mailbox, provider):
        with pytest.raises(ProviderRefusedError, match="smtp_not_supported"):
            await provider.send(delivery(address="sarié@example.org"))
        await provider.send(delivery())
        assert len(mailbox.mails) == 1

    async def test_try_later_is_transient(self, mailbox, provider):
        mailbox.answer = "451 try later"
        with pytest.raises(ProviderAwayError, match="smtp_451"):
            await provider.send(delivery())

    async def test_refused_sender_is_no_fault_of_the_mail(self, mailbox, provider):
        mailbox.sender = "530 authentication required"
        with pytest.raises(ProviderAwayError, match="smtp_530"):
            await provider.send(delivery())

    async def test_wrong_password_is_no_fault_of_the_mail(self, mailbox):
        url = f"smtp://kawal:wrong@127.0.0.1:{mailbox.port}"
        provider = MailProvider(url=url, sender="kawal@example.org")
        with pytest.raises(ProviderAwayError):
            await provider.send(delivery())

    async def test_server_that_turns_us_away_is_transient(self):
        async def turn_away(_reader, writer):
            writer.write(b"554 go away\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            provider = MailProvider(url=f"smtp://127.0.0.1:{port}", sender="kawal@example.org")
            with pytest.raises(ProviderAwayError, match="smtp_554"):
                await provider.send(delivery())

    async def test_answer_that_came_too_late_is_not_the_next_mails(self, mailbox, provider):
        mailbox.takes.clear()
        given_up = asyncio.create_task(provider.send(delivery()))
        await asyncio.wait_for(mailbox.taking.wait(), 10)
        given_up.cancel()
        await asyncio.wait({given_up})
        mailbox.answer = "550 refused"
        mailbox.takes.set()
        with pytest.raises(ProviderRefusedError, match="smtp_550"):
            await provider.send(delivery())

    async def test_server_away_is_transient(self):
        provider = MailProvider(url="smtp://127.0.0.1:1", sender="kawal@example.org")
        with pytest.raises(ProviderAwayError, match="smtp_away"):
            await provider.send(delivery())


class TestMailOf:
    def test_same_delivery_has_the_same_message_id(self):
        one, two = (mail_of(delivery(), sender="Kawal <kawal@example.org>") for _ in range(2))
        assert one["Message-ID"] == two["Message-ID"]
        assert one["Message-ID"].endswith("@example.org>")
