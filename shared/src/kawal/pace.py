"""How soon a worker that works in batches may begin the next one.

A batch costs more than what is in it, so what comes close together shares one. And whoever works off what was accepted
leaves room for whoever accepts: the longer its batches take, because the machine is busy, the rarer and so the larger
they become. Nobody waits for a first batch after a rest, and full batches follow one another at once.
"""

import math

SHARE = 0.25
"""Of the time, at most so much is spent in batches that are not full."""
LONGEST_S = 0.1
"""No pause is longer for the sake of `SHARE`: a person may be waiting at the other end."""


def rest_s(busy_s: float, *, share: float) -> float:
    """How long to rest after working for `busy_s`, to work for no more than `share` of the time."""
    return busy_s * (1 / share - 1)


class Pace:
    """Times are in seconds, of a clock that never jumps. `least_s` lies between the beginnings of two batches."""

    def __init__(self, *, least_s: float) -> None:
        self._least_s = least_s
        self._begun_at = -math.inf
        self._interval_s = least_s

    def begin(self, now: float) -> None:
        """A batch begins."""
        self._begun_at = now

    def end(self, now: float) -> None:
        """The batch that began last is done."""
        busy_s = now - self._begun_at
        self._interval_s = max(self._least_s, min(busy_s / SHARE, LONGEST_S))

    def early_s(self, now: float) -> float:
        """How long a batch that is not full should wait; 0 or less when it may begin."""
        return self._begun_at + self._interval_s - now
