"""Exponential backoff with jitter.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random


class Backoff:
    """Delays in seconds that double from `first_s` to `max_s`, each between half of itself and itself."""

    def __init__(self, *, first_s: float, max_s: float) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._attempt = 0

    def next(self) -> float:
        delay = min(self._max_s, self._first_s * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        self._attempt = 0
