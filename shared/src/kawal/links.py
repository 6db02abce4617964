"""Signed capabilities that travel in URLs: whoever holds one may do the one thing it names.

The format is `<payload>.<mac>`, both base64url: HMAC-SHA256 over purpose and payload, keyed by `KAWAL_LINK_KEY`.
"""

import base64
import hmac
import json
from datetime import datetime
from typing import Any

from kawal.errors import KawalError


class InvalidLink(KawalError):
    status, code, title = 404, "invalid_link", "This link is not valid"


class ExpiredLink(KawalError):
    status, code, title = 410, "expired_link", "This link has expired"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(key: str, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(key.encode(), purpose.encode() + b"\0" + payload, "sha256")


def sign(claims: dict[str, Any], *, key: str, purpose: str, expires_at: datetime | None = None) -> str:
    """A token that `read` with the same key and purpose turns back into `claims`."""
    body = claims | ({"exp": int(expires_at.timestamp())} if expires_at else {})
    payload = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    return f"{_encode(payload)}.{_encode(_mac(key, purpose, payload))}"


def read(token: str, *, key: str, purpose: str, now: datetime) -> dict[str, Any]:
    """The claims of a token.

    Raises:
        InvalidLink: forged, cut, or made for another purpose.
        ExpiredLink: genuine, but its time is over.
    """
    try:
        payload, mac = (_decode(part) for part in token.split("."))
    except ValueError as broken:
        raise InvalidLink("The link is incomplete") from broken
    if not hmac.compare_digest(mac, _mac(key, purpose, payload)):
        raise InvalidLink("The link is not genuine")
    claims: dict[str, Any] = json.loads(payload)
    if claims.get("exp", now.timestamp()) < now.timestamp():
        raise ExpiredLink("Ask for a new link")
    return claims


def status_token(conversation_id: str, *, key: str) -> str:
    """The unguessable token of a conversation's status page; it never expires."""
    return sign({"c": conversation_id}, key=key, purpose="status")


def read_status_token(token: str, *, key: str, now: datetime) -> str:
    """The conversation id of a status page's token."""
    return str(read(token, key=key, purpose="status", now=now)["c"])
