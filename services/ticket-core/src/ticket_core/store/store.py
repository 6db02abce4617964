"""The one write path: interactions, deliveries, agents' commands and timers are all applied here.

A batch is one transaction: lock and load what it touches, fold it in memory, write it back in bulk, commit.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils import uuid7

from kawal.database import is_outage
from kawal.errors import KawalError, TransientError
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.domain.entries import SlaBreached, SlaWarned
from ticket_core.domain.errors import IdempotencyConflict
from ticket_core.domain.fold import Applied, Fold, Skipped
from ticket_core.domain.imports import ImportParticipants
from ticket_core.domain.inputs import (
    Contact,
    DeliveryReport,
    Input,
    Once,
    PersonCommand,
    RouteCase,
    RunRules,
    SetClocks,
    TimerFired,
    Wish,
)
from ticket_core.domain.kinds import EntryKind
from ticket_core.domain.persons import PersonChanged
from ticket_core.domain.policy import Policy
from ticket_core.domain.register import Imported
from ticket_core.domain.ruling import RulesRan
from ticket_core.domain.world import World
from ticket_core.store import once
from ticket_core.store.batch import Batch
from ticket_core.store.load import Regrouped, announce, load
from ticket_core.store.loaded import Loaded
from ticket_core.store.numbers import CaseNumbers, NoNumbers
from ticket_core.store.save import save

Outcome = Applied | PersonChanged | RulesRan | Imported | Skipped | KawalError
Apply = Callable[[Sequence[Input]], Awaitable[Sequence[Outcome]]]
"""`CaseStore.apply`, as whatever gives it inputs sees it."""
"""What became of one input; an error only for an agent's command, which it refuses."""

ATTEMPTS = 5
# https://www.postgresql.org/docs/18/mvcc-serialization-failure-handling.html: deadlock, serialization failure, and a
# unique violation, which here means that another transaction was first: the next attempt sees what it wrote.
_CONTENTION = ("40P01", "40001")
_RETRIED = (*_CONTENTION, "23505")
_SAID_OF_CLOCKS = {EntryKind.SLA_BREACHED: metrics.SLA_BREACHES, EntryKind.SLA_WARNED: metrics.SLA_WARNINGS}

log = get_logger()


