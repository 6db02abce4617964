"""What tests of the chat are made of."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chat_ingest.domain.protocol import SUBPROTOCOL
from chat_ingest.domain.sessions import Session
from chat_ingest.settings import Settings
from kawal.contracts.envelope import Envelope
from kawal.contracts.outbound import OutboundMessage, OutboundQueue
from kawal.contracts.words import Author, Locale

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
SESSION_KEY = "session-key-of-the-tests-0123456789"
HOST_KEY = "host-key-of-the-tests-" + "0123456789" * 5
AUDIENCE = "kawal"
CONVERSATION = "chat:0123456789abcdef"


def session(conversation_id: str = CONVERSATION, **changes: Any) -> Session:
    return Session(conversation_id=conversation_id, **{"locale": Locale.INDONESIAN, **changes})


def outbound(seq: int, *, conversation_id: str = CONVERSATION, **changes: Any) -> OutboundMessage:
    """An agent's message that stands at `seq`."""
    plain = {
        "delivery_id": f"delivery-{conversation_id}-{seq}",
        "conversation_id": conversation_id,
        "case_id": f"case-of-{conversation_id}",
        "case_number": "4829130574",
        "case_seq": seq,
        "locale": Locale.INDONESIAN,
        "message_id": f"message-{seq}",
        "seq": seq,
        "author": Author.AGENT,
        "author_name": "Rina",
        "text": f"Jawaban {seq}",
        "at": NOW,
        "wants_receipt": True,
    }
    return OutboundMessage(**{**plain, **changes})


def place(position: int, *, conversation_id: str = CONVERSATION, wait_minutes: int | None = None) -> OutboundQueue:
    return OutboundQueue(conversation_id=conversation_id, position=position, wait_minutes=wait_minutes, at=NOW)


def identity_token(
    *, key: str = HOST_KEY, algorithm: str = "HS256", without: Sequence[str] = (), **changes: Any
) -> str:
    """What the host site signs."""
    claims = {
        "sub": "PRK-77",
        "name": "Sari Wulandari",
        "email": "Sari@Example.org",
        "phone_number": "+6281234567890",
        "aud": AUDIENCE,
        "exp": int((datetime.now(UTC) + timedelta(minutes=5)).timestamp()),
        "jti": "token-1",
        **changes,
    }
    return jwt.encode(
        {name: value for name, value in claims.items() if name not in without},
        key,
        algorithm=algorithm,
    )


def settings(**changes: Any) -> Settings:
    """Settings that depend on no environment but what is given."""
    plain = {
        "postgres_dsn": "postgresql://postgres@127.0.0.1:1/nowhere",
        "kafka": "127.0.0.1:1",
        "ticket_core_url": "http://127.0.0.1:1",
        "service_token": "service-token",
        "chat_session_key": SESSION_KEY,
        "host_jwt_key": HOST_KEY,
        "host_jwt_audience": AUDIENCE,
        "chat_allowed_origins": ("https://host.example",),
    }
    return Settings(**{**plain, **changes})


@dataclass
class Window:
    """A chat window as a test drives it."""

    socket: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next frame of that type; those before it are kept in `frames`."""
        while True:
            frame: dict[str, Any] = json.loads(await self.socket.recv())
            self.frames.append(frame)
            if frame["type"] == kind:
                return frame

    async def hello(self, token: str, *, last_seq: int = 0) -> dict[str, Any]:
        await self.say(type="hello", session_token=token, last_seq=last_seq)
        return await self.hear("welcome")

    async def messages(self, count: int) -> list[int]:
        """The places of the next `count` messages."""
        return [(await self.hear("message"))["seq"] for _ in range(count)]

    async def closed(self) -> tuple[int | None, str | None]:
        """Code and reason of the server's close frame."""
        with suppress(ConnectionClosed):
            while True:
                self.frames.append(json.loads(await self.socket.recv()))
        return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def window(url: str, **options: Any) -> AsyncIterator[Window]:
    """A socket that has not said hello yet."""
    address = f"{url.replace('http', 'ws', 1)}/v1/chat/ws"
    async with connect(address, **{"subprotocols": [SUBPROTOCOL], "max_queue": None, **options}) as socket:
        yield Window(socket)


async def send_outbound(
    bootstrap_servers: str, topic: str, messages: Iterable[OutboundMessage | OutboundQueue]
) -> None:
    """Do notifier's part."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        for message in messages:
            record = Envelope(
                id=message.delivery_id if isinstance(message, OutboundMessage) else uuid4().hex,
                source="/notifier",
                type=f"kawal.outbound.{message.kind}.v1",
                time=NOW,
                partition_key=message.conversation_id,
            ).message(topic=topic, data=message.model_dump_json().encode())
            await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
        await producer.flush()
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(bootstrap_servers: str, topic: str, *, partitions: int) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of all that comes to `topic` from now on."""
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        yield consumer
    finally:
        await consumer.stop()
