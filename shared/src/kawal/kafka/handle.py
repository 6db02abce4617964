"""Step 4, handle: one batch to its end, whatever happens on the way.

    TransientError     again later, without end; the consumer pauses meanwhile (so does a database's outage)
    too slow           the same, and after a few attempts in ever smaller parts; when it is one record, see `isolate`
    InvalidRecords     those are buried, the rest is handled again
    PermanentError     one record at a time, to find which it is about
    anything else      a few attempts, then one record at a time to find the culprit

The rest of a batch is handled before its poison is buried: the other way round, a crash in between would find the
key parked and bury earlier records behind later ones.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from kawal.backoff import Backoff
from kawal.database.outages import is_outage, is_statement_timeout
from kawal.errors import PermanentError, TransientError
from kawal.kafka.dead_letters import DeadLetters
from kawal.kafka.isolate import AlwaysTooSlow, Interrupted, Isolation
from kawal.kafka.plan import Plan, plan
from kawal.kafka.poison import ConsumerHalted, PoisonBreaker
from kawal.kafka.record import Arrival, InvalidRecords, Place, Record
from kawal.kafka.settings import ConsumerSettings
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.waiting import comes

T = TypeVar("T")
R = TypeVar("R")
Handle = Callable[[Sequence[Record[T]]], Awaitable[None]]
"""Applies a batch, all or nothing. Called again with the same records after any failure."""

log = get_logger()


class TooSlow(TransientError):
    """A batch was cut off because it took too long; a part of it may not."""


class Handler(Generic[T]):
    """Brings batches to their end. `draining` interrupts a batch that is only waiting."""

    def __init__(
        self,
        handle: Handle[T],
        *,
        dead_letters: DeadLetters,
        breaker: PoisonBreaker,
        settings: ConsumerSettings,
        draining: asyncio.Event,
    ) -> None:
        self._handle = handle
        self._dead_letters = dead_letters
        self._settings = settings
        self._draining = draining
        self._breaker = breaker
        self._stale = True

    def forget(self) -> None:
        """Partitions have moved: the parked keys must be read again."""
        self._stale = True

    async def process(self, arrivals: Sequence[Arrival[T]]) -> None:
        """Handle or bury every arrival; when this returns, their offsets may move.

        Raises:
            Interrupted: see there.
            ConsumerHalted: a run of poison, or nothing works any more.
        """
        if self._stale:
            await self._persist(self._refresh)
        faults = await self._handle_all(arrivals)
        settled = self._plan(arrivals, faults)
        good = len(settled.handle)
        poison = sum(burial.poison and burial.arrival.replayed_from is None for burial in settled.bury)
        self._breaker.check(good=good, poison=poison)
        await self._persist(lambda: self._dead_letters.bury(settled.bury))
        self._breaker.count(good=good, poison=poison)
        await self._persist(lambda: self._dead_letters.unpark(settled.unpark))

    async def _refresh(self) -> None:
        await self._dead_letters.refresh()
        self._breaker.carry_over(self._dead_letters.parked_lately)
        self._stale = False

    def _plan(self, arrivals: Sequence[Arrival[T]], faults: dict[Place, str]) -> Plan[T]:
        return plan(arrivals, parked=self._dead_letters.parked, faults=faults)

    async def _handle_all(self, arrivals: Sequence[Arrival[T]]) -> dict[Place, str]:
        """Handle all that can be; returns the places of those that cannot, with the reason."""
        faults: dict[Place, str] = {}
        backoff = self._backoff()
        attempts = 0
        while records := self._plan(arrivals, faults).handle:
            try:
                await self._apply(records)
            except InvalidRecords as invalid:
                faults |= _known(invalid, records)
            except AlwaysTooSlow as slow:
                return faults | await self._isolate(records[slow.done :], passed=records[: slow.done])
            except PermanentError as error:
                self._note("permanent", error)
                return faults | await self._isolate(records)
            except (Interrupted, ConsumerHalted):
                raise
            except Exception as error:  # noqa: BLE001 - what it is does not matter, only that it stays
                attempts += 1
                self._note("unexpected", error)
                if attempts >= self._settings.handle_attempts:
                    return faults | await self._isolate(records)
                await self._wait(backoff)
            else:
                return faults
        return faults

    async def _isolate(self, records: Sequence[Record[T]], *, passed: Sequence[Record[T]] = ()) -> dict[Place, str]:
        """See `Isolation`."""
        return await Isolation(self._apply, settings=self._settings, passed=passed).run(records)

    async def _apply(self, records: Sequence[Record[T]]) -> None:
        """Handle `records` in their order: at once, or in parts when that takes too long again and again.

        Raises:
            AlwaysTooSlow: even a part of one record does.
        """
        backoff = self._backoff()
        size, done, slow = len(records), 0, 0
        while done < len(records):
            try:
                await self._call(records[done : done + size])
            except TransientError as error:
                self._note("transient", error)
                slow = slow + 1 if isinstance(error, TooSlow) else 0
                if slow >= self._settings.handle_attempts:
                    if size == 1:
                        raise AlwaysTooSlow(done=done) from error
                    size = (size + 1) // 2
                await self._wait(backoff)
            else:
                done += size
                slow = 0

    async def _call(self, records: Sequence[Record[T]]) -> None:
        group = self._dead_letters.group
        metrics.CONSUMER_BATCH_RECORDS.labels(group).observe(len(records))
        with metrics.CONSUMER_HANDLE_SECONDS.labels(group).time():
            try:
                async with asyncio.timeout(self._settings.handle_timeout_s) as bound:
                    await self._handle(records)
            except Exception as error:
                if bound.expired() or is_statement_timeout(error):
                    raise TooSlow(f"{len(records)} records took too long: {type(error).__name__}") from error
                if is_outage(error):
                    raise TransientError(f"something is away: {type(error).__name__}") from error
                raise

    async def _persist(self, step: Callable[[], Awaitable[R]]) -> R:
        """Do `step` until it is not stopped by a `TransientError` any more."""
        backoff = self._backoff()
        while True:
            try:
                return await step()
            except TransientError as error:
                self._note("transient", error)
                await self._wait(backoff)

    async def _wait(self, backoff: Backoff) -> None:
        if await comes(self._draining, within_s=backoff.next()):
            raise Interrupted

    def _backoff(self) -> Backoff:
        return Backoff(first_s=self._settings.backoff_first_s, max_s=self._settings.backoff_max_s)

    def _note(self, kind: str, error: Exception) -> None:
        metrics.CONSUMER_FAILURES.labels(self._dead_letters.group, kind).inc()
        tell = log.error if kind == "unexpected" else log.warning
        tell("batch_failed", group=self._dead_letters.group, kind=kind, error=error)


def _known(invalid: InvalidRecords, records: Sequence[Record[T]]) -> dict[Place, str]:
    """The faults of `invalid`, which must be records that were given to `handle`."""
    given = {record.place for record in records}
    if not invalid.faults or not invalid.faults.keys() <= given:
        raise ConsumerHalted("handle refused records that it was not given")
    return invalid.faults
