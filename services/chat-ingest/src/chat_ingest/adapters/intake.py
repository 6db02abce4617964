"""The only way from the chat to Kafka: this replica's spool."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from chat_ingest.domain import events
from chat_ingest.domain.protocol import Accepted
from chat_ingest.domain.refusals import ClientIdConflict
from chat_ingest.domain.sessions import Session
from kawal.contracts.deliveries import DeliveryState, report
from kawal.contracts.outbound import OutboundMessage
from kawal.contracts.words import Channel
from kawal.errors import KawalError
from kawal.observability.tracing import current_traceparent
from kawal.spool import IdempotencyConflict, Receipt, Spool

REMEMBERED = 50_000
NOBODY_YET = ""


class CaseNumbers(Protocol):
    """Numbers that were leased ahead."""

    def take(self) -> str | None:
        """The next one, or `None` when there is none left."""

    def give_back(self, number: str) -> None:
        """Put back one that was not used."""


class SpoolIntake:
    """Keeps what happened in the spool.

    Which message was a conversation's first decides who is told the case number. It is kept as a receipt of its
    own key, so that it holds over a restart; what was seen lately is remembered besides.
    """

    def __init__(self, spool: Spool, numbers: CaseNumbers, *, clock: Callable[[], datetime]) -> None:
        self._spool = spool
        self._numbers = numbers
        self._clock = clock
        self._first: dict[str, str] = {}

    def opened(self, conversation_id: str) -> None:
        self._remember(conversation_id, NOBODY_YET)

    async def message(self, session: Session, *, client_id: str, text: str, begun: bool) -> Accepted:
        conversation_id = session.conversation_id
        first = await self._first_of(conversation_id)
        number = None
        if first == NOBODY_YET and not begun:
            first, number = client_id, self._numbers.take()
            self._remember(conversation_id, client_id)
        key = _first_key(conversation_id) if first == client_id else f"{conversation_id}/{client_id}"
        try:
            return await self._keep(session, key=key, client_id=client_id, text=text, number=number)
        except KawalError:
            # Not when it was cancelled: then it is kept all the same, and stays the first.
            if first == client_id:
                self._first.pop(conversation_id, None)
            self._give_back(number)
            raise

    async def _keep(self, session: Session, *, key: str, client_id: str, text: str, number: str | None) -> Accepted:
        accepted = Accepted(client_id=client_id, reference=number)
        event = events.message_received(
            session,
            client_id=client_id,
            text=text,
            reference=number,
            now=self._clock(),
            traceparent=current_traceparent(),
        )
        receipt = Receipt(
            key=key,
            fingerprint=hashlib.sha256(f"{client_id}\0{text}".encode()).hexdigest(),
            body=accepted.model_dump_json(exclude_none=True).encode(),
        )
        try:
            kept = await self._spool.append(event.message, event_id=event.id, receipt=receipt, case_number=number)
        except IdempotencyConflict as conflict:
            raise ClientIdConflict("Take a new client_id for another message") from conflict
        if kept.replayed and kept.receipt is not None:
            self._give_back(number)
            return Accepted.model_validate_json(kept.receipt.body)
        return accepted

    def _give_back(self, number: str | None) -> None:
        if number is not None:
            self._numbers.give_back(number)

    async def read(self, session: Session, *, seq: int) -> None:
        event = events.messages_read(session, seq=seq, now=self._clock())
        await self._spool.append(event.message, event_id=event.id)

    async def report(self, messages: Iterable[OutboundMessage], *, state: DeliveryState) -> None:
        now = self._clock()
        reports = [
            report(message, state=state, channel=Channel.CHAT, source=events.SOURCE, at=now)
            for message in messages
            if message.wants_receipt
        ]
        await asyncio.gather(*(self._spool.append(event.message, event_id=event.id) for event in reports))

    async def _first_of(self, conversation_id: str) -> str:
        """The client id of the conversation's first message as far as this replica knows, or `NOBODY_YET`."""
        if conversation_id not in self._first:
            receipt = await self._spool.receipt(_first_key(conversation_id))
            first = Accepted.model_validate_json(receipt.body).client_id if receipt else NOBODY_YET
            if conversation_id not in self._first:  # another socket may have come first meanwhile
                self._remember(conversation_id, first)
        return self._first[conversation_id]

    def _remember(self, conversation_id: str, first: str) -> None:
        self._first[conversation_id] = first
        while len(self._first) > REMEMBERED:
            del self._first[next(iter(self._first))]


def _first_key(conversation_id: str) -> str:
    return f"first/{conversation_id}"
