"""Where the hotline makes things durable: the spool for events, the journal for everything before them."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from kawal.contracts.envelope import KafkaMessage
from kawal.contracts.words import Attachment
from kawal.observability.logging import get_logger
from kawal.spool import Accepted, CaseNumberNotLeased, Receipt, Spool
from voice_ingest.domain.events import CallFacts, PendingVoicemail, callback_requested, voicemail_left
from voice_ingest.domain.ports import Numbers
from voice_ingest.store.journal import Journal

NO_ANSWER = b""

log = get_logger()


class Intake:
    """Implements `domain.ports.Intake`. Event ids are `<CallSid>/<what>`, so whatever comes twice is one event."""

    def __init__(self, *, spool: Spool, journal: Journal, numbers: Numbers, wake: Callable[[], None]) -> None:
        """`wake` tells whoever fetches recordings."""
        self._spool = spool
        self._journal = journal
        self._numbers = numbers
        self._wake = wake

    def take_number(self) -> str | None:
        """A number that nobody has heard: after a restart, the spool knows nothing of reserved ones."""
        number = self._numbers.take()
        while number is not None and number in self._journal.reserved:
            number = self._numbers.take()
        return number

    def give_back(self, number: str | None) -> None:
        if number is not None:
            self._numbers.give_back(number)

    async def answered(self, key: str) -> bytes | None:
        if (body := await self._journal.answer(key)) is not None:
            return body
        receipt = await self._spool.receipt(key)
        return receipt.body if receipt else None

    async def keep_answer(self, key: str, body: bytes, *, now: datetime) -> None:
        await self._journal.keep_answer(key, body, now=now)

    async def accept_callback(self, facts: CallFacts, *, key: str, body: bytes) -> bytes:
        receipt = Receipt(key, _print(key), body)
        return await self._append_callback(facts, f"{facts.call_id}/callback", receipt)

    async def accept_voicemail(self, pending: PendingVoicemail, *, key: str, body: bytes, now: datetime) -> None:
        await self._journal.keep_voicemail(pending, key=key, body=body, now=now)
        self._wake()

    async def tell_voicemail(self, pending: PendingVoicemail, recording: Attachment) -> PendingVoicemail:
        event_id = f"{pending.facts.call_id}/{pending.recording_id}"
        message = voicemail_left(pending.facts, recording=recording, event_id=event_id)
        unused = None if pending.called_back else pending.facts.reference
        await self._append(message, event_id, receipt=_once(event_id), number=unused)
        return await self._noted(pending, told=True)

    async def call_back(self, pending: PendingVoicemail) -> PendingVoicemail:
        event_id = f"{pending.facts.call_id}/{pending.recording_id}/unplayable"
        await self._append_callback(pending.facts, event_id, _once(event_id))
        return await self._noted(pending, called_back=True)

    async def _noted(self, pending: PendingVoicemail, **news: bool) -> PendingVoicemail:
        noted = pending.model_copy(update=news)
        await self._journal.update(noted)
        return noted

    async def _append_callback(self, facts: CallFacts, event_id: str, receipt: Receipt) -> bytes:
        message = callback_requested(facts, event_id=event_id)
        accepted = await self._append(message, event_id, receipt=receipt, number=facts.reference)
        return accepted.receipt.body if accepted.receipt else receipt.body

    async def _append(self, message: KafkaMessage, event_id: str, *, receipt: Receipt, number: str | None) -> Accepted:
        try:
            return await self._spool.append(message, event_id=event_id, receipt=receipt, case_number=number)
        except CaseNumberNotLeased:
            # After a lost disk the spool is not the one that the number came from; the caller has heard it all the same
            log.warning("case_number_of_another_spool", event_id=event_id)
            return await self._spool.append(message, event_id=event_id, receipt=receipt)


def _once(event_id: str) -> Receipt:
    """Keeps a second append of the same event, after a crash in between, from using up its number again."""
    key = f"event:{event_id}"
    return Receipt(key, _print(key), NO_ANSWER)


def _print(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
