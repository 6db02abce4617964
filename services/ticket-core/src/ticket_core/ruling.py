"""Lets rules act on what happens, as a task of the service; the write path knows nothing of it.

It follows the stream of timelines. Which rules hold is decided twice: here, to find the few entries that matter, and
in the one write path, on the case as it is when they act. A rule that fails by a mistake of ours, or always takes too
long, is passed over.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import is_outage, rounds
from kawal.database.outages import is_statement_timeout
from kawal.errors import TransientError
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.pace import rest_s
from ticket_core.domain.inputs import RunRules
from ticket_core.domain.language import Lexicon
from ticket_core.domain.occasions import Occasion
from ticket_core.domain.presence import Attendance
from ticket_core.domain.roster import Roster
from ticket_core.domain.rulebook import RuleBook
from ticket_core.domain.ruling import Outcome as Became
from ticket_core.domain.ruling import RulesRan
from ticket_core.store.comparing import SLOW_ATTEMPTS, write_to_another
from ticket_core.store.roster import read_roster
from ticket_core.store.rule_stream import AT_ONCE, Happened, Stretch, happened, hold, move, next_stretch
from ticket_core.store.store import Apply, Outcome, utc_now

PACE_S = 0.5
SHARE, SHARE_BEHIND = 0.1, 0.25
"""Of the time, and while more waits than is read at once."""
LONGEST_S = 5.0
READ_AT_ONCE = 100
"""So many entries with their cases, and so many in one transaction of the write path."""

log = get_logger()


class RuleRounds:
    """`run` is a task of the service; any number of replicas may run it, one works at a time."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        apply: Apply,
        book: Callable[[], Awaitable[RuleBook]],
        lexicon: Lexicon | None = None,
        attendance: Attendance | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine = engine
        self._apply = apply
        self._read_book = book
        self._book = RuleBook()
        self._lexicon = lexicon or Lexicon()
        self._attendance = attendance or Attendance()
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("rules", self._round)

    async def _round(self) -> float:
        begun = time.monotonic()
        share = SHARE_BEHIND if await self.step() else SHARE
        return min(max(PACE_S, rest_s(time.monotonic() - begun, share=share)), LONGEST_S)

    async def step(self) -> bool:
        """Show what comes next to the rules; returns whether there may be more at once."""
        self._book = await self._read_book()
        async with self._engine.begin() as connection:
            if not await hold(connection):
                return False
            stretch = await next_stretch(connection, self._book.events)
            self._tell_lag(stretch)
            if stretch.wanted:
                await self._show(connection, stretch.wanted)
            if stretch.end is not None:
                await move(connection, stretch.end)
        more = stretch.entries == AT_ONCE
        if not more:
            metrics.RULES_LAG_SECONDS.set(0)
        return more

    def _tell_lag(self, stretch: Stretch) -> None:
        """Before they are shown: what cannot be done stays behind, and says so."""
        behind = (self._clock() - stretch.first_at).total_seconds() if stretch.first_at else 0.0
        metrics.RULES_LAG_SECONDS.set(max(behind, 0.0))

    async def _show(self, connection: AsyncConnection, wanted: Sequence[tuple[str, int]]) -> None:
        roster = await self._roster(connection)
        for first in range(0, len(wanted), READ_AT_ONCE):
            found = await happened(connection, wanted[first : first + READ_AT_ONCE])
            inputs = [given for one in found if (given := self._meant(one, roster)) is not None]
            if inputs:
                await self._let_act(inputs)

    async def _roster(self, connection: AsyncConnection) -> Roster:
        if not self._book.asks_who:
            return Roster()
        return await read_roster(connection, attendance=self._attendance, now=self._clock())

    def _meant(self, one: Happened, roster: Roster) -> RunRules | None:
        """The entry with the rules that wait for such, if one of them holds: it is the first one that would act."""
        occasion = Occasion(entry=one.entry, text=one.text, language=one.language, lexicon=self._lexicon, roster=roster)
        rules = self._book.waiting_for(occasion.events)
        given = RunRules(case_id=one.case.id, occasion=occasion, rules=rules, gaps=self._book.gaps)
        try:
            return given if any(rule.answers(one.case, occasion) for rule in rules) else None
        except Exception as error:  # noqa: BLE001 or one entry would hold up all others for ever
            _failed(given, error)
            return None

    async def _let_act(self, inputs: Sequence[RunRules]) -> None:
        try:
            outcomes = await self._apply(inputs)
        except Exception as error:
            if _passes_by_itself(error):
                raise
            for one in inputs:
                await self._let_act_alone(one)
        else:
            _tell_all(outcomes)

    async def _let_act_alone(self, given: RunRules) -> None:
        """A mistake of ours is passed over, and what took too long each time while another case did not."""
        for left in reversed(range(SLOW_ATTEMPTS)):
            try:
                _tell_all(await self._apply([given]))
            except Exception as error:
                if _passes_by_itself(error):
                    raise
                if is_statement_timeout(error):
                    await write_to_another(self._engine, given.case_id)
                    if left:
                        continue
                _failed(given, error)
            return


def _passes_by_itself(error: Exception) -> bool:
    """Whether it works later; of what takes too long, that is not known."""
    return (isinstance(error, TransientError) or is_outage(error)) and not is_statement_timeout(error)


def _tell_all(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, RulesRan):
            _tell(outcome)


def _tell(outcome: RulesRan) -> None:
    for one in outcome.ran:
        metrics.RULES_RUN.labels(one.outcome).inc()
        write = log.info if one.outcome is Became.FIRED else log.warning
        write(
            "rule_ran",
            rule=one.rule.key,
            version=one.rule.version,
            case_id=outcome.case_id,
            seq=outcome.seq,
            outcome=str(one.outcome),
            refused=one.refused,
        )


def _failed(given: RunRules, error: Exception) -> None:
    metrics.RULES_RUN.labels("failed").inc()
    log.error("rules_failed", case_id=given.case_id, seq=given.occasion.seq, error=error)
