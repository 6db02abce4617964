"""What the emulated provider knows of calls, texts and recordings, in its own sids."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from voice_ingest.domain.calls import CallStatus

Fields = dict[str, str]


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound-api"


def new_sid(prefix: str) -> str:
    """`CA…`, `RE…`, `SM…`: two letters and 32 hex digits, as Twilio's."""
    return prefix + secrets.token_hex(16)


@dataclass(slots=True)
class CallRecord:
    """One call. `next_url` with `next_fields` is the webhook that it stands at: asking it again resumes the call."""

    sid: str
    direction: Direction
    from_: str
    to: str
    status: CallStatus = CallStatus.QUEUED
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    next_url: str = ""
    next_fields: Fields = field(default_factory=dict)
    status_url: str = ""
    ring_s: float = 30

    @property
    def phone(self) -> str:
        """The number of the browser's end."""
        return self.from_ if self.direction is Direction.INBOUND else self.to

    @property
    def line(self) -> str:
        """The number of the hotline's end."""
        return self.to if self.direction is Direction.INBOUND else self.from_

    @property
    def duration_s(self) -> int:
        if self.answered_at is None:
            return 0
        return int(((self.ended_at or datetime.now(UTC)) - self.answered_at).total_seconds())

    def is_answered(self) -> None:
        self.status, self.answered_at = CallStatus.IN_PROGRESS, datetime.now(UTC)

    def is_over(self, status: CallStatus) -> None:
        self.status, self.ended_at = status, datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TextRecord:
    sid: str
    from_: str
    to: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    sid: str
    call_sid: str
    media_type: str
    duration_s: float
    data: bytes
    created_at: datetime


def call_json(call: CallRecord, *, account_sid: str) -> dict[str, Any]:
    """As https://www.twilio.com/docs/voice/api/call-resource tells of a call."""
    return {
        "sid": call.sid,
        "account_sid": account_sid,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction.value,
        "status": call.status.value,
        "date_created": format_datetime(call.created_at),
        "start_time": _date(call.answered_at),
        "end_time": _date(call.ended_at),
        "duration": str(call.duration_s) if call.ended_at else None,
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account_sid}/Calls/{call.sid}.json",
    }


def text_json(text: TextRecord, *, account_sid: str) -> dict[str, Any]:
    """As https://www.twilio.com/docs/messaging/api/message-resource tells of a message just taken."""
    return {
        "sid": text.sid,
        "account_sid": account_sid,
        "from": text.from_,
        "to": text.to,
        "body": text.body,
        "direction": "outbound-api",
        "status": "queued",
        "date_created": format_datetime(text.created_at),
        "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{text.sid}.json",
    }


def _date(at: datetime | None) -> str | None:
    return format_datetime(at) if at else None
