"""The events that a chat puts on Kafka, each with a deterministic id."""

from dataclasses import dataclass
from datetime import datetime

from chat_ingest.domain.sessions import Session
from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import MessageReceived, MessagesRead
from kawal.contracts.outbound import OutboundMessage
from kawal.contracts.topics import DELIVERIES, INTERACTIONS
from kawal.contracts.words import Channel

SOURCE = "/chat-ingest"


@dataclass(frozen=True, slots=True)
class Event:
    """An event that is ready for the spool; `id` is its `ce_id`."""

    id: str
    message: KafkaMessage


def message_id(conversation_id: str, client_id: str) -> str:
    """The event id of a participant's message."""
    return f"{conversation_id}/{client_id}"


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
        id=message_id(session.conversation_id, client_id),
        source=SOURCE,
        type="kawal.interaction.message_received.v1",
        time=now,
        partition_key=session.routing_key,
        traceparent=traceparent,
    )
    return _event(envelope, topic=INTERACTIONS.name, data=data.model_dump_json(exclude_none=True))


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
    return _event(envelope, topic=INTERACTIONS.name, data=data.model_dump_json(exclude_none=True))


def delivery_reported(message: OutboundMessage, *, state: DeliveryState, now: datetime) -> Event:
    """What became of `message`."""
    data = DeliveryReported(
        delivery_id=message.delivery_id,
        case_id=message.case_id,
        case_number=message.case_number,
        case_seq=message.case_seq,
        conversation_id=message.conversation_id,
        channel=Channel.CHAT,
        state=state,
        at=now,
    )
    envelope = Envelope(
        id=f"{message.delivery_id}/{state}",
        source=SOURCE,
        type="kawal.delivery.reported.v1",
        time=now,
        partition_key=message.case_id,
    )
    return _event(envelope, topic=DELIVERIES.name, data=data.model_dump_json(exclude_none=True))


def _event(envelope: Envelope, *, topic: str, data: str) -> Event:
    return Event(envelope.id, envelope.message(topic=topic, data=data.encode()))
