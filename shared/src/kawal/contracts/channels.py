"""Which messages travel on which Kafka topic, who writes them and who reads them: AsyncAPI is generated from this."""

from dataclasses import dataclass

from kawal.contracts import topics
from kawal.contracts.case_events import CaseChanged, MessageAdded, NoticeAdded, QueueMoved
from kawal.contracts.deliveries import DeliveryReported
from kawal.contracts.interactions import (
    CallbackRequested,
    FormSubmitted,
    MessageReceived,
    MessagesRead,
    VoicemailLeft,
)
from kawal.contracts.outbound import OutboundCall, OutboundMessage, OutboundQueue
from kawal.contracts.topics import Topic
from kawal.contracts.words import Contract

EDGES = ("chat-ingest", "voice-ingest", "webform-ingest")


@dataclass(frozen=True, slots=True)
class Message:
    """A model under its CloudEvents type."""

    ce_type: str
    model: type[Contract]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChannel:
    """One topic. `key` says what its events are keyed, and so ordered, by."""

    topic: Topic
    key: str
    summary: str
    messages: tuple[Message, ...]
    writers: tuple[str, ...]

    @property
    def readers(self) -> tuple[str, ...]:
        return topics.READERS[self.topic.name]


def _of_kinds(subject: str, *models: type[Contract]) -> tuple[Message, ...]:
    return tuple(Message(f"kawal.{subject}.{model.model_fields['kind'].default}.v1", model) for model in models)


CHANNELS = (
    MessageChannel(
        topic=topics.INTERACTIONS,
        key="the participant's routing key",
        summary="What participants did, as the edges saw it.",
        messages=_of_kinds(
            "interaction", MessageReceived, FormSubmitted, VoicemailLeft, CallbackRequested, MessagesRead
        ),
        writers=EDGES,
    ),
    MessageChannel(
        topic=topics.CASE_EVENTS,
        key="case id",
        summary="What happened to a case, in the order of its timeline.",
        messages=_of_kinds("case", MessageAdded, NoticeAdded, CaseChanged, QueueMoved),
        writers=("ticket-core",),
    ),
    MessageChannel(
        topic=topics.OUTBOUND_CHAT,
        key="conversation id",
        summary="What chat-ingest has to carry to a participant.",
        messages=_of_kinds("outbound", OutboundMessage, OutboundQueue),
        writers=("notifier",),
    ),
    MessageChannel(
        topic=topics.OUTBOUND_VOICE,
        key="conversation id",
        summary="Whom voice-ingest has to call.",
        messages=_of_kinds("outbound", OutboundCall),
        writers=("notifier",),
    ),
    MessageChannel(
        topic=topics.OUTBOUND_WEB,
        key="conversation id",
        summary="What webform-ingest shows on status pages.",
        messages=_of_kinds("outbound", OutboundMessage),
        writers=("notifier",),
    ),
    MessageChannel(
        topic=topics.DELIVERIES,
        key="case id",
        summary="What became of each attempt to tell a participant something.",
        messages=(Message("kawal.delivery.reported.v1", DeliveryReported),),
        writers=(*EDGES, "notifier"),
    ),
)
