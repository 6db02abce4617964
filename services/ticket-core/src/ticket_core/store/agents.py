"""Who may work here: agents and their passwords."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.identities import normalise_email
from ticket_core.adapters.passwords import Passwords
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound
from ticket_core.store.reading import Reading
from ticket_core.store.store import new_id
from ticket_core.store.tables import agent_sessions, agents


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent as others see him."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]


class Agents:
    def __init__(self, engine: AsyncEngine, *, passwords: Passwords | None = None) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._passwords = passwords or Passwords()

    async def put(self, *, email: str, name: str, password: str, roles: Collection[str] = ("agent",)) -> str:
        """Add an agent, or give the one with this address a new name, password and roles; returns the id.

        Whoever is signed in with the old password is signed out.

        Raises:
            InvalidEmailAddress: it is not one.
        """
        hashed = await self._passwords.hash(password)
        row = {"name": name, "password_hash": hashed, "roles": sorted(set(roles)), "active": True}
        statement = insert(agents).values(id=new_id(), email=normalise_email(email), **row)
        upsert = statement.on_conflict_do_update(index_elements=[agents.c.email], set_=row).returning(agents.c.id)
        async with self._engine.begin() as connection:
            agent_id = str((await connection.execute(upsert)).scalar_one())
            await connection.execute(delete(agent_sessions).where(agent_sessions.c.agent_id == agent_id))
        return agent_id

    async def authenticate(self, *, email: str, password: str) -> Agent | None:
        """The agent with this address and password; `None` for a wrong one, whatever is wrong."""
        query = select(agents.c.id, agents.c.name, agents.c.roles, agents.c.password_hash).where(
            agents.c.email == email.strip().lower(), agents.c.active
        )
        async with self._reading.connection() as connection:
            row = (await connection.execute(query)).one_or_none()
        if not await self._passwords.verify(password, hashed=row.password_hash if row else None) or row is None:
            return None
        return Agent(row.id, row.name, frozenset(row.roles))

    async def get(self, agent_id: str) -> Agent:
        """An active agent.

        Raises:
            AgentNotFound: there is none with this id.
        """
        query = select(agents.c.id, agents.c.name, agents.c.roles).where(agents.c.id == agent_id, agents.c.active)
        async with self._reading.connection() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise AgentNotFound("Nobody who works here has this id")
        return Agent(row.id, row.name, frozenset(row.roles))

    async def all(self) -> list[AgentView]:
        """All active agents, by name."""
        query = (
            select(agents.c.id, agents.c.name, agents.c.email, agents.c.roles)
            .where(agents.c.active)
            .order_by(agents.c.name, agents.c.id)
        )
        async with self._reading.connection() as connection:
            rows = await connection.execute(query)
            return [AgentView(row.id, row.name, row.email, tuple(row.roles)) for row in rows]
