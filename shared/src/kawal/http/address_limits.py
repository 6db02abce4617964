"""Bounds how often something may be asked for from one address."""

import time
from collections.abc import Callable

from starlette.types import Scope

from kawal.errors import KawalError
from kawal.http.addresses import Networks, host_of, is_in, line_of, parsed
from kawal.observability import metrics
from kawal.rates import Buckets, Rate


class TooManyRequests(KawalError):
    status, code, title = 429, "too_many_requests", "Too many requests from your address"

    def __init__(self, *, wait_s: int) -> None:
        super().__init__("Wait a moment")
        self.retry_after_s = wait_s


class AddressLimit:
    """A token bucket for each client, see `line_of`; `door` names what is limited in the metric.

    It is this process's own. Only the clients that came last are remembered, so that memory is bounded. Whoever comes
    from one of the `unlimited` networks is never refused.
    """

    def __init__(
        self, door: str, rate: Rate, *, unlimited: Networks = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._buckets = Buckets(rate)
        self._unlimited = unlimited
        self._clock = clock
        self._refused = metrics.HTTP_LIMITED.labels(door)

    def take(self, scope: Scope) -> None:
        """Count one request.

        Raises:
            TooManyRequests
        """
        host = host_of(scope)
        if self._is_unlimited(host):
            return
        line, now = line_of(host), self._clock()
        if not self._buckets.take(line, now=now):
            self._refused.inc()
            raise TooManyRequests(wait_s=self._buckets.wait_s(line))

    def give_back(self, scope: Scope) -> None:
        """What was counted last is not to count."""
        self._buckets.give_back(line_of(host_of(scope)))

    def _is_unlimited(self, host: str) -> bool:
        if not self._unlimited:
            return False
        address = parsed(host)
        return address is not None and is_in(address, self._unlimited)
