"""`kawal.deliveries.v1`: what became of one attempt to tell a participant something.

Written by the edges (through their spools) and by notifier (through its outbox), keyed by case id; read by
ticket-core, which shows it in the timeline, and by notifier, which falls back to the next channel on failure.
The CloudEvents type is `kawal.delivery.reported.v1`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field, StringConstraints, TypeAdapter

from kawal.contracts.envelope import Envelope, Event
from kawal.contracts.topics import DELIVERIES
from kawal.contracts.words import CaseNumber, Channel, Contract, ConversationId


class DeliveryState(StrEnum):
    """`SENT`: handed to the provider or stored for the participant. `DELIVERED`: on his device, or heard."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class DeliveryReported(Contract):
    """`case_seq` is the timeline entry that was to be told; `detail` is a stable snake_case reason."""

    delivery_id: str
    case_id: str
    case_number: CaseNumber
    case_seq: Annotated[int, Field(ge=1)]
    conversation_id: ConversationId
    channel: Channel
    state: DeliveryState
    at: datetime
    detail: Annotated[str, StringConstraints(max_length=200)] | None = None


class Delivery(Protocol):
    """What a report is about."""

    @property
    def delivery_id(self) -> str: ...
    @property
    def case_id(self) -> str: ...
    @property
    def case_number(self) -> CaseNumber: ...
    @property
    def case_seq(self) -> int: ...
    @property
    def conversation_id(self) -> ConversationId: ...


def report(
    delivery: Delivery,
    *,
    state: DeliveryState,
    channel: Channel,
    source: str,
    at: datetime,
    detail: str | None = None,
    traceparent: str | None = None,
) -> Event:
    """The report of one delivery; told twice it is one event, by its id."""
    reported = DeliveryReported(
        delivery_id=delivery.delivery_id,
        case_id=delivery.case_id,
        case_number=delivery.case_number,
        case_seq=delivery.case_seq,
        conversation_id=delivery.conversation_id,
        channel=channel,
        state=state,
        at=at,
        detail=detail,
    )
    envelope = Envelope(
        id=f"{delivery.delivery_id}/{state}",
        source=source,
        type="kawal.delivery.reported.v1",
        time=at,
        partition_key=delivery.case_id,
        traceparent=traceparent,
    )
    return envelope.event(topic=DELIVERIES.name, data=reported.model_dump_json(exclude_none=True).encode())


delivery_adapter: TypeAdapter[DeliveryReported] = TypeAdapter(DeliveryReported)
