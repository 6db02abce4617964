"""How long a program that died waits until it is started again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_S = 0.5
LONGEST_S = 15.0
STEADY_AFTER_S = 30.0


@dataclass(slots=True)
class Restarts:
    """The restarts of one program: at once after a good life, then ever later while it keeps dying young.

    A program that cannot run (a broken setting, a bug at start) would otherwise take the processor from all others.
    """

    clock: Callable[[], float] = time.monotonic
    _started_at: float = 0.0
    _died_young: int = 0

    def started(self) -> None:
        self._started_at = self.clock()

    def delay_s(self) -> float:
        """For a program that died just now: 0, 0.5, 1, 2, … up to `LONGEST_S` seconds."""
        if self.clock() - self._started_at >= STEADY_AFTER_S:
            self._died_young = 0
            return 0.0
        self._died_young += 1
        if self._died_young == 1:
            return 0.0
        doublings = min(self._died_young - 2, 10)
        return min(FIRST_S * 2.0**doublings, LONGEST_S)
