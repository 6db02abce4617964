"""Gives waiting cases to agents, as a task of the service: what `domain.routing` plans goes through the one write path.

A round is made when something was committed, when somebody's presence changed, and every few seconds. Any replica may
make it, one at a time (an advisory lock, held for the round): what is to be done stands in the tables.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal import outbox
from kawal.database import rounds
from kawal.observability import metrics
from kawal.pace import rest_s
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import RouteCase
from ticket_core.domain.presence import Attendance, Presence
from ticket_core.domain.queueing import places
from ticket_core.domain.routing import Plan, RoutingRules, Waiting, plan
from ticket_core.store import tables
from ticket_core.store.attendance import Colleague, colleagues, given
from ticket_core.store.queue import Situation, depart, pace, situation
from ticket_core.store.store import Apply, utc_now
from ticket_core.telling import Telling

PACE_S = 0.2
"""What is committed in this time is routed together."""
SHARE = 0.1
"""Of the time, at most: a long queue is looked at less often, and the write path does not notice."""
TICK_S = 5.0
"""Agents go away and grace ends without a commit; and another replica may have committed."""
AFTER_OUTAGE_S = 2.0
AT_ONCE = 200

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('kawal.core.routing'))")


class Routing:
    """`run` is a task of the service. `wake` says that something was committed, `wake_now` that somebody came.

    `told` is called after waiting chats were told something.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        apply: Apply,
        rules: RoutingRules,
        attendance: Attendance,
        told: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine = engine
        self._apply = apply
        self._rules = rules
        self._attendance = attendance
        self._told = told
        self._clock = clock
        self._woken = asyncio.Event()
        self._someone = False
        self._waited: dict[str, Waiting] = {}
        self._telling = Telling()

    def wake(self) -> None:
        """With nobody there, nothing can be given to anybody: then the next tick is early enough."""
        if self._someone:
            self._woken.set()

    def wake_now(self) -> None:
        self._woken.set()

    async def run(self) -> NoReturn:
        await rounds("routing", self._turn, after_outage_s=AFTER_OUTAGE_S)

    async def _turn(self) -> float:
        """A round, the rest after it, and the wait for something to do."""
        begun = time.monotonic()
        await self.round()
        await asyncio.sleep(max(PACE_S, rest_s(time.monotonic() - begun, share=SHARE)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await self._woken.wait()
        self._woken.clear()
        return 0.0

    async def round(self) -> int:
        """Give out what can be given; returns how many cases changed hands. Nothing, while another replica does it."""
        now = self._clock()
        async with self._engine.begin() as connection:
            if not (await connection.execute(_LOCK)).scalar_one():
                return 0
            known = await colleagues(connection)
            self._count(known, now=now)
            seen = await situation(connection, known, rules=self._rules, attendance=self._attendance, now=now)
            made = plan(seen.workers, seen.waiting, rules=self._rules, now=now)
            changed = await self._give(connection, seen, made)
            await self._note(connection, seen, made)
            told = await self._tell(connection, seen, made)
        if told:
            self._told()
        return changed

    def _count(self, known: Sequence[Colleague], *, now: datetime) -> None:
        present = [one.presence(attendance=self._attendance, now=now) for one in known]
        self._someone = Presence.AVAILABLE in present
        for state in Presence:
            metrics.AGENTS_PRESENT.labels(state).set(present.count(state))

    async def _give(self, connection: AsyncConnection, seen: Situation, made: Plan) -> int:
        """Apply the plan. What an agent did in the meantime stands, and the next round sees it."""
        inputs = _changes(seen, made)
        changed: set[str] = set()
        for first in range(0, len(inputs), AT_ONCE):
            some = inputs[first : first + AT_ONCE]
            outcomes = await self._apply(some)
            changed |= {one.case_id for one, done in zip(some, outcomes, strict=True) if isinstance(done, Applied)}
        taken = [one for one in made.assigned if one.case_id in changed]
        if taken:
            await given(connection, {one.agent_id for one in taken}, now=seen.now)
            metrics.CASES_ROUTED.inc(len(taken))
        return len(changed)

    async def _note(self, connection: AsyncConnection, seen: Situation, made: Plan) -> None:
        """Remember who left the queue: how fast it moves is measured by them."""
        left = {case.case_id: case for case in made.left}
        gone = [case for case_id, case in self._waited.items() if case_id not in left]
        at_once = [seen.queue[one.case_id].waiting for one in made.assigned if one.case_id not in self._waited]
        if gone or at_once:
            await depart(connection, [*gone, *at_once], rules=self._rules, now=seen.now)
        for case in (*gone, *at_once):
            metrics.QUEUE_WAIT_SECONDS.labels(case.channel).observe((seen.now - case.since).total_seconds())
        self._waited = left
        unmatched = len(made.unmatched)
        metrics.CASES_WAITING.labels("possible").set(len(left) - unmatched)
        metrics.CASES_WAITING.labels("unmatched").set(unmatched)
        oldest = min((case.since for case in made.left), default=seen.now)
        metrics.QUEUE_OLDEST_SECONDS.set((seen.now - oldest).total_seconds())

    async def _tell(self, connection: AsyncConnection, seen: Situation, made: Plan) -> bool:
        """Let waiting chats hear where they are; whether there was anything to tell."""
        measured = await pace(connection, now=seen.now)
        found = places(made.left, seen.workers, rules=self._rules, pace=measured, now=seen.now)
        news = self._telling.news(seen.queue, found, now=seen.now)
        await outbox.append(connection, tables.outbox, news)
        return bool(news)


def _changes(seen: Situation, made: Plan) -> list[RouteCase]:
    """What the plan means for cases: an agent for some; back to the queue for those whose agent is gone."""
    agents = {one.case_id: seen.colleagues[one.agent_id].agent for one in made.assigned}
    changes = [RouteCase(case_id, seen.queue[case_id].holder_id, agent) for case_id, agent in agents.items()]
    lost = [one for case in made.left if (one := seen.queue[case.case_id]).holder_id is not None]
    return changes + [RouteCase(one.waiting.case_id, one.holder_id, None) for one in lost]
