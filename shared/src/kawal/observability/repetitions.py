"""Keeps a library that says the same again and again from filling the log.

While no broker answers, aiokafka writes three lines every 100 ms for each of its clients.
"""

import math
import time
from collections.abc import Callable

QUIET_S = 10.0

Place = tuple[str, int]
"""File and line of the call that logs."""


class Repetitions:
    """Lets one line of each place through, and then one every `QUIET_S` seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[Place, tuple[float, int]] = {}

    def left_out(self, place: Place) -> int | None:
        """How many lines of `place` were left out since its last one; `None`: leave this one out too."""
        now = self._clock()
        told_at, left_out = self._told.get(place, (-math.inf, 0))
        if now - told_at < QUIET_S:
            self._told[place] = (told_at, left_out + 1)
            return None
        self._told[place] = (now, 0)
        return left_out
