"""The secrets of a local stack: random, made once, kept in a file that only its owner can read."""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


def _token() -> str:
    return secrets.token_urlsafe(32)


def _vault_key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


class Credentials(BaseModel):
    """All secrets of one stack. A field that an older file lacks is made and added."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    postgres_password: str = Field(default_factory=_token)
    vault_key: str = Field(default_factory=_vault_key)
    service_token: str = Field(default_factory=_token)
    case_number_key: str = Field(default_factory=_token)
    chat_session_key: str = Field(default_factory=_token)
    host_jwt_key: str = Field(default_factory=_token)
    link_key: str = Field(default_factory=_token)
    api_token: str = Field(default_factory=_token)
    twilio_account_sid: str = Field(default_factory=lambda: "AC" + secrets.token_hex(16))
    twilio_auth_token: str = Field(default_factory=lambda: secrets.token_hex(16))
    agent_email: str = "agent@kawal.example"
    agent_password: str = Field(default_factory=lambda: secrets.token_urlsafe(12))

    @classmethod
    def load(cls, path: Path) -> "Credentials":
        """Read `path`, or make new secrets; either way `path` holds all of them afterwards (mode 600)."""
        kept = path.read_text(encoding="utf-8") if path.exists() else "{}"
        credentials = cls.model_validate_json(kept)
        write_private(path, credentials.model_dump_json(indent=2) + "\n")
        return credentials


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only we can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
