"""Settings shared by all services: one environment, prefix `KAWAL_`, no default secrets."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kawal.rates import Rate

OPERATIONS_PORT_STEP = 1_000


def _split(written: object) -> object:
    return [part for one in written.split(",") if (part := one.strip())] if isinstance(written, str) else written


def _rate(written: object) -> object:
    return Rate.parse(written) if isinstance(written, str) else written


NetworkList = Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)]
"""`10.0.0.0/8,fd00::/8`"""
RateLimit = Annotated[Rate, NoDecode, BeforeValidator(_rate)]
"""`300/60`, see `Rate.parse`."""


class ServiceSettings(BaseSettings):
    """What every service needs. `port` and `operations_port` already contain the offset.

    `trusted_proxies` are the networks of the proxies in front, which append to `X-Forwarded-For`; from
    `unlimited_networks` no number of requests is too many.
    """

    model_config = SettingsConfigDict(env_prefix="KAWAL_", extra="ignore", frozen=True)

    port_offset: int = 0
    host: str = "127.0.0.1"
    state: Path = Path(".kawal")
    programme_dir: Path = Path("programme")
    postgres_dsn: str
    kafka: str
    log_level: str = "info"
    otlp_endpoint: str | None = None
    trusted_proxies: NetworkList = ()
    unlimited_networks: NetworkList = ()
    drain_s: float = Field(default=10.0, gt=0)
    """Within so many seconds of SIGTERM everything has ended: requests first, then tasks."""

    def port(self, base: int) -> int:
        return base + self.port_offset

    def operations_port(self, base: int) -> int:
        return base + self.port_offset + OPERATIONS_PORT_STEP


class EdgeSettings(ServiceSettings):
    """What every edge needs besides: its spool, and where case numbers are leased.

    `conversation_days`: so long it keeps in PostgreSQL what was said in a conversation, and the calls that were placed.
    """

    spool_dir: Path | None = None
    spool_max_rows: int = Field(default=1_000_000, gt=0)
    spool_max_bytes: int = Field(default=2 * 1024**3, gt=0)
    spool_retention_s: int = Field(default=24 * 60 * 60, ge=0)
    conversation_days: int = Field(default=730, ge=8)
    ticket_core_url: str
    service_token: SecretStr

    @property
    def conversations_kept(self) -> timedelta:
        """Longer than the topics keep what a consumer may read again (7 days), or it would come back."""
        return timedelta(days=self.conversation_days)

    def spool_path(self, service: str) -> Path:
        """The spool file of this replica; a replica keeps its own directory over restarts."""
        return (self.spool_dir or self.state / "spool") / f"{service}.sqlite3"
