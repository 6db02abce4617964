"""What travels in the webhooks' URLs from one turn of a call to the next: signed, bound to the call, not personal.

A restart in mid-call loses nothing, and a webhook that is delivered again finds the same state again.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from kawal import links
from kawal.contracts.words import Contract, Locale
from voice_ingest.domain.machine import Caller, CallState, SentCode
from voice_ingest.domain.readout import Part

STATE, READOUT = "voice-state", "voice-readout"


class ReadoutRef(Contract):
    """Which delivery an outbound call carries, its attempt, and how far the readout has come."""

    delivery_id: str
    attempt: int
    locale: Locale
    part: Part = Part.TEXT
    times: int = 1
    holds: int = 0


def write_state(state: CallState, *, call_id: str, key: str) -> str:
    claims = {name: value for name, value in asdict(state).items() if value}
    if state.code:
        claims["code"] = [state.code.digest, state.code.expires_at.timestamp()]
    return links.sign({"call": call_id, **claims}, key=key, purpose=STATE)


def read_state(token: str, *, call_id: str, key: str, now: datetime) -> CallState:
    """The state of this call.

    Raises:
        InvalidLink: forged, cut, or of another call.
    """
    claims = links.read(token, key=key, purpose=STATE, now=now)
    if claims.pop("call") != call_id:
        raise links.InvalidLink("The link is of another call")
    return _state(claims)


def _state(claims: dict[str, Any]) -> CallState:
    code = claims.pop("code", None)
    return CallState(
        step=claims.pop("step"),
        locale=Locale(claims.pop("locale")),
        caller=Caller(claims.pop("caller")),
        path=tuple((menu, choice) for menu, choice in claims.pop("path", ())),
        code=SentCode(code[0], datetime.fromtimestamp(code[1], UTC)) if code else None,
        **claims,
    )


def write_readout(ref: ReadoutRef, *, key: str) -> str:
    return links.sign(ref.model_dump(mode="json"), key=key, purpose=READOUT)


def read_readout(token: str, *, key: str, now: datetime) -> ReadoutRef:
    return ReadoutRef.model_validate(links.read(token, key=key, purpose=READOUT, now=now))
