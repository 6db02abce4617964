"""What the rest of Kawal hears of timeline entries: a case event each, ready for the outbox."""

from collections.abc import Iterable

from kawal.contracts.case_events import CaseChanged, ConversationPoint, MessageAdded, NoticeAdded
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.topics import CASE_EVENTS
from ticket_core.domain.case import Conversation
from ticket_core.domain.entries import ConversationRead, DeliveryNoted, MessageWritten, NoticeGiven
from ticket_core.domain.world import Recorded

SOURCE = "/ticket-core"


_TOLD_ELSEWHERE = (DeliveryNoted, ConversationRead)
"""They came on topics of their own, where whoever wants them can read them."""


def case_events(recorded: Iterable[Recorded]) -> list[KafkaMessage]:
    """The events of the entries of which the rest of Kawal does not know yet."""
    return [case_event(one) for one in recorded if not isinstance(one.entry.fact, _TOLD_ELSEWHERE)]


def case_event(recorded: Recorded) -> KafkaMessage:
    """The event of an entry. Its id is `<case_id>/<seq>`: the same entry is always the same event."""
    entry = recorded.entry
    event = _event(recorded)
    envelope = Envelope(
        id=entry.message_id,
        source=SOURCE,
        type=f"kawal.case.{event.kind}.v1",
        time=entry.at,
        partition_key=entry.case_id,
        traceparent=recorded.traceparent,
    )
    return envelope.message(topic=CASE_EVENTS.name, data=event.model_dump_json(exclude_none=True).encode())


def _event(recorded: Recorded) -> MessageAdded | NoticeAdded | CaseChanged:
    entry, conversation = recorded.entry, recorded.conversation
    if entry.conversation_seq is None or conversation is None:
        return _changed(recorded)
    if isinstance(entry.fact, NoticeGiven):
        return _notice(recorded, entry.fact, conversation, entry.conversation_seq)
    return _message(recorded, conversation, entry.conversation_seq)


def _message(recorded: Recorded, conversation: Conversation, seq: int) -> MessageAdded:
    entry = recorded.entry
    return MessageAdded(
        case_id=entry.case_id,
        case_number=recorded.case.number,
        seq=entry.seq,
        at=entry.at,
        conversation=_point(conversation, seq),
        locale=conversation.locale,
        identities=conversation.identities,
        message_id=entry.message_id,
        author=entry.author,
        author_name=entry.author_name,
        text=entry.text,
        client_id=entry.fact.client_id if isinstance(entry.fact, MessageWritten) else None,
    )


def _notice(recorded: Recorded, notice: NoticeGiven, conversation: Conversation, seq: int) -> NoticeAdded:
    entry = recorded.entry
    return NoticeAdded(
        case_id=entry.case_id,
        case_number=recorded.case.number,
        seq=entry.seq,
        at=entry.at,
        conversation=_point(conversation, seq),
        locale=conversation.locale,
        identities=conversation.identities,
        message_id=entry.message_id,
        template=notice.template,
    )


def _changed(recorded: Recorded) -> CaseChanged:
    entry, case = recorded.entry, recorded.case
    return CaseChanged(
        case_id=entry.case_id,
        case_number=case.number,
        seq=entry.seq,
        at=entry.at,
        change=entry.fact.kind,
        state=case.state,
        topic=case.topic,
        assignee_id=case.assignee_id,
    )


def _point(conversation: Conversation, seq: int) -> ConversationPoint:
    return ConversationPoint(conversation_id=conversation.id, channel=conversation.channel, seq=seq)
