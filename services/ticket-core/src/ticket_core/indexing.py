"""Keeps search up to date behind the write path, as a task of the service."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import rounds
from kawal.observability import metrics
from kawal.pace import rest_s
from ticket_core.store.search_index import AT_ONCE, SearchIndex
from ticket_core.store.store import utc_now

PACE_S = 0.5
"""What is written in this time to one case is indexed once."""
SHARE, SHARE_BEHIND = 0.1, 0.25
"""Of the time, and while a whole `AT_ONCE` waits: the busier the machine, the more is indexed together."""
LONGEST_S = 15.0


class Indexing:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._index = SearchIndex(engine, clock=clock)

    async def run(self) -> NoReturn:
        await rounds("indexing", self._round)

    async def _round(self) -> float:
        begun = time.monotonic()
        share = SHARE_BEHIND if await self.step() else SHARE
        return min(max(PACE_S, rest_s(time.monotonic() - begun, share=share)), LONGEST_S)

    async def step(self) -> bool:
        """Index what comes next; returns whether there may be more at once."""
        entries = await self._index.advance()
        more = entries == AT_ONCE
        if not more:
            metrics.SEARCH_LAG_SECONDS.set(0)
        metrics.SEARCH_INDEXED.inc(entries)
        return more
