"""`kawal.outbound.{chat,voice,web}.v1`: what an edge has to carry to a participant.

Written by notifier's outbox, keyed by conversation id, read by the edge that owns the channel.
The CloudEvents type is `kawal.outbound.message.v1`, `kawal.outbound.call.v1` or `kawal.outbound.queue.v1`.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from kawal.contracts.words import Author, CaseNumber, Contract, ConversationId, Locale, Text


class _Outbound(Contract):
    """`delivery_id` is deterministic: the same message on the same channel always has the same one."""

    delivery_id: str
    conversation_id: ConversationId
    case_id: str
    case_number: CaseNumber
    case_seq: Annotated[int, Field(ge=1)]
    locale: Locale


class OutboundMessage(_Outbound):
    """A message of a conversation, for a transcript and for whoever has it open now (chat, web).

    `seq` is the conversation's own numbering; `wants_receipt` asks the edge for delivery reports on
    `kawal.deliveries.v1` (set on all that the participant did not write himself).
    """

    kind: Literal["message"] = "message"
    message_id: str
    seq: Annotated[int, Field(ge=1)]
    author: Author
    author_name: str | None = None
    text: Text
    client_id: str | None = None
    at: datetime
    wants_receipt: bool = False


class OutboundCall(_Outbound):
    """Call a participant and read `text` out, in the language of `locale`. `to` is E.164."""

    kind: Literal["call"] = "call"
    to: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{6,15}$")]
    text: Text


class OutboundQueue(Contract):
    """The place of a waiting chat in the queue, for who has it open now; never in a transcript.

    `position` counts from 1; 0 is no place any more. `wait_minutes` is left out when it cannot be told.
    """

    kind: Literal["queue"] = "queue"
    conversation_id: ConversationId
    position: Annotated[int, Field(ge=0)]
    wait_minutes: Annotated[int, Field(ge=1)] | None = None
    at: datetime


Outbound = Annotated[OutboundMessage | OutboundCall | OutboundQueue, Field(discriminator="kind")]
outbound_adapter: TypeAdapter[Outbound] = TypeAdapter(Outbound)
