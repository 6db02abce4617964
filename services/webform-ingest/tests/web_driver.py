"""Starts the real service for tests, and looks at what leaves it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as MAIL
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from kawal.contracts import topics
from kawal.contracts.envelope import Envelope as CloudEvent
from kawal.contracts.outbound import Outbound
from kawal.kafka import Producer
from kawal.kafka.topics import create
from kawal.service import Service, running
from kawal.spool import Spool, SpoolLimits
from web_factories import LINK_KEY
from webform_ingest.consumers.transcript import GROUP
from webform_ingest.main import opened
from webform_ingest.settings import PORT, SERVICE, WebSettings

PROGRAMME = Path(__file__).parents[3] / "programme"
NUMBERS = ["1234567893", "4829130574"]


def settings(*, state: Path, postgres_dsn: str, kafka: str, **changes: Any) -> WebSettings:
    """The service's settings; what is not named here is away: ticket-core, the chat, the mail."""
    chosen: dict[str, Any] = {
        "state": state,
        "spool_dir": state / "spool",
        "programme_dir": PROGRAMME,
        "postgres_dsn": postgres_dsn,
        "kafka": kafka,
        "ticket_core_url": "http://127.0.0.1:9",
        "service_token": SecretStr("token"),
        "web_public_url": "http://web.example",
        "chat_public_url": "http://127.0.0.1:9",
        "voice_public_url": "http://127.0.0.1:9",
        "voice_emulator": True,
        "twilio_number": "+622150859999",
        "link_key": SecretStr(LINK_KEY),
        "smtp_url": "smtp://127.0.0.1:9",
        "mail_from": "Layanan Kawal <layanan@kawal.example>",
    }
    return WebSettings(**(chosen | changes))


@asynccontextmanager
async def serving(chosen: WebSettings, *, outbound_topic: str = "nowhere") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service."""
    service = Service(SERVICE, settings=chosen, port=PORT, opened=lambda: opened(chosen, outbound_topic=outbound_topic))
    async with running(service) as address, httpx.AsyncClient(base_url=address.url, timeout=30) as client:
        yield client


async def with_case_numbers(chosen: WebSettings, numbers: list[str]) -> None:
    """Put leased numbers into the spool, as if ticket-core had given them before it went away."""
    spool = await Spool.open(chosen.spool_path(SERVICE), limits=SpoolLimits())
    await spool.add_case_numbers(numbers)
    await spool.close()


async def create_topics(bootstrap_servers: str, *, outbound_topic: str) -> None:
    """The topics that the service writes to, and the dead letters of the one that it reads."""
    letters = topics.dead_letters(topic=outbound_topic, group=GROUP)
    await create([topics.INTERACTIONS, topics.DELIVERIES, letters], bootstrap_servers=bootstrap_servers)


async def hand_out(bootstrap_servers: str, topic: str, messages: Sequence[Outbound]) -> None:
    """What notifier does: write messages to the topic of the web."""
    producer = Producer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        for message in messages:
            envelope = CloudEvent(
                id=message.delivery_id,
                source="/notifier",
                type=f"kawal.outbound.{message.kind}.v1",
                time=datetime.now(UTC),
                partition_key=message.conversation_id,
            )
            await producer.send(envelope.message(topic=topic, data=message.model_dump_json().encode()))
    finally:
        await producer.stop()


@dataclass(slots=True)
class Watched:
    """What was written to a topic since the watch began."""

    consumer: AIOKafkaConsumer
    seen: list[tuple[CloudEvent, bytes, bytes]] = field(default_factory=list)

    async def with_id(self, event_id: str) -> list[tuple[CloudEvent, bytes, bytes]]:
        """The events of this id so far, as (envelope, key, data)."""
        await self._read()
        return [one for one in self.seen if one[0].id == event_id]

    async def of(self, conversation_id: str) -> list[tuple[CloudEvent, bytes, bytes]]:
        """The events of this conversation so far."""
        await self._read()
        return [one for one in self.seen if f'"{conversation_id}"'.encode() in one[2]]

    async def _read(self) -> None:
        for records in (await self.consumer.getmany(timeout_ms=50)).values():
            self.seen += [(CloudEvent.from_headers(r.headers), r.key, r.value) for r in records if _is_ours(r)]


def _is_ours(record: Any) -> bool:
    return dict(record.headers).get("ce_source") == b"/webform-ingest"


@asynccontextmanager
async def watching(topic: topics.Topic, *, bootstrap_servers: str) -> AsyncIterator[Watched]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        for partition in partitions:
            await consumer.position(partition)
        yield Watched(consumer)
    finally:
        await consumer.stop()


@dataclass(slots=True)
class Mailbox:
    """A mail server that keeps what it gets."""

    mails: list[EmailMessage] = field(default_factory=list)
    url: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        parsed = BytesParser(policy=MAIL).parsebytes(content if isinstance(content, bytes) else content.encode())
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    def link_to(self, address: str) -> str:
        """The path of the newest link mailed to `address`."""
        mail = next(mail for mail in reversed(self.mails) if mail["To"] == address)
        line = next(line for line in mail.get_content().splitlines() if line.startswith("http"))
        return str(httpx.URL(line).path)


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), host="127.0.0.1", port=0)
    try:
        host, port = server.sockets[0].getsockname()
        box.url = f"smtp://{host}:{port}"
        yield box
    finally:
        server.close()
        await server.wait_closed()
