"""Sessions of agents at the console, and tokens of scripts. Only hashes are stored: a copied table opens no door."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.store.reading import Reading
from ticket_core.store.store import utc_now
from ticket_core.store.tables import agent_sessions, agents, api_tokens

LIFETIME = timedelta(hours=12)
"""A shift; afterwards the agent signs in again."""


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """`create` a session at sign-in, `read` it from the cookie, `revoke` it at sign-out."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._clock = clock

    async def create(self, agent_id: str) -> str:
        """The secret of a new session, for the cookie."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = {"token_hash": token_hash(token), "agent_id": agent_id, "created_at": now, "expires_at": now + LIFETIME}
        async with self._engine.begin() as connection:
            await connection.execute(insert(agent_sessions).values(row))
        return token

    async def read(self, token: str) -> Agent | None:
        """Whose session it is, or `None` when it is over."""
        return await self._agent(agent_sessions, token, agent_sessions.c.expires_at > self._clock())

    async def read_api_token(self, token: str) -> Agent | None:
        """In whose name a script acts."""
        return await self._agent(api_tokens, token)

    async def revoke(self, token: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(agent_sessions).where(agent_sessions.c.token_hash == token_hash(token)))

    async def forget_expired(self) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(agent_sessions).where(agent_sessions.c.expires_at <= self._clock()))

    async def _agent(self, table: Table, token: str, *conditions: object) -> Agent | None:
        query = (
            select(agents.c.id, agents.c.name, agents.c.roles)
            .join(table, table.c.agent_id == agents.c.id)
            .where(table.c.token_hash == token_hash(token), agents.c.active, *conditions)  # type: ignore[arg-type]
        )
        async with self._reading.connection() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Agent(row.id, row.name, frozenset(row.roles)) if row else None
