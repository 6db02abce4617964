"""Settings of ticket-core, besides those of every service."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, IPvAnyNetwork, SecretStr

from kawal.rates import Rate
from kawal.settings import RateLimit, ServiceSettings
from ticket_core.domain.policy import Policy


class Settings(ServiceSettings):
    """`api_token_hash` is the SHA-256, in hex, of the bootstrap API token; without it only agents get in.

    `case_number_key` decides the order in which case numbers are given out and must never change. `vault_key` opens
    recordings. `reopen_days` and `close_days` count from a case's resolution, see `Policy`. `console_assets` is the
    folder into which npm has installed what `package-lock.json` names. `webhook_networks` may be reached by webhooks
    besides all public addresses, and without TLS. `wrong_passwords_per_address` counts those at the console's door, of
    all agents: an office has one address.
    """

    service_token: SecretStr = Field(min_length=16)
    case_number_key: SecretStr = Field(min_length=16)
    api_token_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    vault_key: SecretStr
    vault_dir: Path | None = None
    reopen_days: float = Field(default=7, ge=0)
    close_days: float = Field(default=14, gt=0)
    console_assets: Path = Path(__file__).parents[2] / "assets"
    interaction_consumers: int = Field(default=4, ge=1, le=8)
    webhook_networks: tuple[IPvAnyNetwork, ...] = ()
    wrong_passwords_per_address: RateLimit = Rate(per_s=100 / 300, burst=100)

    @property
    def vault_path(self) -> Path:
        return self.vault_dir or self.state / "vault"

    @property
    def policy(self) -> Policy:
        return Policy(reopen_within=timedelta(days=self.reopen_days), close_after=timedelta(days=self.close_days))
