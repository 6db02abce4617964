"""One-time codes that prove who holds a phone: six digits, kept only as a keyed digest bound to the call."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from kawal.rates import Rate
from voice_ingest.domain.machine import CODE_DIGITS, SentCode

LIFETIME = timedelta(minutes=5)
PER_NUMBER = Rate(per_s=5 / timedelta(hours=1).total_seconds(), burst=5)
"""Caller id can be faked: nobody is to be flooded with codes, nor paid for receiving them."""


def new_code(randbelow: Callable[[int], int]) -> str:
    """Six digits from a cryptographic source such as `secrets.randbelow`."""
    return f"{randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def sent_code(code: str, *, call_id: str, key: str, now: datetime) -> SentCode:
    return SentCode(digest=_digest(code, call_id=call_id, key=key), expires_at=now + LIFETIME)


def matches(sent: SentCode, keyed: str, *, call_id: str, key: str, now: datetime) -> bool:
    """Whether `keyed` is the code that was sent in this call, and still valid."""
    right = hmac.compare_digest(sent.digest, _digest(keyed, call_id=call_id, key=key))
    return right and now < sent.expires_at


def _digest(code: str, *, call_id: str, key: str) -> str:
    return hmac.new(key.encode(), f"voice-code\0{call_id}\0{code}".encode(), "sha256").hexdigest()
