"""Tries rules out on what has happened, and tells why one did nothing; writes nothing.

Cases are read and looked at a few at a time, one rehearsal after the other, and never for long: what was not looked at
in time is left out, and the answer says so.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.domain.entries import Entry
from ticket_core.domain.errors import CaseNotFound, RehearsalGoesOn
from ticket_core.domain.policy import Policy
from ticket_core.domain.presence import Attendance
from ticket_core.domain.rehearsing import Reason, Rehearsal, Stage, Then, moments, reasons
from ticket_core.domain.roster import Roster
from ticket_core.domain.rulebook import RuleBook
from ticket_core.domain.rules import Rule
from ticket_core.domain.ruling import Outcome, Ran
from ticket_core.store.histories import History, case_numbered, histories, latest_cases
from ticket_core.store.reading import Reading
from ticket_core.store.roster import read_roster
from ticket_core.store.store import utc_now

MOST_CASES = 1_000
MOST_SHOWN = 200
MOST_REASONS = 50
AT_ONCE = 20
ENOUGH_S = 8.0


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that would be written, by its kind; `details` are what it says besides its text."""

    kind: str
    text: str
    state: str | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WouldRun:
    """At the entry `seq` of the case, the rule would have changed this, or would have been refused or cut off."""

    number: str
    seq: int
    kind: str
    at: datetime
    rule: str
    outcome: Outcome
    refused: str | None
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule would have acted, and in how many cases."""

    rule: str
    fired: int
    refused: int
    loop: int
    too_often: int
    cases: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What rules would have done. `complete`: all cases that were asked for were looked at.

    `items` are the first 200, those of the case that was active last before the others.
    """

    cases: int
    entries: int
    complete: bool
    rules: list[RuleCount]
    items: list[WouldRun]


@dataclass(frozen=True, slots=True)
class Missed:
    """A case in which the rule did nothing, and why at the last entry that it waits for; `None`: there is no such."""

    number: str
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Trial:
    """`missed` are the first 50 cases in which the rule that is tried out would have done nothing."""

    run: DryRun
    missed: list[Missed]


@dataclass(slots=True)
class _Tally:
    cases: int = 0
    entries: int = 0
    ran: Counter[tuple[str, str]] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)
    items: list[WouldRun] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)


class RuleRehearsals:
    def __init__(
        self,
        engine: AsyncEngine,
        *,
        policy: Policy,
        attendance: Attendance | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._reading = Reading(engine)
        self._policy = policy
        self._attendance = attendance or Attendance()
        self._clock = clock
        self._busy = False

    async def dry_run(self, book: RuleBook, *, cases: int) -> DryRun:
        """What the rules of the book would have done with the cases in which something happened last.

        Raises:
            RehearsalGoesOn: somebody else's is not over.
        """
        return _told(*await self._alone(book, cases=cases), book)

    async def trial(self, rule: Rule, book: RuleBook, *, cases: int) -> Trial:
        """The same, and of one rule of the book also where it would have done nothing, and why.

        Raises:
            RehearsalGoesOn: somebody else's is not over.
        """
        tally, complete = await self._alone(book, cases=cases, watched=rule)
        return Trial(_told(tally, complete, book), tally.missed)

    async def why(self, rule: Rule, book: RuleBook, number: str) -> list[Reason]:
        """What became of the rule at the latest entries that it waits for, in a case named by any number of it.

        Raises:
            CaseNotFound.
        """
        async with self._reading.connection() as connection:
            case_id = await case_numbered(connection, number)
            if case_id is None:
                raise CaseNotFound("No case has this number")
            (history,) = await histories(connection, [case_id])
        stage = await self._stage(book)
        happened = moments(history.entries, history.conversations, stage)
        found = list(reasons(rule, happened, history.fired, stage, participant=history.participant))
        return found[-MOST_REASONS:]

    async def _alone(self, book: RuleBook, *, cases: int, watched: Rule | None = None) -> tuple[_Tally, bool]:
        if self._busy:
            raise RehearsalGoesOn("Try again in some seconds")
        self._busy = True
        try:
            return await self._rehearse(book, watched, most=min(cases, MOST_CASES))
        finally:
            self._busy = False

    async def _rehearse(self, book: RuleBook, watched: Rule | None, *, most: int) -> tuple[_Tally, bool]:
        until, tally, stage = time.monotonic() + ENOUGH_S, _Tally(), await self._stage(book)
        async with self._reading.connection() as connection:
            ids = await latest_cases(connection, most=most)
        for first in range(0, len(ids), AT_ONCE):
            async with self._reading.connection() as connection:
                found = await histories(connection, ids[first : first + AT_ONCE])
            for history in found:
                if time.monotonic() > until:
                    return tally, False
                _look_at(history, book, stage, tally, watched=watched)
                await asyncio.sleep(0)  # others wait for this loop
        return tally, True

    async def _stage(self, book: RuleBook) -> Stage:
        roster = Roster()
        if book.asks_who:
            async with self._reading.connection() as connection:
                roster = await read_roster(connection, attendance=self._attendance, now=self._clock())
        return Stage(gaps=book.gaps, policy=self._policy, lexicon=self._policy.matching.lexicon, roster=roster)


def _look_at(history: History, book: RuleBook, stage: Stage, tally: _Tally, *, watched: Rule | None) -> None:
    tally.cases += 1
    rehearsal = Rehearsal(book.rules, stage, participant=history.participant)
    touched = set()
    for then in moments(history.entries, history.conversations, stage):
        tally.entries += 1
        for one in rehearsal.show(then):
            tally.ran[one.rule.key, one.outcome] += 1
            touched.add(one.rule.key)
            wanted = watched is None or watched.key == one.rule.key
            if wanted and len(tally.items) < MOST_SHOWN:
                tally.items.append(_would_run(history, then, one))
    tally.touched.update(touched)
    if watched is not None and watched.key not in touched and len(tally.missed) < MOST_REASONS:
        tally.missed.append(_missed(history, watched, stage))


def _missed(history: History, rule: Rule, stage: Stage) -> Missed:
    happened = (one for one in moments(history.entries, history.conversations, stage) if not one.by_rule)
    found = list(reasons(rule, happened, (), stage, participant=history.participant))
    return Missed(history.case.number, found[-1] if found else None)


def _would_run(history: History, then: Then, one: Ran) -> WouldRun:
    entry = then.occasion.entry
    changes = list(map(_change, one.entries))
    number, kind = history.case.number, str(entry.fact.kind)
    return WouldRun(number, entry.seq, kind, entry.at, one.rule.key, one.outcome, one.refused, changes)


def _change(entry: Entry) -> Change:
    details = to_jsonable_python(entry.fact)
    return Change(str(entry.fact.kind), entry.text, entry.state, details)


def _told(tally: _Tally, complete: bool, book: RuleBook) -> DryRun:  # noqa: FBT001
    counts = [_counted(rule.key, tally) for rule in book.rules]
    return DryRun(tally.cases, tally.entries, complete, counts, tally.items)


def _counted(key: str, tally: _Tally) -> RuleCount:
    times = {str(outcome): tally.ran[key, outcome] for outcome in Outcome}
    return RuleCount(rule=key, cases=tally.touched[key], **times)
