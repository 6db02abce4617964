"""A run of poison says that the reader is broken, not the records: then stop and page, skip nothing."""

from collections import deque
from collections.abc import Callable

from kawal.kafka.settings import ConsumerSettings


class ConsumerHalted(Exception):
    """The consumer stopped on purpose; nothing was skipped, and a person has to look."""


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
        """Whether the poison of one batch may be buried; changes nothing, so the batch may come again.

        Raises:
            ConsumerHalted: it is too much.
        """
        if poison:
            self._check_run(self._run_with(good=good, poison=poison))
            self._check_share(good=good, poison=poison)

    def count(self, *, good: int, poison: int) -> None:
        """One batch has come to its end, its poison is buried."""
        self._run = self._run_with(good=good, poison=poison)
        self._forget_old()
        self._window.append((self._clock(), good, poison))

    def _run_with(self, *, good: int, poison: int) -> int:
        return poison if good else self._run + poison

    def _check_run(self, run: int) -> None:
        if run >= self._settings.poison_run:
            raise ConsumerHalted(f"{run} poisoned records in a row")

    def _check_share(self, *, good: int, poison: int) -> None:
        self._forget_old()
        poison += sum(entry[2] for entry in self._window)
        total = poison + good + sum(entry[1] for entry in self._window)
        if total >= self._settings.poison_minimum and poison > self._settings.poison_share * total:
            raise ConsumerHalted(f"{poison} of {total} records are poisoned")

    def _forget_old(self) -> None:
        oldest = self._clock() - self._settings.poison_window_s
        while self._window and self._window[0][0] < oldest:
            self._window.popleft()
