"""Who is there, and what each can do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.words import Locale
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound
from ticket_core.domain.presence import Attendance, Presence, SignOfLife, presence
from ticket_core.domain.profiles import Profile
from ticket_core.store.reading import Reading

_CHOOSE = text("""
    INSERT INTO core.attendance (agent_id, chosen, chosen_at, seen_at)
    SELECT id, :chosen, :now, :now FROM core.agents WHERE id = CAST(:agent_id AS uuid) AND active
    ON CONFLICT (agent_id) DO UPDATE SET
        chosen = excluded.chosen, seen_at = excluded.seen_at,
        chosen_at = CASE WHEN attendance.chosen = excluded.chosen THEN attendance.chosen_at ELSE excluded.chosen_at END
""")
# Whoever comes back after he was gone begins as away: nobody is given work because a page was opened again.
_SEEN = text("""
    UPDATE core.attendance SET
        seen_at = :now,
        chosen = CASE WHEN seen_at < :gone THEN 'away' ELSE chosen END,
        chosen_at = CASE WHEN seen_at < :gone AND chosen <> 'away' THEN :now ELSE chosen_at END
    WHERE agent_id = CAST(:agent_id AS uuid)
""")
_SET_PROFILE = text("""
    INSERT INTO core.agent_profiles (agent_id, capacity, skills, languages, teams)
    SELECT id, CAST(:capacity AS integer), CAST(:skills AS text[]), CAST(:languages AS text[]), CAST(:teams AS text[])
    FROM core.agents WHERE active AND (id::text = :who OR email = lower(:who))
    ON CONFLICT (agent_id) DO UPDATE SET capacity = excluded.capacity, skills = excluded.skills,
        languages = excluded.languages, teams = excluded.teams
""")
_COLLEAGUES = """
    SELECT agents.id::text, agents.name, agents.roles, agents.active, chosen, chosen_at, seen_at, given_at,
           capacity, skills, languages, teams
    FROM core.agents
    LEFT JOIN core.attendance ON attendance.agent_id = agents.id
    LEFT JOIN core.agent_profiles ON agent_profiles.agent_id = agents.id
"""
_ALL = text(_COLLEAGUES + " ORDER BY agents.name, agents.id")
_ONE = text(_COLLEAGUES + " WHERE agents.active AND (agents.id::text = :who OR agents.email = lower(:who))")
_GIVEN = text("UPDATE core.attendance SET given_at = :now WHERE agent_id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """An agent with what he can do. Without a `sign` he was never there: routing leaves him and his cases alone."""

    agent: Agent
    active: bool
    sign: SignOfLife | None
    given_at: datetime | None
    profile: Profile

    def presence(self, *, attendance: Attendance, now: datetime) -> Presence:
        if self.sign is None or not self.active:
            return Presence.OFFLINE
        return presence(self.sign, attendance=attendance, now=now)


async def colleagues(connection: AsyncConnection) -> list[Colleague]:
    """All agents, by name; also those who no longer work here."""
    return [_colleague(row) for row in await connection.execute(_ALL)]


async def given(connection: AsyncConnection, agents: Iterable[str], *, now: datetime) -> None:
    """Write down that these agents were given something."""
    await connection.execute(_GIVEN, {"ids": sorted(set(agents)), "now": now})


class Attendances:
    """Agents are named by id; `profile` and `set_profile` take an address as well."""

    def __init__(self, engine: AsyncEngine, *, attendance: Attendance | None = None) -> None:
        self.attendance = attendance or Attendance()
        self._engine = engine
        self._reading = Reading(engine)

    async def choose(self, agent_id: str, chosen: Presence, *, now: datetime) -> None:
        """Raises `AgentNotFound`: no agent, but perhaps the bootstrap token."""
        async with self._engine.begin() as connection:
            done = await connection.execute(_CHOOSE, {"agent_id": agent_id, "chosen": chosen, "now": now})
            if not done.rowcount:
                raise AgentNotFound("Only somebody who works here can be present")

    async def seen(self, agent_id: str, *, now: datetime) -> None:
        """A screen of this agent is open. Nothing happens before he has ever chosen a presence."""
        gone = now - self.attendance.offline_after
        async with self._engine.begin() as connection:
            await connection.execute(_SEEN, {"agent_id": agent_id, "now": now, "gone": gone})

    async def colleague(self, who: str) -> Colleague:
        """Raises `AgentNotFound`."""
        async with self._reading.connection() as connection:
            row = (await connection.execute(_ONE, {"who": who})).one_or_none()
        if row is None:
            raise AgentNotFound("Nobody who works here has this id or address")
        return _colleague(row)

    async def set_profile(self, who: str, profile: Profile) -> None:
        """Raises `AgentNotFound`."""
        parameters = {
            "who": who,
            "capacity": profile.capacity,
            "skills": sorted(profile.skills),
            "languages": sorted(profile.languages),
            "teams": sorted(profile.teams),
        }
        async with self._engine.begin() as connection:
            if not (await connection.execute(_SET_PROFILE, parameters)).rowcount:
                raise AgentNotFound("Nobody who works here has this id or address")


def _colleague(row: Any) -> Colleague:
    id_, name, roles, active, chosen, chosen_at, seen_at, given_at, capacity, skills, languages, teams = row
    profile = Profile(
        capacity=capacity,
        skills=_words(skills),
        languages=frozenset(map(Locale, languages)) if languages is not None else frozenset(Locale),
        teams=_words(teams),
    )
    return Colleague(
        agent=Agent(id_, name, frozenset(roles)),
        active=active,
        sign=SignOfLife(Presence(chosen), chosen_at, seen_at) if chosen else None,
        given_at=given_at,
        profile=profile,
    )


def _words(found: Collection[str] | None) -> frozenset[str]:
    return frozenset(found or ())
