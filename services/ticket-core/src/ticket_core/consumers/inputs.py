"""Kafka records to inputs of the one write path, and its refusals back to records."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kawal.contracts.deliveries import DeliveryReported, delivery_adapter
from kawal.contracts.interactions import Interaction, interaction_adapter
from kawal.kafka import InvalidRecords, Record, decoder
from kawal.kafka.decode import Decode
from ticket_core.domain.inputs import Contact, DeliveryReport, Input
from ticket_core.store.store import Apply, RefusedEvents

GROUP = "ticket-core"

T = TypeVar("T")

# An escaped NUL, and not an escaped backslash in front of `u0000`.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_REPLACEMENT = rb"\1\\ufffd"


def without_nul(decode: Decode[T]) -> Decode[T]:
    """`decode`, but NUL becomes U+FFFD: PostgreSQL cannot store it, and nobody's message is lost for it."""

    def decoded(data: bytes) -> T | None:
        return decode(_NUL.sub(_REPLACEMENT, data) if b"\\u0000" in data else data)

    return decoded


_interaction = decoder(interaction_adapter)
_delivery = decoder(delivery_adapter)
decode_interaction = without_nul(_interaction)
decode_delivery = without_nul(_delivery)


def contact(record: Record[Interaction]) -> Contact:
    envelope = record.envelope
    return Contact(envelope.source, envelope.id, record.data, envelope.traceparent)


def delivery_report(record: Record[DeliveryReported]) -> DeliveryReport:
    envelope = record.envelope
    return DeliveryReport(envelope.source, envelope.id, record.data, envelope.traceparent)


class Applying:
    """The handler of a consumer: applies each batch as it comes."""

    def __init__(self, apply: Apply, *, given: Callable[[Record[Any]], Input]) -> None:
        self._apply = apply
        self._given = given

    async def handle(self, records: Sequence[Record[Any]]) -> None:
        """Apply `records` in one transaction.

        Raises:
            InvalidRecords: some can never be applied; nothing was.
            TransientError: PostgreSQL is away.
        """
        try:
            await self._apply([self._given(record) for record in records])
        except RefusedEvents as refused:
            reasons = [(records[place], reason) for place, reason in refused.reasons.items()]
            raise InvalidRecords(reasons) from refused
