"""What a participant sends becomes an interaction.

Everything is derived from the idempotency key, so that the same submission is the same event whichever replica takes
it, however often it arrives.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import FormSubmitted, MessageReceived
from kawal.contracts.topics import INTERACTIONS
from kawal.contracts.words import Assurance, Channel, Identity, IdentityKind, Locale
from kawal.identities import routing_key
from webform_ingest.domain.proofs import StatusPage
from webform_ingest.domain.validation import Answered

SOURCE = "/webform-ingest"
MESSAGE_MAX_LENGTH = 4_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One interaction, ready for the spool. `key` names it among the receipts; `fingerprint` is its content."""

    event_id: str
    message: KafkaMessage
    key: str
    fingerprint: str


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def fingerprint(content: Mapping[str, object]) -> str:
    """The same for the same content, in whatever order it was written."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def conversation_of(form: str, idempotency_key: str) -> str:
    return f"web:{digest(form, idempotency_key)[:32]}"


def client_id_of(conversation_id: str, idempotency_key: str) -> str:
    return digest(conversation_id, idempotency_key)[:32]


def with_proof(identities: tuple[Identity, ...], proven_email: str | None) -> tuple[Identity, ...]:
    """`identities`, with the proven address in the place of the same address merely typed."""
    if proven_email is None:
        return identities
    proven = Identity(kind=IdentityKind.EMAIL, value=proven_email, assurance=Assurance.POSSESSED)
    same = (IdentityKind.EMAIL, proven_email)
    return (proven, *(identity for identity in identities if (identity.kind, identity.value) != same))


def form_submitted(
    form: str,
    answered: Answered,
    *,
    idempotency_key: str,
    proven_email: str | None,
    reference: str | None,
    now: datetime,
) -> FormSubmitted:
    return FormSubmitted(
        conversation_id=conversation_of(form, idempotency_key),
        channel=Channel.WEB,
        occurred_at=now,
        locale=answered.locale,
        identities=with_proof(answered.identities, proven_email),
        name=answered.name,
        topic=answered.topic,
        reference=reference,
        form=form,
        answers=answered.answers,
    )


def send_form(submitted: FormSubmitted, *, idempotency_key: str, traceparent: str | None) -> Sent:
    event_id = f"{submitted.form}/{digest(idempotency_key)}"
    envelope = Envelope(
        id=event_id,
        source=SOURCE,
        type="kawal.interaction.form_submitted.v1",
        time=submitted.occurred_at,
        partition_key=routing_key(submitted.conversation_id, submitted.identities),
        traceparent=traceparent,
    )
    message = envelope.message(topic=INTERACTIONS.name, data=submitted.model_dump_json().encode())
    content = submitted.model_dump(mode="json", include={"answers"})
    return Sent(event_id, message, key=f"form/{event_id}", fingerprint=fingerprint(content))


def message_received(
    text: str, *, page: StatusPage, idempotency_key: str, locale: Locale, now: datetime
) -> MessageReceived:
    """What was written into the box of a status page.

    It carries no identity but the conversation: whoever holds the link may be helping somebody else.
    """
    return MessageReceived(
        conversation_id=page.conversation_id,
        channel=Channel.WEB,
        occurred_at=now,
        locale=locale,
        text=text,
        client_id=client_id_of(page.conversation_id, idempotency_key),
    )


def send_message(received: MessageReceived, *, partition_key: str, traceparent: str | None) -> Sent:
    event_id = f"{received.conversation_id}/{received.client_id}"
    envelope = Envelope(
        id=event_id,
        source=SOURCE,
        type="kawal.interaction.message_received.v1",
        time=received.occurred_at,
        partition_key=partition_key,
        traceparent=traceparent,
    )
    message = envelope.message(topic=INTERACTIONS.name, data=received.model_dump_json().encode())
    return Sent(event_id, message, key=f"message/{event_id}", fingerprint=fingerprint({"text": received.text}))


def as_text(submitted: FormSubmitted) -> str:
    """A submission as the participant reads it while ticket-core has not taken it in yet."""
    return "\n".join(answer.line for answer in submitted.answers)
