"""Says in the timelines which clocks are due, or will be soon: when that is, `cases.alarm_at` has it.

There are no rows of `timers` for this: the next moment of each case is kept in its own row, which costs a batch of
contacts no statement. What is said moves that moment, in the same transaction, so it is said once, by however many
replicas; an alarm that came to nothing does not hold up those behind it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import rounds
from kawal.errors import TransientError
from kawal.observability.logging import get_logger
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import TimerFired, TimerKind
from ticket_core.store.store import Apply, Outcome, utc_now

POLL_S = 1.0
AT_ONCE = 200
PATIENCE = 3
"""How many alarms that cannot be written are passed by before all of them wait."""

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

log = get_logger()


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
                said += await self._say(alarms)
                place = (alarms[-1].due_at, alarms[-1].case_id)
        return said

    async def _say(self, alarms: list[TimerFired]) -> int:
        try:
            return _said(await self._apply(alarms))
        except TransientError as held_up:
            log.warning("alarms_one_by_one", alarms=len(alarms), error=held_up)
            return await self._say_one_by_one(alarms)

    async def _say_one_by_one(self, alarms: list[TimerFired]) -> int:
        """Somebody may hold a case for long: the others do not wait for it."""
        said, patience = 0, PATIENCE
        for alarm in alarms:
            try:
                said += _said(await self._apply([alarm]))
            except TransientError:
                patience -= 1
                if not patience:
                    raise
        return said

    async def _next(self, connection: AsyncConnection, place: _Place) -> list[TimerFired]:
        after, after_id = place
        parameters = {"now": self._clock(), "after": after, "after_id": after_id, "most": AT_ONCE}
        rows = await connection.execute(_RINGING, parameters)
        return [TimerFired(case_id, TimerKind.SLA, alarm_at) for case_id, alarm_at in rows]


def _said(outcomes: Sequence[Outcome]) -> int:
    return sum(isinstance(outcome, Applied) for outcome in outcomes)
