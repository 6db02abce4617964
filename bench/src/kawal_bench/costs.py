"""Where the processor's time goes: seconds of CPU by process, which other users of the machine change little."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

GENERATOR = "load generator"


@dataclass(slots=True)
class Meter:
    """CPU seconds used since `start`, by name; a process counts with all below it, except those `alone`."""

    pids: Callable[[], Mapping[str, int]]
    alone: tuple[str, ...] = ()
    _before: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        self._before = self._now()

    def used(self) -> dict[str, float]:
        return {name: seconds - self._before.get(name, 0.0) for name, seconds in self._now().items()}

    def each(self, count: int) -> str:
        """Milliseconds of CPU for each of `count` things, the greatest first."""
        used = sorted(self.used().items(), key=lambda one: -one[1])
        shares = [f"{name} {seconds / max(count, 1) * 1000:.3g}" for name, seconds in used if seconds > 0]
        total = sum(seconds for _, seconds in used)
        return f"{total / max(count, 1) * 1000:.3g} ms of CPU each: {', '.join(shares)}"

    def _now(self) -> dict[str, float]:
        alone = (*self.alone, GENERATOR)
        pids = {**self.pids(), GENERATOR: os.getpid()}
        return {name: _cpu_s(pid, alone=name in alone) for name, pid in pids.items()}


def _cpu_s(pid: int, *, alone: bool) -> float:
    try:
        process = psutil.Process(pid)
        family = [process, *(() if alone else process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for one in family:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total
