"""How often somebody may ask for something."""

from collections import OrderedDict
from datetime import datetime, timedelta


class RateLimit:
    """At most `most` in any `within`, for each key; the keys are bounded, the one longest unused goes first."""

    def __init__(self, *, most: int, within: timedelta, max_keys: int = 50_000) -> None:
        self._most = most
        self._within = within
        self._max_keys = max_keys
        self._asked: OrderedDict[str, list[datetime]] = OrderedDict()

    def allows(self, key: str, *, now: datetime) -> bool:
        """Whether `key` may once more; if so, this counts."""
        asked = [at for at in self._asked.pop(key, ()) if at > now - self._within]
        allowed = len(asked) < self._most
        if allowed:
            asked.append(now)
        self._asked[key] = asked
        if len(self._asked) > self._max_keys:
            self._asked.popitem(last=False)
        return allowed
