"""Keeps the tables from growing without end: partitions ahead and behind, old keys, sessions that are over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import inbox, outbox
from kawal.database import rounds
from ticket_core.store import once, tables
from ticket_core.store.sessions import Sessions
from ticket_core.store.store import utc_now

EVERY = timedelta(hours=1)
KEYS_KEPT = timedelta(days=7)


class Housekeeping:
    """`run` is a task of the service; the work is done once at the start, and then every hour."""

    def __init__(self, engine: AsyncEngine, *, sessions: Sessions, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._sessions = sessions
        self._clock = clock

    async def run(self) -> NoReturn:
        await rounds("housekeeping", self._round)

    async def _round(self) -> float:
        await self.tidy()
        return EVERY.total_seconds()

    async def tidy(self) -> None:
        now = self._clock()
        async with self._engine.begin() as connection:
            await inbox.maintain(connection, tables.inbox, now=now)
        async with self._engine.begin() as connection:
            await outbox.maintain(connection, tables.outbox, now=now)
        async with self._engine.begin() as connection:
            await once.forget_before(connection, now - KEYS_KEPT)
        await self._sessions.forget_expired()
