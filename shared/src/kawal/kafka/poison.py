"""A run of poison says that the reader is broken, not the records: then stop and page, skip nothing."""

from collections import deque
from collections.abc import Callable

from kawal.kafka.settings import ConsumerSettings


class ConsumerHalted(Exception):
    """The consumer stopped on purpose; nothing was skipped. The process ends, and a person looks at it."""


class PoisonBreaker:
    """Trips at `poison_run` poisoned records in a row, or at more than `poison_share` of a window's records.

    The share counts only once `poison_minimum` records were seen in the window of `poison_window_s`.
    """

    def __init__(self, settings: ConsumerSettings, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._run = 0
        self._window: deque[tuple[float, int, int]] = deque()

    def carry_over(self, parked_lately: int) -> None:
        """Go on with the run of the process before this one, or restarts would let poison through piecemeal."""
        self._run = max(self._run, min(parked_lately, self._settings.poison_run - 1))

    def check(self, *, good: int, poison: int) -> None:
        """Count one batch, before its poison is buried.

        Raises:
            ConsumerHalted: this batch's poison is too much.
        """
        self._run = self._run + poison if not good else poison
        now = self._clock()
        self._window.append((now, good, poison))
        while self._window[0][0] < now - self._settings.poison_window_s:
            self._window.popleft()
        if poison:
            self._trip_on_run()
            self._trip_on_share()

    def _trip_on_run(self) -> None:
        if self._run >= self._settings.poison_run:
            raise ConsumerHalted(f"{self._run} poisoned records in a row")

    def _trip_on_share(self) -> None:
        poison = sum(entry[2] for entry in self._window)
        total = poison + sum(entry[1] for entry in self._window)
        if total >= self._settings.poison_minimum and poison > self._settings.poison_share * total:
            raise ConsumerHalted(f"{poison} of {total} records are poisoned")
