"""Settings shared by all services: one environment, prefix `KAWAL_`, no default secrets."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

OPERATIONS_PORT_STEP = 1_000


class ServiceSettings(BaseSettings):
    """What every service needs. `port` and `operations_port` already contain the offset."""

    model_config = SettingsConfigDict(env_prefix="KAWAL_", extra="ignore", frozen=True)

    port_offset: int = 0
    host: str = "127.0.0.1"
    state: Path = Path(".kawal")
    programme_dir: Path = Path("programme")
    postgres_dsn: str
    kafka: str
    log_level: str = "info"
    otlp_endpoint: str | None = None
    drain_s: float = Field(default=10.0, gt=0)
    """Within so many seconds of SIGTERM everything has ended: requests first, then tasks."""

    def port(self, base: int) -> int:
        return base + self.port_offset

    def operations_port(self, base: int) -> int:
        return base + self.port_offset + OPERATIONS_PORT_STEP


class EdgeSettings(ServiceSettings):
    """What every edge needs besides: its spool, and where case numbers are leased."""

    spool_dir: Path | None = None
    spool_max_rows: int = Field(default=1_000_000, gt=0)
    spool_max_bytes: int = Field(default=2 * 1024**3, gt=0)
    spool_retention_s: int = Field(default=24 * 60 * 60, ge=0)
    ticket_core_url: str
    service_token: SecretStr

    def spool_path(self, service: str) -> Path:
        """The spool file of this replica; a replica keeps its own directory over restarts."""
        return (self.spool_dir or self.state / "spool") / f"{service}.sqlite3"
