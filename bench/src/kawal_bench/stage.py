"""A stack of the benchmark's own: all five services, PostgreSQL with fsync on and Kafka, gone afterwards."""

import asyncio
import re
import resource
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kawal.testing.stack import StackProcess
from kawal.testing.waiting import eventually
from kawal_bench.costs import Meter
from kawal_bench.machine import CHECKOUT
from kawal_bench.seeding import Seeded, seed
from kawal_local.credentials import Credentials

SETTLED_WITHIN_S = 600.0
GAUGE_AGE_S = 6.0
"""The services look every five seconds how far behind they are."""
_BACKLOG = re.compile(
    r"^kawal_(?:spool_depth_rows|consumer_lag_records|outbox_depth_rows)(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running stack."""

    process: StackProcess

    @property
    def facts(self) -> dict[str, Any]:
        return self.process.facts

    @property
    def token(self) -> str:
        return str(self.facts["api_token"])

    def url(self, service: str) -> str:
        return self.process.url(service)

    def meter(self) -> Meter:
        """Counts the CPU of each part of the stack, of its supervisor, who passes on the log, and ours."""
        parts = (*self.facts["services"], "kafka", "postgres")
        supervisor = {"supervisor": self.process.process.pid}
        return Meter(lambda: supervisor | {name: self.process.pid(name) for name in parts}, alone=(*supervisor,))

    async def seed(self, cases: int) -> Seeded:
        """Existing cases, beside the running services."""
        key = Credentials.load(self.process.state / "secrets.json").case_number_key
        return await seed(str(self.facts["postgres"]["dsn"]), cases=cases, number_key=key)

    async def settle(self) -> None:
        """Wait until nothing is on its way any more, so that one measurement does not pay for the one before."""
        await eventually(self._is_quiet, timeout=SETTLED_WITHIN_S, interval=GAUGE_AGE_S)

    async def backlog(self) -> int:
        """What waits in spools, consumers' lags and outboxes."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            texts = [(await client.get(f"{one['ops_url']}/metrics")).text for one in self.facts["services"].values()]
        return sum(int(float(value)) for text in texts for value in _BACKLOG.findall(text))

    async def _is_quiet(self) -> bool:
        if await self.backlog():
            return False
        await asyncio.sleep(GAUGE_AGE_S)
        return not await self.backlog()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start a stack on free ports, its state in a temporary folder, allowed as many files as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Not below a home folder: the account that PostgreSQL runs as may not walk through it.
    with tempfile.TemporaryDirectory(prefix="kawal-bench-") as directory:
        process = StackProcess(Path(directory) / "state", directory=CHECKOUT)
        try:
            await process.start()
            yield Stage(process)
        finally:
            process.stop()
