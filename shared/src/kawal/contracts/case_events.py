"""`kawal.case-events.v1`: what happened to a case, in the order of its timeline.

Written by ticket-core's outbox, keyed by case id, read by notifier. One event per timeline entry, and besides them what
waiting participants are told of their place in the queue.
The CloudEvents type of each model is `kawal.case.<kind>.v1`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from kawal.contracts.words import (
    Author,
    CaseNumber,
    Channel,
    Contract,
    ConversationId,
    Identity,
    Locale,
    Text,
)


class CaseState(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class NoticeTemplate(StrEnum):
    """What the system tells a participant; notifier puts it into words (`programme/templates/`)."""

    RECEIVED = "received"
    JOINED = "joined"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class ConversationPoint(Contract):
    """Where in which conversation a participant-visible entry stands; `seq` counts from 1 without gaps."""

    conversation_id: ConversationId
    channel: Channel
    seq: Annotated[int, Field(ge=1)]


class _CaseEvent(Contract):
    """What every case event carries. `seq` is the entry's place in the case's timeline, from 1."""

    case_id: str
    case_number: CaseNumber
    seq: Annotated[int, Field(ge=1)]
    at: datetime


class _ForParticipant(_CaseEvent):
    """An entry the participant may see.

    `identities` are the ways to reach the participant of this conversation; `locale` is the language to use.
    """

    conversation: ConversationPoint
    locale: Locale
    identities: tuple[Identity, ...] = ()


class MessageAdded(_ForParticipant):
    """A message in a conversation, the participant's own included (`client_id` echoed from its interaction)."""

    kind: Literal["message_added"] = "message_added"
    message_id: str
    author: Author
    author_name: str | None = None
    text: Text
    client_id: str | None = None


class NoticeAdded(_ForParticipant):
    """The system tells the participant something; the words are notifier's."""

    kind: Literal["notice_added"] = "notice_added"
    message_id: str
    template: NoticeTemplate


class CaseChanged(_CaseEvent):
    """Anything about the case that is not a message: state, assignee, topic."""

    kind: Literal["case_changed"] = "case_changed"
    change: str
    state: CaseState
    topic: str | None = None
    assignee_id: str | None = None


class QueueMoved(_CaseEvent):
    """The place of a waiting chat in the queue; no entry of the timeline, `seq` is the last one there was.

    `position` counts from 1; 0 is no place any more: an agent has the case, it ended, or nobody is there who could
    take it. `wait_minutes` is left out when it cannot be told.
    """

    kind: Literal["queue_moved"] = "queue_moved"
    conversation_id: ConversationId
    position: Annotated[int, Field(ge=0)]
    wait_minutes: Annotated[int, Field(ge=1)] | None = None


CaseEvent = Annotated[MessageAdded | NoticeAdded | CaseChanged | QueueMoved, Field(discriminator="kind")]
case_event_adapter: TypeAdapter[CaseEvent] = TypeAdapter(CaseEvent)
