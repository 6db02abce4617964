"""The whole service: from a case event on Kafka to the mail, and what it does while everything is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.smtp import SMTP
from pydantic import ValidationError

from kawal.case_numbers import check_digit, display
from kawal.contracts import topics
from kawal.contracts.envelope import Envelope
from kawal.contracts.words import Channel
from kawal.kafka import Producer
from kawal.kafka.topics import create, declared
from kawal.service import running
from kawal.testing import eventually
from notifier.main import service
from notifier.settings import NotifierSettings
from notifier_factories import EMAIL, NOW, notice

pytestmark = pytest.mark.integration

PROGRAMME = Path(__file__).parents[3] / "programme"


def settings(**changes: Any) -> NotifierSettings:
    values: dict[str, Any] = {
        "programme_dir": PROGRAMME,
        "postgres_dsn": "postgresql://postgres@127.0.0.1:1/nowhere",
        "kafka": "127.0.0.1:1",
        "link_key": "link-key-of-the-tests-0123456789",
        "web_public_url": "http://portal.example",
        "smtp_url": "smtp://127.0.0.1:1",
        "mail_from": "Kawal <kawal@example.org>",
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "token",
        "twilio_number": "+62215550100",
        "twilio_api_url": "http://127.0.0.1:1",
    }
    return NotifierSettings(**values | changes)


def case_number() -> str:
    """One of this test's own: the topic may hold the events of others."""
    digits = f"{uuid4().int % 10**9:09}"
    return digits + check_digit(digits)


class Mailbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, str]]:
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        yield box, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class TestSettings:
    @pytest.mark.parametrize("key", ["", "short"])
    def test_whoever_can_guess_the_key_can_sign(self, key):
        with pytest.raises(ValidationError, match="link_key"):
            settings(link_key=key)


class TestService:
    async def test_comes_up_while_everything_is_away(self):
        async with running(service(settings())) as address, httpx.AsyncClient() as client:
            for path in ("healthz", "readyz"):
                assert (await client.get(f"{address.operations_url}/{path}")).json() == {"status": "ok"}

    async def test_notice_goes_out_by_mail(self, database, kafka_bootstrap, mailbox):
        box, smtp_url = mailbox
        await create(declared(), bootstrap_servers=kafka_bootstrap)
        case_id = f"case-{uuid4().hex}"
        number = case_number()
        event = notice(Channel.WEB, case_id=case_id, case_number=number, identities=(EMAIL,))
        envelope = Envelope(
            id=f"{case_id}/1", source="/ticket-core", type="kawal.case.notice_added.v1", time=NOW, partition_key=case_id
        )
        producer = Producer(bootstrap_servers=kafka_bootstrap)
        await producer.send(envelope.message(topic=topics.CASE_EVENTS.name, data=event.model_dump_json().encode()))
        await producer.stop()
        chosen = settings(postgres_dsn=database("notifier"), kafka=kafka_bootstrap, smtp_url=smtp_url)
        async with running(service(chosen)):
            await eventually(lambda: any(f"X-Kawal-Case: {display(number)}" in mail for mail in box.mails), timeout=30)
