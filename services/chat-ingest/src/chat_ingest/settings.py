"""Settings of chat-ingest, besides those of every edge."""

import resource
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from chat_ingest.domain.participants import HostSite
from kawal.rates import Rate
from kawal.settings import EdgeSettings, RateLimit

RESERVED_FILES = 512
"""Descriptors that are not for participants who stay: PostgreSQL, Kafka, the spool, operations, requests."""


class Settings(EdgeSettings):
    """`chat_session_key` signs sessions; `host_jwt_key` checks the host site's identity tokens (unset: none are taken).

    `chat_allowed_origins` are the sites that may embed the widget, separated by commas; `*` means any.
    `chat_sessions_per_address` is far above what one person needs: mobile operators put thousands behind one address.
    `chat_demo` lets the demonstration page mint identity tokens of a made-up participant: never in production.
    """

    chat_session_key: SecretStr = Field(min_length=32)
    chat_session_days: float = Field(default=30, gt=0)
    chat_allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    chat_max_connections: int = Field(default=15_000, gt=0)
    chat_sockets_per_conversation: int = Field(default=8, gt=0)
    chat_rate_per_s: float = Field(default=10, gt=0)
    chat_rate_burst: float = Field(default=40, ge=1)
    chat_sessions_per_address: RateLimit = Rate(per_s=5, burst=300)
    chat_demo: bool = False
    host_jwt_key: SecretStr | None = Field(default=None, min_length=32)
    host_jwt_audience: str = "kawal"

    @field_validator("chat_allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(origin.strip() for origin in value.split(",") if origin.strip())

    @model_validator(mode="after")
    def _outlive_sessions(self) -> Self:
        """Whoever comes back with a session is to find all of its conversation."""
        if self.conversation_days <= self.chat_session_days + 1:
            raise ValueError("conversation_days must be longer than chat_session_days")
        return self

    @property
    def max_connections(self) -> int:
        """What was asked for, but never more than the process may have files open."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return max(1, min(self.chat_max_connections, files - RESERVED_FILES))

    @property
    def rate(self) -> Rate:
        return Rate(per_s=self.chat_rate_per_s, burst=self.chat_rate_burst)

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.chat_session_days)

    @property
    def host_site(self) -> HostSite | None:
        """The site whose identity tokens are taken, if any."""
        if self.host_jwt_key is None:
            return None
        return HostSite(key=self.host_jwt_key.get_secret_value(), audience=self.host_jwt_audience)