class RefusedEvents(Exception):
    """Events that will never work, by their place in the batch, with the reason; nothing of the batch was applied."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__(f"{len(reasons)} refused events")
        self.reasons = reasons


def new_id() -> str:
    """An id that grows with time (UUIDv7, RFC 9562)."""
    return str(uuid7())


def utc_now() -> datetime:
    return datetime.now(UTC)


class CaseStore:
    """`committed` is called after each commit that wrote something: wake whoever publishes and streams."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        numbers: CaseNumbers | NoNumbers,
        policy: Policy | None = None,
        committed: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine = engine
        self._numbers = numbers
        self._policy = policy or Policy()
        self._committed = committed
        self._clock = clock

    async def apply(self, inputs: Sequence[Input]) -> list[Outcome]:
        """Let `inputs` happen in their order, in one transaction; returns what became of each.

        Safe to call again with the same inputs: events are known by their ids, commands by their keys.

        Raises:
            RefusedEvents: some interactions can never be applied; nothing was.
            TransientError: PostgreSQL is away, or others were always first; whether the batch was committed is not
                known.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._transact(inputs)
            except Exception as error:
                if is_outage(error) and _sqlstate(error) not in _CONTENTION:
                    raise TransientError("PostgreSQL is away") from error
                others_first = isinstance(error, Regrouped) or _sqlstate(error) in _CONTENTION
                if attempt == ATTEMPTS and others_first:
                    raise TransientError("Others were always first") from error
                if attempt == ATTEMPTS or not (others_first or _sqlstate(error) in _RETRIED):
                    raise
                log.info("batch_retried", attempt=attempt, error=error)
        raise AssertionError("unreachable")

    async def rehearse(self, inputs: Sequence[Input]) -> list[Outcome]:
        """What would become of `inputs`, none of which opens a case, at this moment. Nothing is written."""
        batch, now = _sorted_out(inputs), self._clock()
        async with self._engine.connect() as connection, connection.begin() as transaction:
            loaded = await load(connection, batch, spare_numbers=(), now=now)
            fold = Fold(loaded.world, policy=self._policy, now=now, new_id=new_id)
            outcomes = _Session(loaded, fold, {}).apply(inputs)
            await transaction.rollback()
        return outcomes

    async def _transact(self, inputs: Sequence[Input]) -> list[Outcome]:
        batch = _sorted_out(inputs)
        began = time.perf_counter()
        # When the transaction fails, its numbers are lost: one of them may have been the reason.
        spare = await self._numbers.take(most) if (most := batch.most_new_cases) else []
        await announce(self._engine, batch)
        async with self._engine.begin() as connection:
            outcomes, world = await self._in_transaction(connection, inputs, batch, spare)
        self._numbers.put(world.spare_numbers)
        self._committed()
        _report(outcomes, world, duration_s=time.perf_counter() - began)
        return outcomes

    async def _in_transaction(
        self, connection: AsyncConnection, inputs: Sequence[Input], batch: Batch, spare: list[str]
    ) -> tuple[list[Outcome], World]:
        now = self._clock()
        asked = [wish.once for wish in (*batch.commands, *batch.of_people) if wish.once is not None]
        known = await once.ask(connection, asked, now=now)
        loaded = await load(connection, batch, spare_numbers=spare, now=now)
        session = _Session(loaded, Fold(loaded.world, policy=self._policy, now=now, new_id=new_id), known)
        outcomes = session.apply(inputs)
        await save(connection, loaded, now=now)
        await once.answer(connection, session.answers, now=now)
        await once.forget(connection, session.refused)
        return outcomes, loaded.world


class _Session:
    """Folds a batch, each input on its own: what fails does not touch its neighbours."""

    def __init__(self, loaded: Loaded, fold: Fold, known: dict[once.Key, once.Known]) -> None:
        self.answers: dict[once.Key, once.Known] = {}
        self.refused: set[once.Key] = set()
        self._fresh = loaded.fresh
        self._fold = fold
        self._known = known

    def apply(self, inputs: Sequence[Input]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        faults: dict[int, str] = {}
        for place, given in enumerate(inputs):
            try:
                outcomes.append(self._one(given))
            except KawalError as refusal:
                outcomes.append(refusal)
                faults[place] = refusal.code
            except Exception as error:
                if not isinstance(given, Contact | DeliveryReport):
                    raise
                log.warning("event_refused", error=error)
                faults[place] = type(error).__name__
        events = {at: why for at, why in faults.items() if isinstance(inputs[at], Contact | DeliveryReport)}
        if events:
            raise RefusedEvents(events)
        return outcomes

    def _one(self, given: Input) -> Outcome:
        if isinstance(given, Contact | DeliveryReport):
            return self._event(given)
        if isinstance(given, Wish) and given.once is not None:
            return self._command(given, given.once)
        return self._fold.apply(given)

    def _event(self, event: Contact | DeliveryReport) -> Outcome:
        identity = (event.source, event.event_id)
        if identity in self._fresh:
            self._fresh.discard(identity)
            return self._fold.apply(event)
        return self._fold.repeat(event) if isinstance(event, Contact) else Skipped()

    def _command(self, command: Input, asked: Once) -> Outcome:
        key = once.key_of(asked)
        known = self._known.get(key) or self.answers.get(key)
        if known is not None and known.fingerprint != asked.fingerprint:
            raise IdempotencyConflict("Use a new key for a new command")
        if known is not None:
            return known.answer
        self.refused.add(key)
        applied = self._fold.apply(command)
        self.refused.discard(key)
        if isinstance(applied, Applied | PersonChanged):
            self.answers[key] = once.Known(asked.fingerprint, applied)
        return applied


def _sorted_out(inputs: Sequence[Input]) -> Batch:
    batch = Batch()
    for given in inputs:
        match given:
            case Contact():
                batch.contacts.append(given)
            case DeliveryReport():
                batch.reports.append(given)
            case TimerFired() | RouteCase() | SetClocks() | RunRules():
                batch.of_itself.append(given)
            case PersonCommand():
                batch.of_people.append(given)
            case ImportParticipants():
                batch.imports.append(given)
            case _:
                batch.commands.append(given)
    return batch


def _report(outcomes: Sequence[Outcome], world: World, *, duration_s: float) -> None:
    counted = Counter(map(type, outcomes))
    applied = sum(counted[done] for done in (Applied, PersonChanged, RulesRan, Imported))
    skipped = counted[Skipped]
    refused = len(outcomes) - applied - skipped
    metrics.APPLY_SECONDS.observe(duration_s)
    for outcome, count in (("applied", applied), ("skipped", skipped), ("refused", refused)):
        metrics.APPLIED_INPUTS.labels(outcome).inc(count)
    for recorded in world.changed.recorded:
        if isinstance(recorded.entry.fact, SlaBreached | SlaWarned):
            _SAID_OF_CLOCKS[recorded.entry.fact.kind].labels(recorded.entry.fact.clock).inc()
    log.info("batch_applied", applied=applied, skipped=skipped, refused=refused, duration_s=round(duration_s, 4))


def _sqlstate(error: Exception) -> str | None:
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
