"""Closed-loop load: each client starts its next request when the last one is answered. Bounded, loopback only."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Request = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one load gave. Latencies are in seconds, sorted."""

    count: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def quantile(self, q: float) -> float:
        """Nearest-rank quantile of the latencies, seconds."""
        return self.latencies[min(len(self.latencies) - 1, int(q * len(self.latencies)))]


async def closed_loop(clients: list[Request], *, seconds: float, warm_up_s: float = 1.0) -> Measured:
    """Run all clients side by side; what is answered in the first `warm_up_s` does not count."""
    latencies: list[float] = []
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds
    await asyncio.gather(*(_client(request, begin, end, latencies) for request in clients))
    return Measured(count=len(latencies), seconds=seconds, latencies=tuple(sorted(latencies)))


async def _client(request: Request, begin: float, end: float, latencies: list[float]) -> None:
    while (start := time.perf_counter()) < end:
        await request()
        if begin <= start and (now := time.perf_counter()) <= end:
            latencies.append(now - start)
