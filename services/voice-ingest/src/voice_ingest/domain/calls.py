"""Calls placed to participants: what a provider says of one, what that means, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kawal.contracts.words import Locale


class CallStatus(StrEnum):
    """The states of a call in the words of Twilio's `CallStatus`, which Asterisk's causes map onto as well."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def is_over(self) -> bool:
        return self in _OVER


_OVER = frozenset({CallStatus.COMPLETED, CallStatus.BUSY, CallStatus.FAILED, CallStatus.NO_ANSWER, CallStatus.CANCELED})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all, `pause` between them."""

    attempts: int = 3
    pause: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A delivery by voice as it is kept; `attempt` counts from 1 once it was dialled."""

    delivery_id: str
    conversation_id: str
    case_id: str
    case_number: str
    case_seq: int
    locale: Locale
    to: str
    text: str
    attempt: int
    call_id: str | None
    heard: bool
    placed_at: datetime | None
    planned_at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    pass


@dataclass(frozen=True, slots=True)
class Failed:
    detail: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    at: datetime


Outcome = Delivered | Failed | TryAgain


def outcome(status: CallStatus, *, heard: bool, attempt: int, policy: RetryPolicy, now: datetime) -> Outcome:
    """What the end of a call means. A text that was heard is delivered, however the call ended."""
    if heard:
        return Delivered()
    detail = "hung_up" if status is CallStatus.COMPLETED else status.value.replace("-", "_")
    return again_or_failed(detail, attempt=attempt, policy=policy, now=now)


def again_or_failed(detail: str, *, attempt: int, policy: RetryPolicy, now: datetime) -> TryAgain | Failed:
    if attempt >= policy.attempts:
        return Failed(detail)
    return TryAgain(at=now + policy.pause)
