"""What tests of the hotline are made of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kawal import case_numbers
from kawal.contracts.outbound import OutboundCall
from kawal.contracts.words import Locale
from voice_ingest.adapters import flow_files
from voice_ingest.domain.calls import PlannedCall
from voice_ingest.domain.events import PendingVoicemail, facts
from voice_ingest.domain.flow import Flow
from voice_ingest.domain.machine import Caller, CallState
from voice_ingest.settings import Settings

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
PROGRAMME = Path(__file__).parents[3] / "programme"
ACCOUNT = "AC" + "0" * 32
AUTH_TOKEN = "auth-token-of-the-tests-0123456789"
HOTLINE = "+622150859999"
CALLER = "+6281234567890"
CALL = "CA" + "1" * 32
KEY = "link-key-of-the-tests-0123456789"
VAULT_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def flow() -> Flow:
    """The real hotline."""
    return flow_files.load(PROGRAMME, "hotline")


def number(seed: int) -> str:
    """A case number with a right check digit."""
    digits = f"{seed:09}"
    return digits + case_numbers.check_digit(digits)


def settings(**changes: Any) -> Settings:
    """Settings that depend on no environment; what is not named here is away."""
    plain: dict[str, Any] = {
        "postgres_dsn": "postgresql://postgres@127.0.0.1:1/nowhere",
        "kafka": "127.0.0.1:1",
        "ticket_core_url": "http://127.0.0.1:1",
        "service_token": SecretStr("service-token"),
        "programme_dir": PROGRAMME,
        "voice_public_url": "https://voice.example",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": SecretStr(AUTH_TOKEN),
        "twilio_number": HOTLINE,
        "twilio_api_url": "http://127.0.0.1:1",
        "link_key": SecretStr(KEY),
        "vault_key": SecretStr(VAULT_KEY),
    }
    return Settings(**(plain | changes))


def pending_voicemail(*, reference: str | None) -> PendingVoicemail:
    state = CallState(step="message", locale=Locale.INDONESIAN, caller=Caller.TEXTABLE)
    known = facts(state, call_id=CALL, identities=(), reference=reference, now=NOW, traceparent=None)
    return PendingVoicemail(recording_id="RE" + "1" * 32, url="http://127.0.0.1:1/x", duration_s=3, facts=known)


def outbound_call(delivery_id: str, **changes: Any) -> OutboundCall:
    plain: dict[str, Any] = {
        "delivery_id": delivery_id,
        "conversation_id": f"voice:{CALL}",
        "case_id": f"case-of-{delivery_id}",
        "case_number": number(1),
        "case_seq": 2,
        "locale": Locale.INDONESIAN,
        "to": CALLER,
        "text": "Akun Anda sudah aktif kembali.",
    }
    return OutboundCall(**(plain | changes))


def planned_call(delivery_id: str = "delivery-1", **changes: Any) -> PlannedCall:
    plain: dict[str, Any] = {
        "delivery_id": delivery_id,
        "conversation_id": f"voice:{CALL}",
        "case_id": "case-1",
        "case_number": number(1),
        "case_seq": 2,
        "locale": Locale.INDONESIAN,
        "to": CALLER,
        "text": "Akun Anda sudah aktif kembali.",
        "attempt": 1,
        "call_id": None,
        "heard": False,
        "placed_at": NOW,
        "planned_at": NOW,
    }
    return PlannedCall(**(plain | changes))
