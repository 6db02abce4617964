"""Incidents, their updates, and which cases are in them. A case's own part of it is in its timeline."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import IncidentNotFound, IncidentSuggestionNotFound, SuggestionDecided
from ticket_core.store.audience import Audience, audience
from ticket_core.store.listing import PERSON_NAME
from ticket_core.store.reading import Reading
from ticket_core.store.store import new_id, utc_now

MOST_INCIDENTS = 100
MOST_AT_ONCE = 500
"""Cases that are read to do something with all of them."""

_INCIDENTS = """
    SELECT id::text, title_id, title_en, topic, state, created_at, created_by, resolved_at, resolved_by, updates,
           (SELECT count(*) FROM core.cases WHERE incident_id = incidents.id) AS cases,
           (SELECT count(*) FROM core.cases WHERE incident_id = incidents.id
            AND state IN ('new', 'open', 'pending', 'on_hold')) AS active,
           (SELECT count(DISTINCT joined.case_id) FROM core.topic_rises AS rise
            JOIN core.topic_rise_cases AS joined ON joined.rise_id = rise.id
            JOIN core.cases ON cases.id = joined.case_id AND cases.incident_id IS NULL AND cases.state <> 'closed'
            WHERE rise.incident_id = incidents.id) AS suggested
    FROM core.incidents
"""
_ONE = text(f"{_INCIDENTS} WHERE id = CAST(:id AS uuid)")
_LIST = text(
    f"{_INCIDENTS} WHERE (CAST(:state AS text) IS NULL OR state = :state)"
    " AND (created_at, id) < (:at, CAST(:id AS uuid)) ORDER BY created_at DESC, id DESC LIMIT :limit"
)
_CREATE = text("""
    INSERT INTO core.incidents (id, title_id, title_en, topic, created_at, created_by)
    VALUES (CAST(:id AS uuid), :title_id, :title_en, :topic, :now, :by) ON CONFLICT (id) DO NOTHING
""")
_LOCK_RISE = text("SELECT state, incident_id::text FROM core.topic_rises WHERE id = CAST(:id AS uuid) FOR UPDATE")
_ACCEPT = text("""
    UPDATE core.topic_rises SET state = 'accepted', incident_id = CAST(:incident AS uuid), decided_by = :by
    WHERE id = CAST(:id AS uuid)
""")
_TOPIC_OF_RISE = text("""
    UPDATE core.incidents SET topic = coalesce(incidents.topic, nullif(rise.topic, '')) FROM core.topic_rises AS rise
    WHERE incidents.id = CAST(:incident AS uuid) AND rise.id = CAST(:id AS uuid)
""")
_RESOLVE = text("""
    UPDATE core.incidents SET state = 'resolved', resolved_at = :now, resolved_by = :by
    WHERE id = CAST(:id AS uuid) AND state = 'open'
""")
_REOPEN = text("""
    UPDATE core.incidents SET state = 'open', resolved_at = NULL, resolved_by = NULL WHERE id = CAST(:id AS uuid)
""")
_NUMBERS = {
    "active": text("""
        SELECT number FROM core.cases WHERE incident_id = CAST(:id AS uuid)
        AND state IN ('new', 'open', 'pending', 'on_hold') ORDER BY id LIMIT :limit
    """),
    "suggested": text("""
        SELECT DISTINCT cases.number, cases.id FROM core.topic_rises AS rise
        JOIN core.topic_rise_cases AS joined ON joined.rise_id = rise.id
        JOIN core.cases ON cases.id = joined.case_id AND cases.incident_id IS NULL AND cases.state <> 'closed'
        WHERE rise.incident_id = CAST(:id AS uuid) ORDER BY cases.id LIMIT :limit
    """),
}
_CASES = text(f"""
    SELECT cases.id::text, number, cases.state, cases.topic, {PERSON_NAME}, subject, opened_at
    FROM core.cases JOIN core.participants ON participants.id = cases.participant_id
    WHERE incident_id = CAST(:id AS uuid) AND cases.id > CAST(:after AS uuid) ORDER BY cases.id LIMIT :limit
""")  # noqa: S608 our own words
_LOCK = text("SELECT updates FROM core.incidents WHERE id = CAST(:id AS uuid) FOR UPDATE")
_KNOWN = text("SELECT seq FROM core.incident_updates WHERE incident_id = CAST(:id AS uuid) AND key = :key")
_COUNT = text("UPDATE core.incidents SET updates = :seq WHERE id = CAST(:id AS uuid)")
_UPDATE = text("""
    INSERT INTO core.incident_updates (incident_id, seq, at, agent_id, agent_name, text_id, text_en, key)
    VALUES (CAST(:id AS uuid), :seq, :now, :agent_id, :agent_name, :text_id, :text_en, :key)
