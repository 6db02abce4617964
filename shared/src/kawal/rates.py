"""Token buckets: so many in a burst, so many a second in the long run."""

from dataclasses import dataclass

REMEMBERED_KEYS = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` tokens come back a second, up to `burst`."""

    per_s: float
    burst: float


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

    def give_back(self, key: str) -> None:
        """Put back one of `key`'s tokens that was taken for nothing."""
        if key in self._buckets:
            self._buckets[key].give_back()
