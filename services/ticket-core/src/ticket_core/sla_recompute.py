"""Counts the clocks of all active cases again, after the programme has changed what it promises.

Nothing remembers how far it came: a case that is right already is left alone, so whoever was killed begins again. What
is written to a case between the reading and the writing makes its recount void; it is read and counted again.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.errors import KawalError
from ticket_core.domain.case import Case
from ticket_core.domain.clocks import Clock, ClockKind, Clocks
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import SetClocks
from ticket_core.domain.recompute import recomputed
from ticket_core.domain.sla import SlaPolicies
from ticket_core.store.active_timelines import ActiveCase, ActiveTimelines
from ticket_core.store.store import Apply, utc_now

ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Recounted:
    """What became of one clock of a case: when it was due and is now, and whether it was and is overdue."""

    number: str
    clock: ClockKind
    policy: str
    due_before: datetime | None
    due_after: datetime | None
    was_overdue: bool
    is_overdue: bool


class _Recount:
    """What is to be written to one case, and what that changes."""

    def __init__(self, case: Case, wanted: SetClocks, *, now: datetime) -> None:
        self.case = case
        self.wanted = wanted
        self._now = now

    @property
    def clocks(self) -> Iterator[Recounted]:
        for change in self.wanted.changes:
            before: Clock | None = getattr(self.case.clocks or Clocks(), change.clock)
            after: Clock | None = getattr(self.wanted.clocks, change.clock)
            named = after or before
            yield Recounted(
                self.case.number,
                change.clock,
                named.policy if named else "",
                change.before,
                change.after,
                _is_overdue(before, self._now),
                _is_overdue(after, self._now),
            )


class SlaRecompute:
    """`apply` is that of a store; without one, nothing is written. `left` counts the cases that never stood still."""

    def __init__(
        self, engine: AsyncEngine, *, sla: SlaPolicies, apply: Apply | None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._timelines = ActiveTimelines(engine)
        self._sla = sla
        self._apply = apply
        self._clock = clock
        self.left = 0

    async def run(self) -> AsyncIterator[Recounted]:
        """All that changes, once it is written.

        Raises:
            TransientError: PostgreSQL is away; what was done is kept.
        """
        async for portion in self._timelines.all():
            for recount in await self._done(portion):
                for recounted in recount.clocks:
                    yield recounted

    async def _done(self, portion: Sequence[ActiveCase]) -> list[_Recount]:
        done: list[_Recount] = []
        for _ in range(ATTEMPTS):
            recounts = self._recounts(portion)
            written = recounts if self._apply is None else await _written(recounts, self._apply)
            done += written
            if len(written) == len(recounts):
                return done
            moved = {one.case.id for one in recounts} - {one.case.id for one in written}
            portion = await self._timelines.these(sorted(moved))
        self.left += len(portion)
        return done

    def _recounts(self, portion: Sequence[ActiveCase]) -> list[_Recount]:
        now = self._clock()
        found = ((case, recomputed(case, timeline, sla=self._sla, now=now)) for case, timeline in portion)
        return [_Recount(case, wanted, now=now) for case, wanted in found if wanted is not None]


async def _written(recounts: Sequence[_Recount], apply: Apply) -> list[_Recount]:
    """Those that were; the others were changed by somebody meanwhile."""
    if not recounts:
        return []
    outcomes = await apply([one.wanted for one in recounts])
    for outcome in outcomes:
        if isinstance(outcome, KawalError):
            raise outcome
    return [one for one, outcome in zip(recounts, outcomes, strict=True) if isinstance(outcome, Applied)]


def _is_overdue(clock: Clock | None, now: datetime) -> bool:
    return clock is not None and (clock.breached or clock.overdue(now))