""")
_FOR_ALL = text("""
    INSERT INTO core.incident_tellings (incident_id, seq, case_id)
    SELECT incident_id, :seq, id FROM core.cases WHERE incident_id = CAST(:id AS uuid)
""")
_FOR_SOME = text("""
    INSERT INTO core.incident_tellings (incident_id, seq, case_id)
    SELECT incidents.id, incidents.updates, cases.id FROM core.incidents
    JOIN core.cases ON cases.incident_id = incidents.id AND cases.id = ANY(CAST(:cases AS uuid[]))
    WHERE incidents.id = CAST(:id AS uuid) AND incidents.updates > 0
    ON CONFLICT DO NOTHING
""")
_UPDATES = text("""
    SELECT updates.seq, at, agent_name, text_id, text_en,
           count(*) FILTER (WHERE told.case_id IS NOT NULL AND result IS NULL) AS waiting,
           count(*) FILTER (WHERE result = 'told') AS told,
           count(*) FILTER (WHERE result <> 'told') AS refused
    FROM core.incident_updates AS updates
    LEFT JOIN core.incident_tellings AS told ON told.incident_id = updates.incident_id AND told.seq = updates.seq
    WHERE updates.incident_id = CAST(:id AS uuid)
    GROUP BY updates.incident_id, updates.seq ORDER BY updates.seq DESC
""")
# Those that a case could join, and the one that it is in.
_CHOICES = text("""
    SELECT id::text, title_id, title_en, state FROM core.incidents
    WHERE state = 'open' OR id = CAST(:own AS uuid) ORDER BY created_at DESC, id DESC LIMIT :limit
