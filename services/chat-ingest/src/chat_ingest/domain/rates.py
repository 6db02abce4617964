"""Token buckets: so many messages in a burst, so many a second in the long run."""

from dataclasses import dataclass


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


class Buckets:
    """A bucket for each of the last `limit` keys, for clients without a connection to hang one on."""

    __slots__ = ("_buckets", "_limit", "_rate")

    def __init__(self, rate: Rate, *, limit: int) -> None:
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
