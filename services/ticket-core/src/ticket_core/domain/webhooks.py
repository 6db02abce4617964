"""What subscribers are told: a message for each entry, signed as Standard Webhooks has it, and when it is tried again.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

A message says what happened to which case, never what somebody wrote: texts, names and addresses are personal data, and
who may read them asks the API.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ticket_core.domain.kinds import EntryKind

SECRET_BYTES = 32
MOST_ATTEMPTS = 12
_PREFIX = "whsec_"
_PAUSES_S = (5, 30, 120, 600, 1_800, 3_600)
_LONGEST_PAUSE_S = 10_800
_TOLD = {
    EntryKind.ASSIGNED: ("assignee_id",),
    EntryKind.TOPIC: ("topic",),
    EntryKind.PRIORITY: ("priority",),
    EntryKind.STATE: ("reason",),
    EntryKind.TAGS: ("tags",),
    EntryKind.DELIVERY: ("state",),
    # Where it was said, of what was moved to another case.
    EntryKind.OPENED: ("of",),
    EntryKind.MESSAGE: ("of",),
    EntryKind.FORM: ("of",),
    EntryKind.VOICEMAIL: ("of",),
    EntryKind.CALLBACK: ("of",),
}
"""Of an entry's own members those that say nothing about a person."""


class Told(NamedTuple):
    """An entry, as far as subscribers are told of it."""

    case_id: str
    case_number: str
    seq: int
    kind: str
    at: datetime
    author: str
    author_id: str | None
    channel: str | None
    state: str | None
    about: int | None
    payload: Mapping[str, Any]


def event_id(case_id: str, seq: int) -> str:
    """The same for every attempt and every replay, so that a receiver can drop what he has."""
    return f"evt_{case_id.replace('-', '')}_{seq}"


def document(told: Told) -> bytes:
    """The body. It is made of the timeline alone, which never changes; so it is the same each time."""
    data = told._asdict()
    payload, kind = data.pop("payload"), data.pop("kind")
    data["at"] = told.at.isoformat()
    members = {name: payload[name] for name in _TOLD.get(kind, ()) if name in payload}
    message = {"type": f"case.{kind}", "timestamp": told.at.isoformat(), "data": {**data, "details": members}}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def secret_of(random: bytes) -> str:
    return _PREFIX + base64.b64encode(random).decode()


def signed(body: bytes, *, message_id: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of a message (Standard Webhooks, "Signature scheme"); whoever knows one of `secrets` can check it."""
    timestamp = str(int(now.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(content, secret) for secret in secrets),
    }


def _signature(content: bytes, secret: str) -> str:
    digest = hmac.digest(base64.b64decode(secret.removeprefix(_PREFIX)), content, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def pause_s(failures: int, *, chance: float) -> float:
    """How long to wait after so many failures; `chance`, 0 to 1, spreads the waits of many by a fifth either way."""
    base = _PAUSES_S[failures - 1] if failures <= len(_PAUSES_S) else _LONGEST_PAUSE_S
    return base * (0.8 + 0.4 * chance)
