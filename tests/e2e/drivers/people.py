"""Participants that nobody else in this run is."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import jwt

TOKEN_LIFETIME_S = 600


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the programme; phone numbers lie in a range that no operator gives out."""

    number: str
    name: str
    phone: str
    email: str


def new_participant(name: str = "Sari Wulandari") -> Participant:
    serial = f"{secrets.randbelow(10_000_000):07d}"
    return Participant(
        number=f"PRK-{serial}",
        name=name,
        phone=f"+62899{serial}",
        email=f"{name.split(maxsplit=1)[0].lower()}.{serial}@peserta.example",
    )


def identity_token(participant: Participant, host_site: dict[str, Any], **changes: Any) -> str:
    """What the host site signs for a participant who is signed in there."""
    claims = {
        "sub": participant.number,
        "name": participant.name,
        "email": participant.email,
        "phone_number": participant.phone,
        "aud": host_site["audience"],
        "exp": int(time.time()) + TOKEN_LIFETIME_S,
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims | changes, host_site["jwt_key"], algorithm="HS256")
