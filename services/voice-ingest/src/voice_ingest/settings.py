"""What voice-ingest is told by its environment; the prefix is `KAWAL_`, secrets have no default."""

from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from kawal.settings import EdgeSettings
from voice_ingest.consumers.dialler import DiallerSettings
from voice_ingest.consumers.recordings import FetchSettings
from voice_ingest.domain.calls import RetryPolicy

NAME = "voice-ingest"
PORT = 8102


class Settings(EdgeSettings):
    """`voice_public_url` must be exactly what the provider has been told: its signature covers it."""

    voice_public_url: str
    voice_emulator: bool = False
    voice_flow: str = Field(default="hotline", pattern=r"^[a-z0-9-]+$")
    twilio_account_sid: str
    twilio_auth_token: SecretStr = Field(min_length=32)
    twilio_number: str
    twilio_api_url: str = "https://api.twilio.com"
    link_key: SecretStr = Field(min_length=32)
    vault_dir: Path | None = None
    vault_key: SecretStr

    voice_lines: int = Field(default=10, ge=1)
    voice_attempts: int = Field(default=3, ge=1)
    voice_retry_s: float = Field(default=300, ge=0)
    voice_ask_after_s: float = Field(default=30, gt=0)
    voice_check_every_s: float = Field(default=120, gt=0)
    voice_recording_retry_s: float = Field(default=1, gt=0)
    voice_recording_patience_s: float = Field(default=6 * 60 * 60, gt=0)
    voice_ring_s: float = Field(default=30, gt=0)
    voice_recording_delay_s: float = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_provider(self) -> Self:
        """Whoever opens an emulated phone calls under any number he likes, signed with the account's token."""
        if self.voice_emulator and (urlsplit(self.twilio_api_url).hostname or "").endswith("twilio.com"):
            raise ValueError("the emulated provider cannot be switched on beside the real one (KAWAL_TWILIO_API_URL)")
        return self

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(attempts=self.voice_attempts, pause=timedelta(seconds=self.voice_retry_s))

    @property
    def dialler(self) -> DiallerSettings:
        return DiallerSettings(
            lines=self.voice_lines,
            ask_after=timedelta(seconds=self.voice_ask_after_s),
            check_every=timedelta(seconds=self.voice_check_every_s),
        )

    @property
    def fetch(self) -> FetchSettings:
        return FetchSettings(
            first_pause=timedelta(seconds=self.voice_recording_retry_s),
            patience=timedelta(seconds=self.voice_recording_patience_s),
        )

    @property
    def vault_path(self) -> Path:
        return self.vault_dir or self.state / "vault"

    @property
    def journal_path(self) -> Path:
        return self.spool_path(NAME).with_name(f"{NAME}.journal.sqlite3")

    @property
    def emulator_path(self) -> Path:
        return self.state / "phone" / "network.sqlite3"
