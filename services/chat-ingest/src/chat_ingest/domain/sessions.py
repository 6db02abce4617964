"""Chat sessions: signed tokens that carry all a replica must know, so that no replica keeps any."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chat_ingest.domain.refusals import ExpiredSession, InvalidSession
from kawal import links
from kawal.contracts.words import Assurance, Identity, IdentityKind, Locale
from kawal.identities import routing_key

_PURPOSE = "chat-session"


@dataclass(frozen=True, slots=True)
class Session:
    """Who is talking in which conversation, as far as this edge could establish it."""

    conversation_id: str
    locale: Locale
    name: str | None = None
    identities: tuple[Identity, ...] = field(default=())

    @property
    def routing_key(self) -> str:
        """The Kafka key that keeps this participant's events in order."""
        return routing_key(self.conversation_id, self.identities)


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """Issues and reads session tokens; `key` is `KAWAL_CHAT_SESSION_KEY`."""

    key: str
    lifetime: timedelta

    def issue(self, session: Session, *, now: datetime) -> str:
        """A token that `read` turns back into `session` until `lifetime` is over."""
        claims: dict[str, Any] = {
            "c": session.conversation_id,
            "l": session.locale,
            "i": [(identity.kind, identity.value, identity.assurance) for identity in session.identities],
        }
        if session.name:
            claims["n"] = session.name
        return links.sign(claims, key=self.key, purpose=_PURPOSE, expires_at=now + self.lifetime)

    def read(self, token: str, *, now: datetime) -> Session:
        """The session of a token.

        Raises:
            InvalidSession: forged, cut, or not a session token.
            ExpiredSession: genuine, but its time is over.
        """
        try:
            claims = links.read(token, key=self.key, purpose=_PURPOSE, now=now)
        except links.ExpiredLink as expired:
            raise ExpiredSession("Open a new session") from expired
        except links.InvalidLink as invalid:
            raise InvalidSession("Open a new session") from invalid
        return Session(
            conversation_id=claims["c"],
            locale=Locale(claims["l"]),
            name=claims.get("n"),
            identities=tuple(_identity(*parts) for parts in claims["i"]),
        )


def _identity(kind: str, value: str, assurance: str) -> Identity:
    return Identity(kind=IdentityKind(kind), value=value, assurance=Assurance(assurance))
