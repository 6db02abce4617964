"""Signed proofs that a participant carries: the way to sign in, the session, the receipt of a submission.

Each has a purpose of its own, so that none can be used as another.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kawal import links

SIGN_IN_LIFETIME = timedelta(minutes=30)
SESSION_LIFETIME = timedelta(hours=4)

_SIGN_IN = "web-sign-in"
_SESSION = "web-session"
_RECEIPT = "web-receipt"
_STATUS = "status"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who opened the link has the mail of `email`; `back_to` is the page (a path here) to go on with."""

    email: str
    back_to: str


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link that was mailed; a later one for the same address expires later."""

    sign_in: SignIn
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """What the thank-you page says; it needs no database. `reference` is `None` when no number was left."""

    status_token: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class StatusPage:
    """The conversation a status link opens.

    `routing_key` keeps its messages behind the form that began it; links that other services made lack it.
    """

    conversation_id: str
    routing_key: str | None


def sign_in_token(sign_in: SignIn, *, key: str, now: datetime) -> str:
    claims = {"e": sign_in.email, "b": sign_in.back_to}
    return links.sign(claims, key=key, purpose=_SIGN_IN, expires_at=now + SIGN_IN_LIFETIME)


def read_sign_in_token(token: str, *, key: str, now: datetime) -> SignInLink:
    claims = links.read(token, key=key, purpose=_SIGN_IN, now=now)
    sign_in = SignIn(email=claims["e"], back_to=claims["b"])
    return SignInLink(sign_in, expires_at=datetime.fromtimestamp(claims["exp"], UTC))


def session_cookie(email: str, *, key: str, now: datetime) -> str:
    return links.sign({"e": email}, key=key, purpose=_SESSION, expires_at=now + SESSION_LIFETIME)


def read_session_cookie(cookie: str | None, *, key: str, now: datetime) -> str | None:
    """The address that is proven to be the participant's, or `None`: a bad cookie is no cookie."""
    if not cookie:
        return None
    try:
        return str(links.read(cookie, key=key, purpose=_SESSION, now=now)["e"])
    except (links.InvalidLink, links.ExpiredLink):
        return None


def receipt_token(receipt: SubmissionReceipt, *, key: str) -> str:
    return links.sign({"s": receipt.status_token, "r": receipt.reference}, key=key, purpose=_RECEIPT)


def read_receipt_token(token: str, *, key: str, now: datetime) -> SubmissionReceipt:
    claims = links.read(token, key=key, purpose=_RECEIPT, now=now)
    return SubmissionReceipt(status_token=claims["s"], reference=claims["r"])


def status_token(page: StatusPage, *, key: str) -> str:
    """A token that every service can read with `links.read_status_token`."""
    if page.routing_key in {None, page.conversation_id}:
        return links.status_token(page.conversation_id, key=key)
    return links.sign({"c": page.conversation_id, "k": page.routing_key}, key=key, purpose=_STATUS)


def read_status_token(token: str, *, key: str, now: datetime) -> StatusPage:
    claims = links.read(token, key=key, purpose=_STATUS, now=now)
    return StatusPage(conversation_id=str(claims["c"]), routing_key=claims.get("k"))
