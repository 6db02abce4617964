"""What a participant sends becomes an interaction.

Everything is derived from the idempotency key and the content, so that the same submission is the same event whichever
replica takes it, however often it arrives. The content belongs to it: who sends something else under an old key, whose
receipt nobody remembers, says something new that must not be dropped, and gets no link to what the key named before.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import FormAnswer, FormSubmitted, MessageReceived
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


def form_key(form: str, idempotency_key: str) -> str:
    """Names a submission among the receipts."""
    return f"form/{form}/{digest(idempotency_key)}"


def _content(answers: Sequence[FormAnswer]) -> str:
    return fingerprint({"answers": [answer.model_dump() for answer in answers]})


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
        conversation_id=f"web:{digest(form, idempotency_key, _content(answered.answers))[:32]}",
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
    content = _content(submitted.answers)
    event_id = f"{submitted.form}/{digest(idempotency_key, content)}"
    envelope = Envelope(
        id=event_id,
        source=SOURCE,
        type="kawal.interaction.form_submitted.v1",
        time=submitted.occurred_at,
        partition_key=routing_key(submitted.conversation_id, submitted.identities),
        traceparent=traceparent,
    )
    message = envelope.message(topic=INTERACTIONS.name, data=submitted.model_dump_json().encode())
    return Sent(event_id, message, key=form_key(submitted.form, idempotency_key), fingerprint=content)


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
        client_id=digest(page.conversation_id, idempotency_key, text)[:32],
    )


def send_message(
    received: MessageReceived, *, idempotency_key: str, partition_key: str, traceparent: str | None
) -> Sent:
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
    key = f"message/{received.conversation_id}/{digest(idempotency_key)}"
    return Sent(event_id, message, key=key, fingerprint=fingerprint({"text": received.text}))


def as_text(submitted: FormSubmitted) -> str:
    """A submission as the participant reads it while ticket-core has not taken it in yet."""
    return "\n".join(answer.line for answer in submitted.answers)
