"""Keeps search up to date behind the write path, as a task of the service."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import is_outage
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.store.search_index import AT_ONCE, SearchIndex
from ticket_core.store.store import utc_now

PACE_S = 0.5
"""What is written in this time to one case is indexed once."""
SHARE, SHARE_BEHIND = 0.1, 0.25
"""Of the time, and while a whole `AT_ONCE` waits: the busier the machine, the more is indexed together."""
LONGEST_S = 15.0
AFTER_OUTAGE_S = 5.0

log = get_logger()


class Indexing:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._index = SearchIndex(engine)
        self._clock = clock

    async def run(self) -> NoReturn:
        while True:
            begun = time.monotonic()
            try:
                share = SHARE_BEHIND if await self.step() else SHARE
                pause = min(max(PACE_S, (time.monotonic() - begun) * (1 / share - 1)), LONGEST_S)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("indexing_interrupted", error=error)
                pause = AFTER_OUTAGE_S
            await asyncio.sleep(pause)

    async def step(self) -> bool:
        """Index what comes next, and tell how far behind that is; returns whether there may be more at once."""
        done = await self._index.advance()
        more = done.entries == AT_ONCE
        behind = (self._clock() - done.last_at).total_seconds() if more and done.last_at else 0.0
        metrics.SEARCH_LAG_SECONDS.set(max(behind, 0.0))
        metrics.SEARCH_INDEXED.inc(done.entries)
        return more
