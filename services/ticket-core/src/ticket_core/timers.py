"""Fires what is due: takes rows of `timers`, and gives them to the one write path.

A timer that was taken is left alone by others for a while, and fired again if nothing came of it: the case itself
knows whether its time has really come, so firing twice changes nothing. One that is not the case's own is dropped.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import rounds
from ticket_core.domain.inputs import TimerFired, TimerKind
from ticket_core.store.store import Apply, utc_now

POLL_S = 1.0
AT_ONCE = 200
LEFT_ALONE = timedelta(minutes=1)

_TAKE = text("""
    WITH due AS (
        SELECT case_id, kind FROM core.timers WHERE fire_at <= :now
        ORDER BY fire_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE core.timers SET fire_at = :again FROM due
    WHERE timers.case_id = due.case_id AND timers.kind = due.kind
    RETURNING timers.case_id::text, timers.kind, timers.due_at
""")
# Of a case that was restored, or written by an older version, which would be fired for ever.
_DROP_STRAYS = text("""
    DELETE FROM core.timers USING core.cases
    WHERE case_id = ANY(CAST(:ids AS uuid[])) AND id = case_id AND close_at IS DISTINCT FROM timers.due_at
""")


class Timers:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, apply: Apply, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._apply = apply
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("timers", self._round, after_outage_s=POLL_S)

    async def _round(self) -> float:
        return 0.0 if await self.fire() == AT_ONCE else POLL_S

    async def fire(self) -> int:
        """Fire what is due now, up to `AT_ONCE`; returns how many that were."""
        now = self._clock()
        async with self._engine.begin() as connection:
            taken = await connection.execute(_TAKE, {"now": now, "again": now + LEFT_ALONE, "most": AT_ONCE})
            due = [TimerFired(case_id, TimerKind(kind), due_at) for case_id, kind, due_at in taken]
        if due:
            await self._apply(due)
            await self._drop_strays(due)
        return len(due)

    async def _drop_strays(self, fired: Sequence[TimerFired]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_DROP_STRAYS, {"ids": [timer.case_id for timer in fired]})