""")
_LATEST = (datetime(9999, 12, 31, tzinfo=UTC), str(UUID(int=2**128 - 1)))


@dataclass(frozen=True, slots=True)
class UpdateView:
    """For how many cases it still waits to be told, how many were told, and how many could not be."""

    seq: int
    at: datetime
    agent_name: str
    texts: dict[str, str]
    waiting: int
    told: int
    refused: int


@dataclass(frozen=True, slots=True)
class IncidentView:
    """`title` by language. `active` of its `cases` are not resolved; `suggested` ones could still join."""

    id: str
    title: dict[str, str]
    topic: str | None
    state: str
    created_at: datetime
    created_by: str
    resolved_at: datetime | None
    resolved_by: str | None
    updates: int
    cases: int
    active: int
    suggested: int


@dataclass(frozen=True, slots=True)
class IncidentChoice:
    """A line of a menu; `title` by language."""

    id: str
    title: dict[str, str]
    state: str


@dataclass(frozen=True, slots=True)
class IncidentPage:
    items: list[IncidentView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class IncidentCase:
    id: str
    number: str
    state: str
    topic: str | None
    participant_name: str | None
    subject: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentCasePage:
    items: list[IncidentCase]
    next_cursor: str | None


class Incidents:
    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._clock = clock

    async def create(
        self,
        agent: Agent,
        *,
        title: Mapping[str, str],
        topic: str | None,
        suggestion_id: str | None = None,
        key: str | None = None,
    ) -> IncidentView:
        """A new incident; with the same `key` of the same agent, the one that was made with it.

        Raises:
            IncidentSuggestionNotFound, SuggestionDecided: it cannot be made from this suggestion.
        """
        incident_id = str(uuid5(NAMESPACE_OID, f"incident:{agent.id}:{key}")) if key is not None else new_id()
        row = {"title_id": title["id"], "title_en": title["en"], "topic": topic}
        async with self._engine.begin() as connection:
            await connection.execute(_CREATE, {"id": incident_id, "now": self._clock(), "by": agent.name, **row})
            if suggestion_id is not None:
                await _accept(connection, suggestion_id, incident_id, by=agent.name)
        return await self.get(incident_id)

    async def get(self, incident_id: str) -> IncidentView:
        """One incident.

        Raises:
            IncidentNotFound: there is none with this id.
        """
        async with self._reading.connection() as connection:
            row = (await connection.execute(_ONE, {"id": incident_id})).one_or_none()
        if row is None:
            raise IncidentNotFound("No incident has this id")
        return _view(row)

    async def list(
        self, *, state: str | None = None, behind: tuple[datetime, str] = _LATEST, limit: int = 25
    ) -> list[IncidentView]:
        """The latest first, those `behind` a time of creation and an id; at most `MOST_INCIDENTS`."""
        at, last = behind
        asked = {"state": state, "at": at, "id": last, "limit": min(limit, MOST_INCIDENTS + 1)}
        async with self._reading.connection() as connection:
            return [_view(row) for row in await connection.execute(_LIST, asked)]

    async def choices(self, own: str | None) -> Sequence[IncidentChoice]:
        """The open incidents, the latest first, and the one with the id `own`, whatever its state."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_CHOICES, {"own": own, "limit": MOST_INCIDENTS})
            return [IncidentChoice(row.id, {"id": row.title_id, "en": row.title_en}, row.state) for row in found]

    async def resolve(self, incident_id: str, agent: Agent) -> IncidentView:
        """The cause is gone; its cases stay as they are. Nothing happens to one that is resolved.

        Raises:
            IncidentNotFound: there is none with this id.
        """
        async with self._engine.begin() as connection:
            await connection.execute(_RESOLVE, {"id": incident_id, "now": self._clock(), "by": agent.name})
        return await self.get(incident_id)

    async def reopen(self, incident_id: str) -> IncidentView:
        """It was not gone after all.

        Raises:
            IncidentNotFound: there is none with this id.
        """
        async with self._engine.begin() as connection:
            await connection.execute(_REOPEN, {"id": incident_id})
        return await self.get(incident_id)

    async def cases(self, incident_id: str, *, after: str | None = None, limit: int = 100) -> IncidentCasePage:
        """The cases in it, in the order of their ids, those behind the case `after`."""
        asked = {"id": incident_id, "after": after or str(UUID(int=0)), "limit": limit + 1}
        async with self._reading.connection() as connection:
            items = [IncidentCase(*row) for row in await connection.execute(_CASES, asked)]
        return IncidentCasePage(items[:limit], items[limit - 1].id if len(items) > limit else None)

    async def numbers(self, incident_id: str, *, which: str) -> Sequence[str]:
        """The numbers of up to `MOST_AT_ONCE` cases: those in it that are `active`, or `suggested` for it."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_NUMBERS[which], {"id": incident_id, "limit": MOST_AT_ONCE})
            return [row.number for row in found]

    async def write_update(
        self, incident_id: str, agent: Agent, *, texts: Mapping[str, str], key: str | None = None
    ) -> UpdateView:
        """Tell all cases that are in it now, in the background; with the same `key`, it is the same update.

        Raises:
            IncidentNotFound: there is none with this id.
        """
        key = f"{agent.id}:{key}" if key is not None else None
        async with self._engine.begin() as connection:
            last = (await connection.execute(_LOCK, {"id": incident_id})).scalar_one_or_none()
            if last is None:
                raise IncidentNotFound("No incident has this id")
            seq = (await connection.execute(_KNOWN, {"id": incident_id, "key": key})).scalar_one_or_none()
            if seq is None:
                seq = last + 1
                texts_row = {"text_id": texts["id"], "text_en": texts["en"], "key": key}
                who = {"agent_id": agent.id, "agent_name": agent.name, "now": self._clock()}
                await _write(connection, {"id": incident_id, "seq": seq}, texts_row | who)
        return next(one for one in await self.updates(incident_id) if one.seq == seq)

    async def tell_last(self, incident_id: str, case_ids: Collection[str]) -> int:
        """Tell these of its cases the last update, if there was one that they were not told; returns how many."""
        async with self._engine.begin() as connection:
            asked = {"id": incident_id, "cases": sorted(case_ids)}
            return (await connection.execute(_FOR_SOME, asked)).rowcount

    async def audience(self, incident_id: str) -> Audience:
        """Whom an update that is written now would reach.

        Raises:
            IncidentNotFound: there is none with this id.
        """
        await self.get(incident_id)
        async with self._reading.connection() as connection:
            return await audience(connection, incident_id)

    async def updates(self, incident_id: str) -> Sequence[UpdateView]:
        """All updates, the latest first."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_UPDATES, {"id": incident_id})
            return [
                UpdateView(row.seq, row.at, row.agent_name, {"id": row.text_id, "en": row.text_en}, *row[5:])
                for row in found
            ]


async def _write(connection: AsyncConnection, place: dict[str, object], row: dict[str, object]) -> None:
    await connection.execute(_UPDATE, place | row)
    await connection.execute(_COUNT, place)
    await connection.execute(_FOR_ALL, place)


async def _accept(connection: AsyncConnection, suggestion_id: str, incident_id: str, *, by: str) -> None:
    row = (await connection.execute(_LOCK_RISE, {"id": suggestion_id})).one_or_none()
    if row is None:
        raise IncidentSuggestionNotFound("There is no suggestion with this id")
    if row.state != "open" and row.incident_id != incident_id:
        raise SuggestionDecided("Somebody was first")
    await connection.execute(_ACCEPT, {"id": suggestion_id, "incident": incident_id, "by": by})
    await connection.execute(_TOPIC_OF_RISE, {"id": suggestion_id, "incident": incident_id})


def _view(row: Any) -> IncidentView:
    id_, title_id, title_en, *more = row
    return IncidentView(id_, {"id": title_id, "en": title_en}, *more)
