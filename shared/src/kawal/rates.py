"""Token buckets: so many in a burst, so many a second in the long run."""

import math
import re
from dataclasses import dataclass

REMEMBERED_KEYS = 50_000
_WRITTEN = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` tokens come back a second, up to `burst`."""

    per_s: float
    burst: float

    @classmethod
    def parse(cls, written: str) -> "Rate":
        """`30/900`: thirty in a burst, and then so many in 900 seconds.

        Raises:
            ValueError: it is not of this form.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError("write it like 30/900, and let at least one through")
        count, seconds = map(int, found.groups())
        return cls(per_s=count / seconds, burst=count)


class Bucket:
    """One client's tokens. Time is passed in, in seconds of any steady clock."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, *, now: float) -> None:
        self._rate = rate
        self._left = rate.burst
        self._at = now

    def take(self, *, now: float) -> bool:
        """Take one token; `False` when there is none."""
        self._left = min(self._rate.burst, self._left + (now - self._at) * self._rate.per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Put back a token that was taken for nothing."""
        self._left += 1

    def wait_s(self) -> int:
        """How many seconds after it was last asked the next token is there, at least one."""
        return max(1, math.ceil((1 - self._left) / self._rate.per_s))


class Buckets:
    """A bucket for each of the last `limit` keys, for clients without a connection to hang one on.

    They are this process's own: `n` replicas let `n` times as much pass.
    """

    __slots__ = ("_buckets", "_limit", "_rate")

    def __init__(self, rate: Rate, *, limit: int = REMEMBERED_KEYS) -> None:
        self._rate = rate
        self._limit = limit
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str, *, now: float) -> bool:
        """Take one of `key`'s tokens; `False` when there is none."""
        bucket = self._buckets.pop(key, None) or Bucket(self._rate, now=now)
        self._buckets[key] = bucket
        if len(self._buckets) > self._limit:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now=now)

    def wait_s(self, key: str) -> int:
        """For how many seconds `key`, which was just refused, has to wait."""
        return self._buckets[key].wait_s()

    def give_back(self, key: str) -> None:
        """Put back one of `key`'s tokens that was taken for nothing."""
        if key in self._buckets:
            self._buckets[key].give_back()
