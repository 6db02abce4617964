"""Taking in what participants send: durable first, answered then."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kawal.contracts.interactions import FormSubmitted, MessageReceived
from kawal.contracts.words import Locale
from kawal.errors import KawalError
from kawal.identities import routing_key
from webform_ingest.domain import submissions
from webform_ingest.domain.proofs import StatusPage, SubmissionReceipt, status_token
from webform_ingest.domain.submissions import Sent
from webform_ingest.domain.validation import Answered

FORM_CLIENT_ID = "form"
"""Stands for the submission itself among the accepted messages of its conversation."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known of a conversation from the form that began it."""

    reference: str | None
    routing_key: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Something accepted that the participant should see on the status page before ticket-core has numbered it."""

    conversation_id: str
    client_id: str
    text: str
    at: datetime
    opened: Opened | None = None


class Ledger(Protocol):
    """Where accepting becomes durable."""

    async def accept(self, sent: Sent, *, answer: bytes, case_number: str | None = None) -> bytes | None:
        """Keep `sent` and its `answer`; returns once both are on the disk.

        What was accepted before under the same key is not accepted again: then the answer given before is returned.

        Raises:
            IdempotencyConflict (409), SpoolFull and SpoolUnavailable (503), all of `kawal.spool`.
        """

    async def answer(self, key: str) -> bytes | None:
        """What was answered under this key, if it is known (still)."""


class CaseNumbers(Protocol):
    """Numbers leased ahead; see `kawal.case_numbers.leases`."""

    def take(self) -> str | None: ...

    def give_back(self, number: str) -> None: ...


class Acceptances(Protocol):
    """What was accepted lately."""

    def note(self, acceptance: Acceptance) -> None: ...


class Conversations(Protocol):
    async def routing_key(self, conversation_id: str) -> str | None:
        """The key its form travelled under; `None` when that cannot be known now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One instance for all doors: the JSON API and the pages."""

    ledger: Ledger
    acceptances: Acceptances
    conversations: Conversations
    case_numbers: CaseNumbers
    traceparent: Callable[[], str | None]
    link_key: str

    async def submit(
        self, form: str, answered: Answered, *, idempotency_key: str, proven_email: str | None, now: datetime
    ) -> SubmissionReceipt:
        """Accept a form.

        Raises:
            What `Ledger.accept` raises.
        """
        submitted = submissions.form_submitted(
            form,
            answered,
            idempotency_key=idempotency_key,
            proven_email=proven_email,
            reference=self.case_numbers.take(),
            now=now,
        )
        key = routing_key(submitted.conversation_id, submitted.identities)
        page = StatusPage(conversation_id=submitted.conversation_id, routing_key=key)
        receipt = SubmissionReceipt(status_token=status_token(page, key=self.link_key), reference=submitted.reference)
        earlier = await self._accept_form(submitted, idempotency_key=idempotency_key, receipt=receipt)
        if earlier is None:
            self.acceptances.note(_form_acceptance(submitted, routing_key=key))
        return earlier or receipt

    async def submitted(self, form: str, *, idempotency_key: str) -> SubmissionReceipt | None:
        """The receipt that was given for this key.

        It opens the conversation, so the key must be one that nobody can guess.
        """
        answer = await self.ledger.answer(submissions.form_key(form, idempotency_key))
        return _read(answer) if answer else None

    async def _accept_form(
        self, submitted: FormSubmitted, *, idempotency_key: str, receipt: SubmissionReceipt
    ) -> SubmissionReceipt | None:
        """The receipt given before, if any; a number that was not used up goes back."""
        number = submitted.reference
        sent = submissions.send_form(submitted, idempotency_key=idempotency_key, traceparent=self.traceparent())
        try:
            earlier = await self.ledger.accept(sent, answer=_written(receipt), case_number=number)
        except KawalError:
            self._give_back(number)
            raise
        if earlier is None:
            return None
        self._give_back(number)
        return _read(earlier)

    def _give_back(self, number: str | None) -> None:
        if number is not None:
            self.case_numbers.give_back(number)

    async def add_message(
        self, text: str, *, page: StatusPage, idempotency_key: str, locale: Locale, now: datetime
    ) -> MessageReceived:
        """Accept a message to the conversation of a status page; `text` is clean already.

        Raises:
            What `Ledger.accept` raises.
        """
        received = submissions.message_received(
            text, page=page, idempotency_key=idempotency_key, locale=locale, now=now
        )
        key = page.routing_key or await self.conversations.routing_key(page.conversation_id) or page.conversation_id
        sent = submissions.send_message(
            received, idempotency_key=idempotency_key, partition_key=key, traceparent=self.traceparent()
        )
        if await self.ledger.accept(sent, answer=b"") is not None:
            return received
        self.acceptances.note(
            Acceptance(
                conversation_id=page.conversation_id,
                client_id=str(received.client_id),
                text=text,
                at=now,
            )
        )
        return received


def _form_acceptance(submitted: FormSubmitted, *, routing_key: str) -> Acceptance:
    return Acceptance(
        conversation_id=submitted.conversation_id,
        client_id=FORM_CLIENT_ID,
        text=submissions.as_text(submitted),
        at=submitted.occurred_at,
        opened=Opened(reference=submitted.reference, routing_key=routing_key),
    )


def _written(receipt: SubmissionReceipt) -> bytes:
    return json.dumps([receipt.status_token, receipt.reference]).encode()


def _read(answer: bytes) -> SubmissionReceipt:
    token, reference = json.loads(answer)
    return SubmissionReceipt(status_token=token, reference=reference)
