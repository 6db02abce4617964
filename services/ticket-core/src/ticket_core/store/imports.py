"""How far files of participants were taken over, and what was wrong with their lines.

A file is known by its content. Its row is locked first, so that of two who import the same file one goes on.
"""

from collections.abc import AsyncIterator, Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.imports import Fault, Progress
from ticket_core.domain.world import Step
from ticket_core.store import tables
from ticket_core.store.bulk import Insert
from ticket_core.store.reading import Reading

READ_AT_ONCE = 1_000
_COLUMNS = ", ".join(Progress._fields)
_BEGIN = text("""
    INSERT INTO core.participant_imports (content, started_at) SELECT unnest(CAST(:contents AS text[])), now()
    ON CONFLICT (content) DO NOTHING
""")
_LOCK = text(f"""
    SELECT {_COLUMNS} FROM core.participant_imports WHERE content = ANY(:contents) ORDER BY content FOR UPDATE
""")  # noqa: S608 names of columns
_NUMBERED = text("""
    SELECT DISTINCT participant_id::text FROM core.identities
    WHERE participant_id = ANY(CAST(:ids AS uuid[])) AND kind = 'participant_number'
""")
_PROGRESS = text(f"SELECT {_COLUMNS} FROM core.participant_imports WHERE content = :content")  # noqa: S608 as above
_FAULTS = text("""
    SELECT line, field, reason FROM core.participant_import_faults
    WHERE content = :content AND (line, field) > (:line, :field) ORDER BY line, field LIMIT :limit
""")
# Entries tell of it only in active cases, and never of a name.
_STALE = text("""
    INSERT INTO core.search_stale (participant_id)
    SELECT DISTINCT participant_id FROM core.cases WHERE participant_id = ANY(CAST(:ids AS uuid[]))
""")
_SAVE = Insert(tables.participant_imports, Progress._fields, conflict="content", update=Progress._fields[1:])
_SAVE_FAULTS = Insert(tables.participant_import_faults, ("content", *Fault._fields))


async def lock(connection: AsyncConnection, contents: Iterable[str]) -> list[Progress]:
    """How far these files are, until the transaction ends."""
    wanted = {"contents": sorted(contents)}
    await connection.execute(_BEGIN, wanted)
    return [Progress._make(row) for row in await connection.execute(_LOCK, wanted)]


async def numbered(connection: AsyncConnection, participant_ids: Iterable[str]) -> set[str]:
    """Those of these participants who have a participant number."""
    return set(await connection.scalars(_NUMBERED, {"ids": sorted(participant_ids)}))


async def save(connection: AsyncConnection, changed: Step) -> None:
    await _SAVE.run(connection, list({progress.content: progress for progress in changed.imports}.values()))
    await _SAVE_FAULTS.run(connection, [(content, *fault) for content, fault in changed.import_faults])
    if changed.imports:
        new = {one.id for one in changed.participants} | {fact.participant_id for fact in changed.facts}
        await connection.execute(_STALE, {"ids": sorted(one for one in new if one is not None)})


class ParticipantImports:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def progress(self, content: str) -> Progress:
        async with self._reading.connection() as connection:
            row = (await connection.execute(_PROGRESS, {"content": content})).one_or_none()
        return Progress._make(row) if row is not None else Progress(content)

    async def faults(self, content: str) -> AsyncIterator[Fault]:
        """What is wrong with the lines of a file so far, in their order."""
        last = Fault(0, "", "")
        while True:
            parameters = {"content": content, "line": last.line, "field": last.field, "limit": READ_AT_ONCE}
            async with self._reading.connection() as connection:
                found = [Fault._make(row) for row in await connection.execute(_FAULTS, parameters)]
            for fault in found:
                yield fault
            if len(found) < READ_AT_ONCE:
                return
            last = found[-1]
