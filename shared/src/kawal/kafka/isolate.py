"""Step 4 when it fails: one record at a time, to find the culprits.

A record is only a culprit if others pass: else the fault lies elsewhere, and the consumer halts rather than bury. What
takes too long looks like an outage more than anything else does, so it has to be outvoted, and something must have
passed after it was tried the last time.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from kawal.errors import PermanentError
from kawal.kafka.decode import reason_of
from kawal.kafka.poison import ConsumerHalted
from kawal.kafka.record import InvalidRecords, KeyId, Place, Record
from kawal.kafka.settings import ConsumerSettings

T = TypeVar("T")

TOO_SLOW = "took too long at each attempt"


class Interrupted(Exception):
    """The partitions are about to move, and the batch in hand was waiting to be tried again: let it go."""


class AlwaysTooSlow(Exception):
    """One record alone took too long at each attempt; the `done` ones before it have been handled."""

    def __init__(self, *, done: int) -> None:
        super().__init__(TOO_SLOW)
        self.done = done


class Isolation(Generic[T]):
    """One look for culprits. `apply` handles records, as often as it makes sense to try.

    `passed` are records that were handled just before, the latest last.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Record[T]]], Awaitable[None]],
        *,
        settings: ConsumerSettings,
        passed: Sequence[Record[T]] = (),
    ) -> None:
        self._apply = apply
        self._settings = settings
        self._faults: dict[Place, str] = {}
        self._failed: set[KeyId] = set()
        self._passes = len(passed)
        self._last_passed = passed[-1] if passed else None
        self._slow = 0
        self._slow_in_a_row = 0
        self._unexpected: Exception | None = None

    async def run(self, records: Sequence[Record[T]]) -> dict[Place, str]:
        """Handle what can be; returns the culprits, with the reason. What follows one under its key is left alone.

        Raises:
            ConsumerHalted: the fault is not in the records, or it is not sure that it is.
        """
        for record in records:
            if not (record.key and (record.topic, record.key) in self._failed):
                await self._try(record)
        if self._unexpected is not None and not self._passes:
            raise ConsumerHalted(f"nothing can be handled: {type(self._unexpected).__name__}") from self._unexpected
        await self._confirm_slow()
        return self._faults

    async def _try(self, record: Record[T]) -> None:
        try:
            await self._apply([record])
        except (Interrupted, ConsumerHalted):
            raise
        except AlwaysTooSlow:
            self._note_slow(record)
        except Exception as error:  # noqa: BLE001 - each record is judged by whether others pass
            if not isinstance(error, PermanentError):
                self._unexpected = error
            self._note(record, _reason(error, record))
        else:
            self._passes += 1
            self._last_passed, self._slow_in_a_row = record, 0

    def _note(self, record: Record[T], reason: str) -> None:
        self._faults[record.place] = reason
        self._failed.add((record.topic, record.key))

    def _note_slow(self, record: Record[T]) -> None:
        self._note(record, TOO_SLOW)
        self._slow += 1
        self._slow_in_a_row += 1
        if self._slow_in_a_row >= self._settings.slow_run:
            raise ConsumerHalted(f"{self._slow_in_a_row} records in a row took too long")

    async def _confirm_slow(self) -> None:
        if not self._slow:
            return
        if self._last_passed is None or self._passes < self._slow * self._settings.slow_outvoted_by:
            raise ConsumerHalted(f"{self._slow} records took too long, and only {self._passes} did not")
        if self._slow_in_a_row:
            await self._pass_again(self._last_passed)

    async def _pass_again(self, record: Record[T]) -> None:
        """Handling twice is harmless, and shows whether anything can be handled by now."""
        try:
            await self._apply([record])
        except AlwaysTooSlow as slow:
            raise ConsumerHalted("what was handled before takes too long by now") from slow


def _reason(error: Exception, record: Record[T]) -> str:
    if isinstance(error, InvalidRecords):
        return error.faults.get(record.place, "invalid")
    return reason_of(error) if isinstance(error, PermanentError) else f"unexpected: {reason_of(error)}"
