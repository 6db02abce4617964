"""The cases on which somebody still has something to do, with their timelines, a few at a time."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry
from ticket_core.store import rows
from ticket_core.store.reading import Reading
from ticket_core.store.tables.schema import ACTIVE

MOST_CASES = 100
MOST_ENTRIES = 5_000
"""At once; of a case that has more, all the same."""

_SELECT = f"SELECT {rows.selected(rows.CASE, table='cases')} FROM core.cases WHERE {ACTIVE}"  # noqa: S608 names
_BEHIND = text(f"{_SELECT} AND cases.id > CAST(:after AS uuid) ORDER BY cases.id LIMIT :most")
_THESE = text(f"{_SELECT} AND cases.id = ANY(CAST(:ids AS uuid[])) ORDER BY cases.id")
_ENTRIES = text(
    f"SELECT {rows.selected(rows.ENTRY, table='timeline')} FROM core.timeline"  # noqa: S608 names of columns
    " WHERE case_id = ANY(CAST(:ids AS uuid[])) ORDER BY timeline.case_id, timeline.seq"
)


class ActiveCase(NamedTuple):
    """A case, and the entries that it is the fold of."""

    case: Case
    timeline: Sequence[Entry]


class ActiveTimelines:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def all(self) -> AsyncIterator[list[ActiveCase]]:
        """All active cases by id, in portions; those that are opened meanwhile come last."""
        after = str(UUID(int=0))
        while True:
            async with self._reading.connection() as connection:
                found = await _cases(connection, _BEHIND, after=after, most=MOST_CASES)
                portion = await _with_timelines(connection, _bounded(found))
            if not portion:
                return
            yield portion
            after = portion[-1].case.id

    async def these(self, ids: Sequence[str]) -> list[ActiveCase]:
        """Those of `ids` that are active, as they are now."""
        async with self._reading.connection() as connection:
            return await _with_timelines(connection, await _cases(connection, _THESE, ids=list(ids)))


async def _cases(connection: AsyncConnection, statement: Any, **parameters: Any) -> list[Case]:
    return [rows.case_of(tuple(row)) for row in await connection.execute(statement, parameters)]


def _bounded(cases: Sequence[Case]) -> list[Case]:
    """As many of the first as have few enough entries, one at least."""
    taken: list[Case] = []
    for case in cases:
        if taken and sum(one.last_seq for one in taken) + case.last_seq > MOST_ENTRIES:
            break
        taken.append(case)
    return taken


async def _with_timelines(connection: AsyncConnection, cases: Sequence[Case]) -> list[ActiveCase]:
    entries: defaultdict[str, list[Entry]] = defaultdict(list)
    for row in await connection.execute(_ENTRIES, {"ids": [case.id for case in cases]}):
        entries[row.case_id].append(rows.entry_of(row))
    # What was written since the case was read is not of this moment; entries never change.
    return [ActiveCase(case, entries[case.id][: case.last_seq]) for case in cases]
