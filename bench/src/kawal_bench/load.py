"""Loads, bounded and loopback only: closed (each client waits for its answer) and open (by the clock)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from kawal_bench.costs import Meter

Request = Callable[[], Awaitable[None]]
WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one load gave. Latencies are in seconds, sorted; `cost` says where the CPU's time went."""

    count: int
    seconds: float
    latencies: tuple[float, ...]
    cost: str = ""

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def quantile(self, q: float) -> float:
        """Seconds, see `quantile`."""
        return quantile(self.latencies, q)

    @property
    def spread(self) -> str:
        """p50 and p99 as they stand beside a rate."""
        return f"(p50 {self.quantile(0.5) * 1000:.1f} ms, p99 {self.quantile(0.99) * 1000:.1f} ms)"


def quantile(ordered: Sequence[float], q: float) -> float:
    """Nearest-rank quantile of values in ascending order; `q` from 0 to 1."""
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


async def closed_loop(
    clients: Sequence[Request], *, seconds: float, meter: Meter, warm_up_s: float = WARM_UP_S
) -> Measured:
    """Run all clients side by side; what began in the first `warm_up_s` does not count."""
    latencies: list[float] = []
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds
    asyncio.get_running_loop().call_later(warm_up_s, meter.start)
    await asyncio.gather(*(_client(request, begin, end, latencies) for request in clients))
    ordered = tuple(sorted(latencies))
    return Measured(count=len(ordered), seconds=seconds, latencies=ordered, cost=meter.each(len(ordered)))


async def _client(request: Request, begin: float, end: float, latencies: list[float]) -> None:
    while (start := time.perf_counter()) < end:
        await request()
        if begin <= start and (now := time.perf_counter()) <= end:
            latencies.append(now - start)


async def open_loop(request: Callable[[int], Coroutine[Any, Any, None]], *, per_second: float, count: int) -> None:
    """Start request `i` at `i / per_second` seconds whatever became of those before it; wait for all."""
    begin = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for turn in range(count):
        await asyncio.sleep(max(0.0, begin + turn / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(request(turn)))
    await asyncio.gather(*tasks)
