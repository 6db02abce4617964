"""`kawal.deliveries.v1`: what became of one attempt to tell a participant something.

Written by the edges (through their spools) and by notifier (through its outbox), keyed by case id; read by
ticket-core, which shows it in the timeline, and by notifier, which falls back to the next channel on failure.
The CloudEvents type is `kawal.delivery.reported.v1`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter

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


delivery_adapter: TypeAdapter[DeliveryReported] = TypeAdapter(DeliveryReported)
