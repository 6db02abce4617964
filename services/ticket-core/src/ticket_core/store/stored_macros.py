"""Macros that agents have written for themselves, and supervisors for teams."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import MacroChanged, MacroExists, MacroNotFound, TooManyMacros
from ticket_core.store.reading import Reading
from ticket_core.store.store import utc_now

MOST_MACROS = 200
"""Of one agent, or of one team."""

_COLUMNS = "key, version, owner_id, team, definition, at, agent_name"
_SEEN = text(f"""
    SELECT {_COLUMNS} FROM core.desk_macros
    WHERE definition IS NOT NULL AND (owner_id = :owner_id OR team = ANY(CAST(:teams AS text[]))) ORDER BY key
""")  # noqa: S608 our own columns
_ONE = text(f"SELECT {_COLUMNS} FROM core.desk_macros WHERE key = :key FOR UPDATE")  # noqa: S608
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kawal.desk_macros', 0))")
_COUNT = text("""
    SELECT count(*) FROM core.desk_macros WHERE definition IS NOT NULL
    AND owner_id IS NOT DISTINCT FROM :owner_id AND team IS NOT DISTINCT FROM :team
""")
_PUT = text(f"""
    INSERT INTO core.desk_macros ({_COLUMNS})
    VALUES (:key, :version, :owner_id, :team, :definition, :at, :agent_name)
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, owner_id = excluded.owner_id, team = excluded.team,
        definition = excluded.definition, at = excluded.at, agent_name = excluded.agent_name
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class StoredMacro:
    """Either `owner_id` or `team` says whose it is. `definition` is the JSON of a macro; `None`: it was removed."""

    key: str
    version: int
    owner_id: str | None
    team: str | None
    definition: str | None
    at: datetime
    agent_name: str

    @property
    def etag(self) -> str:
        return f"{self.key}.{self.version}"


class StoredMacros:
    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._clock = clock

    async def seen_by(self, agent_id: str, teams: Collection[str]) -> list[StoredMacro]:
        """His own and those of these teams, by key."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_SEEN, {"owner_id": agent_id, "teams": sorted(teams)})
            return [StoredMacro(*row) for row in found]

    async def add(self, key: str, definition: str, agent: Agent, *, team: str | None) -> StoredMacro:
        """The agent's own, or the team's. Raises `MacroExists`, `TooManyMacros`."""
        owner_id = None if team else agent.id
        async with self._engine.begin() as connection:
            await connection.execute(_LOCK)
            before = await _one(connection, key)
            if before is not None and before.definition is not None:
                raise MacroExists("Choose another key")
            counted = await connection.execute(_COUNT, {"owner_id": owner_id, "team": team})
            if counted.scalar_one() >= MOST_MACROS:
                raise TooManyMacros(f"There are {MOST_MACROS}; remove one first")
            version = before.version + 1 if before else 1
            return await self._put(
                connection, StoredMacro(key, version, owner_id, team, definition, self._clock(), agent.name)
            )

    async def change(
        self, key: str, definition: str | None, agent: Agent, *, only_if: frozenset[str] | None
    ) -> StoredMacro:
        """Give it another definition, or none: then it is removed. The same again is no new version.

        Raises:
            MacroNotFound: there is none with this key.
            MacroChanged: it has none of the versions `only_if`.
        """
        async with self._engine.begin() as connection:
            before = await _one(connection, key)
            if before is None or before.definition is None:
                raise MacroNotFound("It may have been removed")
            if only_if is not None and before.etag not in only_if:
                raise MacroChanged(before.etag)
            if before.definition == definition:
                return before
            after = StoredMacro(
                key, before.version + 1, before.owner_id, before.team, definition, self._clock(), agent.name
            )
            return await self._put(connection, after)

    async def _put(self, connection: AsyncConnection, macro: StoredMacro) -> StoredMacro:
        row = {name: getattr(macro, name) for name in StoredMacro.__slots__}
        await connection.execute(_PUT, row)
        return macro


async def _one(connection: AsyncConnection, key: str) -> StoredMacro | None:
    row = (await connection.execute(_ONE, {"key": key})).one_or_none()
    return StoredMacro(*row) if row is not None else None
