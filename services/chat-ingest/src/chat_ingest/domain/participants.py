"""Who a participant says he is, and how far that is known.

What he types is `claimed`. What the host site signs (an identity token: JWT, HS256, RFC 7519) is `possessed`.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import jwt
from jwt.types import Options
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from chat_ingest.domain.protocol import has_controls
from chat_ingest.domain.refusals import ExpiredIdentityToken, IdentityTokensOff, InvalidIdentityToken
from chat_ingest.domain.sessions import Session
from kawal.contracts.words import Assurance, Identity, IdentityKind, Locale
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber, normalise_email, normalise_phone

REQUIRED_CLAIMS = ("sub", "aud", "exp", "jti")
MAX_NAME = 200
# The clock is passed in, so what depends on it is checked here rather than by PyJWT.
_CHECKS: Options = {
    "require": list(REQUIRED_CLAIMS),
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class OpenSession(BaseModel):
    """What `POST /v1/chat/sessions` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NAME)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    locale: Locale = Locale.INDONESIAN
    identity_token: Annotated[str, StringConstraints(max_length=4_096)] | None = None

    @field_validator("name", "email", "phone")
    @classmethod
    def _without_controls(cls, value: str | None) -> str | None:
        if value and has_controls(value):
            raise ValueError("control characters are not allowed")
        return value or None


@dataclass(frozen=True, slots=True)
class KnownParticipant:
    """Whom a host site vouches for. `token_id` is its `jti`: one token, one conversation."""

    number: str
    token_id: str
    name: str | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class HostSite:
    """The site that embeds the widget and signs who is looking at it."""

    key: str
    audience: str

    def participant(self, token: str, *, now: datetime) -> KnownParticipant:
        """Whom the token is about.

        Raises:
            InvalidIdentityToken: not signed with HS256 by the host's key, for another audience, not valid yet, or
                one of `REQUIRED_CLAIMS` is missing.
            ExpiredIdentityToken: genuine, but its time is over.
        """
        claims = self._claims(token)
        if claims.get("nbf", 0) > now.timestamp():
            raise InvalidIdentityToken("The token is not valid yet")
        if claims["exp"] <= now.timestamp():
            raise ExpiredIdentityToken("Sign in again on the host site")
        return KnownParticipant(
            number=claims["sub"],
            token_id=claims["jti"],
            name=_name(claims),
            identities=tuple(_possessed(claims)),
        )

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.key, algorithms=["HS256"], audience=self.audience, options=_CHECKS
            )
        except jwt.InvalidTokenError as invalid:
            raise InvalidIdentityToken("The token cannot be accepted") from invalid
        texts = all(isinstance(claims[claim], str) and claims[claim].strip() for claim in ("sub", "jti"))
        times = all(isinstance(claims.get(claim, 0), int | float) for claim in ("exp", "nbf"))
        if not (texts and times) or len(claims["sub"]) > 254 or has_controls(claims["sub"]):
            raise InvalidIdentityToken("A claim has a wrong type")
        return claims


def open_session(request: OpenSession, *, host_site: HostSite | None, conversation_id: str, now: datetime) -> Session:
    """The session that `request` opens; a host's token decides the conversation, else it is `conversation_id`.

    One identity token is one conversation: asked again (a lost answer, a second tab, a replay) it gives the same.

    Raises:
        InvalidIdentityToken, ExpiredIdentityToken: the host's token does not hold.
        IdentityTokensOff: there is a token, but no host site to check it by.
        InvalidPhoneNumber, InvalidEmailAddress: typed, and nobody could reach the participant there.
    """
    claimed = tuple(_claimed(request))
    if request.identity_token is None:
        return Session(conversation_id, request.locale, request.name, claimed)
    if host_site is None:
        raise IdentityTokensOff("Open the session without an identity token")
    known = host_site.participant(request.identity_token, now=now)
    vouched = {(identity.kind, identity.value) for identity in known.identities}
    extra = tuple(identity for identity in claimed if (identity.kind, identity.value) not in vouched)
    return Session(
        conversation_id=_conversation_of(known, host_site.key),
        locale=request.locale,
        name=known.name or request.name,
        identities=known.identities + extra,
    )


def _conversation_of(known: KnownParticipant, key: str) -> str:
    digest = hashlib.blake2b(f"{known.number}\0{known.token_id}".encode(), key=key.encode()[:64], digest_size=16)
    return f"chat:{digest.hexdigest()}"


def _name(claims: dict[str, Any]) -> str | None:
    name = claims.get("name")
    if not isinstance(name, str) or has_controls(name):
        return None
    return name.strip()[:MAX_NAME] or None


def _possessed(claims: dict[str, Any]) -> list[Identity]:
    """A phone or address that the host stored badly is left out: the participant cannot mend it here."""
    held = Assurance.POSSESSED
    found = [Identity(kind=IdentityKind.PARTICIPANT_NUMBER, value=claims["sub"].strip(), assurance=held)]
    if isinstance(phone := claims.get("phone_number"), str):
        with suppress(InvalidPhoneNumber):
            found.append(Identity(kind=IdentityKind.PHONE, value=normalise_phone(phone), assurance=held))
    if isinstance(email := claims.get("email"), str):
        with suppress(InvalidEmailAddress):
            found.append(Identity(kind=IdentityKind.EMAIL, value=normalise_email(email), assurance=held))
    return found


def _claimed(request: OpenSession) -> list[Identity]:
    typed = Assurance.CLAIMED
    found = []
    if request.phone:
        phone = normalise_phone(request.phone)
        found.append(Identity(kind=IdentityKind.PHONE, value=phone, assurance=typed))
    if request.email:
        email = normalise_email(request.email)
        found.append(Identity(kind=IdentityKind.EMAIL, value=email, assurance=typed))
    return found
