"""Says in the timelines which clocks are due, or will be soon: when that is, `cases.alarm_at` has it.

There are no rows of `timers` for this: the next moment of each case is kept in its own row, which costs a batch of
contacts no statement. What is said moves that moment, in the same transaction, so it is said once, by however many
replicas; an alarm that came to nothing does not hold up those behind it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import rounds
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import TimerFired, TimerKind
from ticket_core.store.store import Apply, utc_now

POLL_S = 1.0
AT_ONCE = 200

# One replica at a time: two would only do the same work twice. Let go when the connection breaks.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kawal.sla_alarms', 0))")
_RINGING = text("""
    SELECT id::text, alarm_at FROM core.cases
    WHERE alarm_at <= :now AND (alarm_at, id) > (:after, CAST(:after_id AS uuid))
      AND state IN ('new', 'open', 'pending', 'on_hold')
    ORDER BY alarm_at, id LIMIT :most
""")
_Place = tuple[datetime, str]
_BEGINNING: _Place = (datetime.fromisoformat("1970-01-01T00:00:00+00:00"), str(UUID(int=0)))


class SlaAlarms:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, apply: Apply, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._apply = apply
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("sla", self._round, after_outage_s=POLL_S)

    async def _round(self) -> float:
        await self.ring()
        return POLL_S

    async def ring(self) -> int:
        """Say all that is to be said by now; returns in how many cases something was said."""
        said, place = 0, _BEGINNING
        async with self._engine.begin() as connection:
            if not (await connection.execute(_LOCK)).scalar_one():
                return 0
            while alarms := await self._next(connection, place):
                outcomes = await self._apply(alarms)
                said += sum(isinstance(outcome, Applied) for outcome in outcomes)
                place = (alarms[-1].due_at, alarms[-1].case_id)
        return said

    async def _next(self, connection: AsyncConnection, place: _Place) -> list[TimerFired]:
        after, after_id = place
        parameters = {"now": self._clock(), "after": after, "after_id": after_id, "most": AT_ONCE}
        rows = await connection.execute(_RINGING, parameters)
        return [TimerFired(case_id, TimerKind.SLA, alarm_at) for case_id, alarm_at in rows]
