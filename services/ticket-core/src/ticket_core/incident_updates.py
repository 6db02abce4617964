"""Tells the participants of an incident's cases what is new, each once, however often the process dies on the way.

Whom an update is for stands in `incident_tellings` since it was written. A row is done once its result is known; one
that was told without its result being written is told again, and the case itself knows that it was (`domain.incident`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import rounds
from kawal.errors import KawalError
from ticket_core.domain.case import Agent
from ticket_core.domain.inputs import TellUpdate
from ticket_core.store.store import Apply, Outcome, utc_now

POLL_S = 1.0
AT_ONCE = 64
TOLD = "told"

# One replica at a time, or a case could hear the second update before the first. Let go when the connection breaks.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kawal.incident_tellings', 0))")
_WAITING = text("""
    SELECT told.incident_id::text, told.seq, told.case_id::text, cases.number, text_id, text_en, agent_id, agent_name
    FROM core.incident_tellings AS told
    JOIN core.incident_updates AS updates ON updates.incident_id = told.incident_id AND updates.seq = told.seq
    JOIN core.cases ON cases.id = told.case_id
    WHERE result IS NULL ORDER BY told.incident_id, told.seq, told.case_id LIMIT :most
""")
_DONE = text("""
    UPDATE core.incident_tellings AS told SET result = done.result, told_at = :now
    FROM unnest(CAST(:incidents AS uuid[]), CAST(:seqs AS integer[]), CAST(:cases AS uuid[]), CAST(:results AS text[]))
        AS done (incident_id, seq, case_id, result)
    WHERE told.incident_id = done.incident_id AND told.seq = done.seq AND told.case_id = done.case_id
""")


class IncidentUpdates:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, apply: Apply, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._apply = apply
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("incident_updates", self._round, after_outage_s=POLL_S)

    async def _round(self) -> float:
        return 0.0 if await self.tell() == AT_ONCE else POLL_S

    async def tell(self) -> int:
        """Tell the next cases that wait, up to `AT_ONCE`; returns how many that were."""
        async with self._engine.begin() as connection:
            if not (await connection.execute(_LOCK)).scalar_one():
                return 0
            waiting = (await connection.execute(_WAITING, {"most": AT_ONCE})).all()
            if waiting:
                outcomes = await self._apply([_command(row) for row in waiting])
                await connection.execute(_DONE, {"now": self._clock(), **_results(waiting, outcomes)})
        return len(waiting)


def _command(row: Any) -> TellUpdate:
    return TellUpdate(
        number=row.number,
        agent=Agent(row.agent_id, row.agent_name),
        incident_id=row.incident_id,
        update=row.seq,
        texts={"id": row.text_id, "en": row.text_en},
    )


def _results(waiting: Sequence[Any], outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    return {
        "incidents": [row.incident_id for row in waiting],
        "seqs": [row.seq for row in waiting],
        "cases": [row.case_id for row in waiting],
        "results": [outcome.code if isinstance(outcome, KawalError) else TOLD for outcome in outcomes],
    }
