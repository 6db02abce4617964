"""What is said to a spool and by it."""

from dataclasses import dataclass
from typing import NamedTuple

from kawal.contracts.envelope import Headers, KafkaMessage
from kawal.errors import KawalError

# Kafka's default `max.message.bytes` is 1 MiB for a whole batch, with its overhead; a row must fit into one.
MAX_MESSAGE_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How much may wait in a spool.

    `max_rows` and `max_bytes` count what the broker has not acknowledged. Acknowledged rows stay for
    `retention_s`, but are dropped earlier, oldest first, when they exceed `max_bytes` as well: the file never
    grows beyond about twice `max_bytes`. `max_waiting` bounds the appends that wait for an fsync.
    """

    max_rows: int = 1_000_000
    max_bytes: int = 2 * 1024**3
    retention_s: float = 24 * 60 * 60
    max_waiting: int = 10_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was answered to an idempotency key: the same key with the same `fingerprint` gets `body` again.

    It lives as long as the message it was appended with. Keys are global to the file: prefix them.
    """

    key: str
    fingerprint: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outcome of an append: durable, either now or by an earlier append.

    `replayed`: the receipt's key was known, nothing was appended, no case number was used up, and `receipt`
    is the earlier one.
    """

    replayed: bool
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class SpooledMessage:
    """A row on its way to the broker. `seq` is its place in the file; `accepted_at` is Unix time in seconds."""

    seq: int
    accepted_at: float
    message: KafkaMessage


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the broker put the row `seq`; `offset` is -1 where it did not say. `headers` are its message's."""

    seq: int
    topic: str
    partition: int
    offset: int
    headers: Headers


Place = tuple[str, int]
"""Topic and partition."""


class Mark(NamedTuple):
    """A record in the broker's log: by its headers it is known again, the event's id is among them."""

    offset: int
    headers: Headers


class Acknowledged(NamedTuple):
    """What the broker acknowledged of a partition.

    `last` is the highest record, `checked` one that comes before it: the one that was last when the log was looked at
    the last time, at the start the oldest that is retained. `last` alone would not do: it lies in a new log already
    when that one was written to before it was looked at.
    """

    checked: Mark
    last: Mark


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """A spool at one moment. Times are Unix time in seconds, `None` when there is nothing of the kind."""

    depth_rows: int
    depth_bytes: int
    oldest_accepted_at: float | None
    retained_rows: int
    retained_bytes: int
    last_sent_at: float | None
    unused_case_numbers: int


class SpoolFull(KawalError):
    """The broker was away for so long that no more may wait."""

    status, code, title = 503, "spool_full", "We cannot take more messages at the moment"
    retry_after_s = 30


class SpoolUnavailable(KawalError):
    """The disk refuses: full, broken, or the spool is closed. Nothing was accepted."""

    status, code, title = 503, "spool_unavailable", "We cannot take messages at the moment"
    retry_after_s = 10


class MessageTooLarge(KawalError):
    """The broker would never take this message, so it must not be accepted."""

    status, code, title = 413, "message_too_large", "The message is too large"


class IdempotencyConflict(KawalError):
    """The idempotency key was used before, for another request."""

    status, code, title = 409, "idempotency_conflict", "This idempotency key was used for something else"


class CaseNumberNotLeased(KawalError):
    """The case number is not one of this spool's unused ones: another append used it up before."""

    status, code, title = 409, "case_number_not_leased", "This case number cannot be used"


class SpoolInUse(RuntimeError):
    """Another process has this spool file open for writing."""
