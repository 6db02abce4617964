"""Telling the others what became of messages. A message that reached its reader is never held up by that."""

from collections.abc import Sequence

from chat_ingest.api.desk import Desk
from chat_ingest.domain.ports import Intake
from chat_ingest.domain.refusals import TranscriptAway
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.outbound import OutboundMessage
from kawal.errors import KawalError
from kawal.observability.logging import get_logger

log = get_logger()


async def report_delivered(intake: Intake, messages: Sequence[OutboundMessage]) -> None:
    """They were written to the participant's device."""
    await _report(intake, messages, state=DeliveryState.DELIVERED)


async def report_read(desk: Desk, conversation_id: str, *, up_to: int, known: Sequence[OutboundMessage] = ()) -> None:
    """The participant has seen those up to `up_to`, and `known`, which need not be looked up; each is reported once."""
    try:
        found = await _unread(desk, conversation_id, up_to=up_to)
    except TranscriptAway:
        # The interaction `messages_read` says the same to the case; the deliveries follow with the next `read`.
        log.warning("read_receipts_skipped", reason="transcript_away")
        await _report(desk.intake, known, state=DeliveryState.READ)
        return
    read = [*found, *known]
    if await _report(desk.intake, read, state=DeliveryState.READ) and read:
        # What the transcript does not have yet is looked for again, so this is not `up_to`.
        desk.reads.note(conversation_id, seq=max(message.seq for message in read))


async def _unread(desk: Desk, conversation_id: str, *, up_to: int) -> Sequence[OutboundMessage]:
    after = desk.reads.reported(conversation_id)
    return await desk.transcript.unread(conversation_id, after=after, up_to=up_to) if after < up_to else ()


async def _report(intake: Intake, messages: Sequence[OutboundMessage], *, state: DeliveryState) -> bool:
    """Whether it is reported."""
    if not any(message.wants_receipt for message in messages):
        return True
    try:
        await intake.report(messages, state=state)
    except KawalError as refused:
        log.warning("delivery_report_skipped", state=state, reason=refused.code)
        return False
    return True
