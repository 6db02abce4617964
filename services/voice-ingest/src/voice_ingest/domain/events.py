"""What a call leaves behind, as events for Kafka with deterministic ids."""

from collections.abc import Sequence
from datetime import datetime

from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import CallbackRequested, KeyPress, VoicemailLeft
from kawal.contracts.topics import INTERACTIONS
from kawal.contracts.words import Attachment, CaseNumber, Channel, Contract, ConversationId, Identity, Locale
from kawal.identities import routing_key
from voice_ingest.domain.machine import CallState

SOURCE = "/voice-ingest"


class CallFacts(Contract):
    """What both kinds of interaction say of their call."""

    call_id: str
    occurred_at: datetime
    locale: Locale
    identities: tuple[Identity, ...]
    topic: str | None
    path: tuple[KeyPress, ...]
    reference: CaseNumber | None
    traceparent: str | None

    @property
    def conversation_id(self) -> ConversationId:
        return f"voice:{self.call_id}"


class PendingVoicemail(Contract):
    """A voicemail that is accepted, while its recording still lies with the provider, and how far it has come.

    `recording` is set once it is in the vault, `told` once its event is in the spool, `called_back` once the caller
    is to be called back because the recording did not come.
    """

    recording_id: str
    url: str
    duration_s: float | None
    facts: CallFacts
    recording: Attachment | None = None
    told: bool = False
    called_back: bool = False


def facts(
    state: CallState,
    *,
    call_id: str,
    identities: Sequence[Identity],
    reference: str | None,
    now: datetime,
    traceparent: str | None,
) -> CallFacts:
    return CallFacts(
        call_id=call_id,
        occurred_at=now,
        locale=state.locale,
        identities=tuple(identities),
        topic=state.topic,
        path=tuple(KeyPress(menu=menu, choice=choice) for menu, choice in state.path),
        reference=reference,
        traceparent=traceparent,
    )


def callback_requested(facts: CallFacts, *, event_id: str) -> KafkaMessage:
    event = CallbackRequested(
        conversation_id=facts.conversation_id,
        channel=Channel.VOICE,
        occurred_at=facts.occurred_at,
        locale=facts.locale,
        identities=facts.identities,
        topic=facts.topic,
        path=facts.path,
        reference=facts.reference,
    )
    return _interaction(event, facts, event_id=event_id)


def voicemail_left(facts: CallFacts, *, recording: Attachment, event_id: str) -> KafkaMessage:
    event = VoicemailLeft(
        conversation_id=facts.conversation_id,
        channel=Channel.VOICE,
        occurred_at=facts.occurred_at,
        locale=facts.locale,
        identities=facts.identities,
        topic=facts.topic,
        path=facts.path,
        reference=facts.reference,
        recording=recording,
    )
    return _interaction(event, facts, event_id=event_id)


def _interaction(event: CallbackRequested | VoicemailLeft, facts: CallFacts, *, event_id: str) -> KafkaMessage:
    envelope = Envelope(
        id=event_id,
        source=SOURCE,
        type=f"kawal.interaction.{event.kind}.v1",
        time=facts.occurred_at,
        partition_key=routing_key(event.conversation_id, event.identities),
        traceparent=facts.traceparent,
    )
    return envelope.message(topic=INTERACTIONS.name, data=event.model_dump_json().encode())
