"""A Kafka record on its way through the consumer's steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from kawal.contracts.envelope import Envelope
from kawal.errors import PermanentError

T = TypeVar("T")

KeyId = tuple[str, bytes]
"""Topic and Kafka key: the scope in which order is kept, and which is parked."""

Place = tuple[str, int, int]
"""Topic, partition and offset: the identity of one record in the log."""


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """One decoded event. `key` is empty for a record without one."""

    topic: str
    partition: int
    offset: int
    key: bytes
    envelope: Envelope
    data: T

    @property
    def place(self) -> Place:
        return (self.topic, self.partition, self.offset)


class Raw(Protocol):
    """What the poll step returns: an `aiokafka.ConsumerRecord`. `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Arrival(Generic[T]):
    """A raw record and what the decode step made of it.

    Exactly one is set: `record`; `fault` (why it cannot be decoded); `unpark_through` (the record is a mark that
    dead letters up to this offset of the dead-letter topic have been replayed). `replayed_from` is the offset in
    the dead-letter topic of a record that was replayed from there.
    """

    raw: Raw
    record: Record[T] | None = None
    fault: str | None = None
    unpark_through: int | None = None
    replayed_from: int | None = None

    @property
    def key_id(self) -> KeyId:
        return (self.raw.topic, self.raw.key or b"")

    @property
    def place(self) -> Place:
        return (self.raw.topic, self.raw.partition, self.raw.offset)


class InvalidRecords(PermanentError):
    """Raised by `handle`: these records will never work, and *nothing* of the batch was applied.

    They go to the dead letters and their keys are parked; the rest of the batch is handled again. A reason is
    stored and shown: it must hold no personal data.
    """

    def __init__(self, faults: Sequence[tuple[Record[T], str]]) -> None:
        super().__init__(f"{len(faults)} invalid records")
        self.faults = {record.place: reason for record, reason in faults}
