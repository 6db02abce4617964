"""The events that a chat puts on Kafka, each with a deterministic id."""

import hashlib
from datetime import datetime

from chat_ingest.domain.sessions import Session
from kawal.contracts.envelope import Envelope, Event
from kawal.contracts.interactions import MessageReceived, MessagesRead
from kawal.contracts.topics import INTERACTIONS
from kawal.contracts.words import Channel

SOURCE = "/chat-ingest"


def message_id(conversation_id: str, client_id: str, *, text: str) -> str:
    """The event id of a participant's message.

    The text is part of it: which text a client id was used for is known to one replica only, and for a day; by the
    client id alone, another text that was taken after that would be dropped as known.
    """
    return f"{conversation_id}/{client_id}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def message_received(
    session: Session,
    *,
    client_id: str,
    text: str,
    reference: str | None,
    now: datetime,
    traceparent: str | None = None,
) -> Event:
    """The participant wrote `text`; `reference` is the case number he is told, if any."""
    data = MessageReceived(
        conversation_id=session.conversation_id,
        channel=Channel.CHAT,
        occurred_at=now,
        locale=session.locale,
        identities=session.identities,
        name=session.name,
        reference=reference,
        text=text,
        client_id=client_id,
    )
    envelope = Envelope(
        id=message_id(session.conversation_id, client_id, text=text),
        source=SOURCE,
        type="kawal.interaction.message_received.v1",
        time=now,
        partition_key=session.routing_key,
        traceparent=traceparent,
    )
    return envelope.event(topic=INTERACTIONS.name, data=data.model_dump_json(exclude_none=True).encode())


def messages_read(session: Session, *, seq: int, now: datetime) -> Event:
    """The participant has seen the conversation up to `seq`."""
    data = MessagesRead(
        conversation_id=session.conversation_id,
        channel=Channel.CHAT,
        occurred_at=now,
        locale=session.locale,
        identities=session.identities,
        seq=seq,
    )
    envelope = Envelope(
        id=f"{session.conversation_id}/read/{seq}",
        source=SOURCE,
        type="kawal.interaction.messages_read.v1",
        time=now,
        partition_key=session.routing_key,
    )
    return envelope.event(topic=INTERACTIONS.name, data=data.model_dump_json(exclude_none=True).encode())
