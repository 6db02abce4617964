"""Rules that supervisors have written: every version of each, who made it and when. The last one holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import RuleChanged, RuleExists, RuleNotFound, TooManyRules
from ticket_core.store.reading import Reading
from ticket_core.store.store import utc_now

MOST_RULES = 200
MOST_LISTED = 100

_COLUMNS = "key, version, definition, at, agent_id, agent_name"
_CURRENT = f"""
    SELECT * FROM (
        SELECT DISTINCT ON (key) {_COLUMNS} FROM core.rule_versions ORDER BY key, version DESC
    ) AS latest WHERE definition IS NOT NULL
"""  # noqa: S608 our own columns
_ALL = text(f"{_CURRENT} ORDER BY key")
_REVISION = text("SELECT count(*) FROM core.rule_versions")
_VERSIONS = text(
    f"SELECT {_COLUMNS} FROM core.rule_versions WHERE key = :key ORDER BY version DESC LIMIT :most"  # noqa: S608
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kawal.rule_versions', 0))")
_COUNT = text(f"SELECT count(*) FROM ({_CURRENT}) AS current")  # noqa: S608
_WRITE = text(f"""
    INSERT INTO core.rule_versions ({_COLUMNS})
    VALUES (:key, :version, :definition, :now, :agent_id, :agent_name)
""")  # noqa: S608
_FIRINGS = text("""
    SELECT cases.number, fired.seq, timeline.kind, fired.version, fired.at,
           fired.first_seq, fired.last_seq, fired.refused
    FROM core.rule_firings AS fired
    JOIN core.cases ON cases.id = fired.case_id
    JOIN core.timeline ON timeline.case_id = fired.case_id AND timeline.seq = fired.seq
    WHERE rule = :key ORDER BY fired.at DESC, fired.case_id DESC, fired.seq DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """`definition` is the JSON of a rule as it was written; `None`, when it was removed."""

    key: str
    version: int
    definition: str | None
    at: datetime
    agent_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class FiringView:
    """The rule acted on the entry `seq` and wrote the entries `first_seq` to `last_seq`, or was `refused`: a code."""

    case_number: str
    seq: int
    kind: str
    version: int
    at: datetime
    first_seq: int | None
    last_seq: int | None
    refused: str | None


class StoredRules:
    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._clock = clock

    async def revision(self) -> int:
        """Another number after each change of any rule."""
        async with self._reading.connection() as connection:
            revision: int = (await connection.execute(_REVISION)).scalar_one()
        return revision

    async def all(self) -> list[RuleVersion]:
        """Those that hold, by key."""
        async with self._reading.connection() as connection:
            return [RuleVersion(*row) for row in await connection.execute(_ALL)]

    async def versions(self, key: str) -> list[RuleVersion]:
        """The latest first, also of a rule that was removed."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_VERSIONS, {"key": key, "most": MOST_LISTED})
            return [RuleVersion(*row) for row in found]

    async def firings(self, key: str, *, limit: int = MOST_LISTED) -> list[FiringView]:
        """What the rule did last, the latest first."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_FIRINGS, {"key": key, "most": min(limit, MOST_LISTED)})
            return [FiringView(*row) for row in found]

    async def add(self, key: str, definition: str, agent: Agent) -> RuleVersion:
        """Raises `RuleExists`, `TooManyRules`."""
        async with self._engine.begin() as connection:
            latest = await _locked(connection, key)
            if latest is not None and latest.definition is not None:
                raise RuleExists("Choose another key, or change that rule")
            if (await connection.execute(_COUNT)).scalar_one() >= MOST_RULES:
                raise TooManyRules(f"There are {MOST_RULES}; remove one first")
            return await self._write(connection, key, definition, agent, before=latest)

    async def change(
        self, key: str, definition: str | None, agent: Agent, *, only_if: frozenset[str] | None = None
    ) -> RuleVersion:
        """Give a rule another definition, or none: then it is removed. The same again is no new version.

        `only_if` are versions as `version_of` writes them.

        Raises:
            RuleNotFound: there is none with this key.
            RuleChanged: it has none of the versions `only_if`.
        """
        async with self._engine.begin() as connection:
            latest = await _locked(connection, key)
            if latest is None or latest.definition is None:
                raise RuleNotFound("It may have been removed")
            if only_if is not None and version_of(latest) not in only_if:
                raise RuleChanged(version_of(latest))
            if latest.definition == definition:
                return latest
            return await self._write(connection, key, definition, agent, before=latest)

    async def _write(
        self, connection: AsyncConnection, key: str, definition: str | None, agent: Agent, *, before: RuleVersion | None
    ) -> RuleVersion:
        version = before.version + 1 if before else 1
        written = RuleVersion(key, version, definition, self._clock(), agent.id, agent.name)
        row = {"key": key, "version": version, "definition": definition, "now": written.at}
        await connection.execute(_WRITE, {**row, "agent_id": agent.id, "agent_name": agent.name})
        return written


def version_of(rule: RuleVersion) -> str:
    """What an `ETag` of it says."""
    return f"{rule.key}.{rule.version}"


async def _locked(connection: AsyncConnection, key: str) -> RuleVersion | None:
    """The latest version; nobody else writes any before the transaction ends."""
    await connection.execute(_LOCK)
    row = (await connection.execute(_VERSIONS, {"key": key, "most": 1})).one_or_none()
    return RuleVersion(*row) if row is not None else None
