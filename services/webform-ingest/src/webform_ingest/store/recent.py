"""What this replica accepted a moment ago, on its way to the table `accepted`.

Accepting must not wait for PostgreSQL, so this is written behind. It is a convenience: what is lost here is durable
in the spool, and appears once ticket-core has numbered it.
"""

import asyncio
from collections import OrderedDict
from itertools import islice

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import is_outage
from webform_ingest.domain.intake import Acceptance
from webform_ingest.store import accepted

MAX_WAITING = 20_000
BATCH = 1_000
PACE_S = 0.1
"""At most so often: many small transactions would cost more than all of accepting."""
RETRY_S = 1.0

log = structlog.get_logger()
_Key = tuple[str, str]


class RecentAcceptances:
    """Bounded: while PostgreSQL is away for long, the oldest are forgotten."""

    def __init__(self, engine: AsyncEngine, *, max_waiting: int = MAX_WAITING) -> None:
        self._engine = engine
        self._max_waiting = max_waiting
        self._waiting: OrderedDict[_Key, Acceptance] = OrderedDict()
        self._by_conversation: dict[str, list[Acceptance]] = {}
        self._noted = asyncio.Event()

    def note(self, acceptance: Acceptance) -> None:
        key = _key(acceptance)
        if key in self._waiting:
            return
        if len(self._waiting) >= self._max_waiting:
            self._forget(next(iter(self._waiting)))
        self._waiting[key] = acceptance
        self._by_conversation.setdefault(acceptance.conversation_id, []).append(acceptance)
        self._noted.set()

    def of(self, conversation_id: str) -> list[Acceptance]:
        return list(self._by_conversation.get(conversation_id, ()))

    async def run(self) -> None:
        """Write behind until cancelled."""
        while True:
            await self._noted.wait()
            batch = list(islice(self._waiting.values(), BATCH))
            if not batch:
                self._noted.clear()
            elif await self._write(batch):
                for acceptance in batch:
                    self._forget(_key(acceptance))
                await asyncio.sleep(PACE_S)
            else:
                await asyncio.sleep(RETRY_S)

    async def _write(self, batch: list[Acceptance]) -> bool:
        try:
            async with self._engine.begin() as connection:
                await accepted.insert(connection, batch)
        except Exception as failed:
            # A statement that is wrong is as good as an outage here: accepting must not end because of a convenience.
            if not isinstance(failed, SQLAlchemyError) and not is_outage(failed):
                raise
            log.warning("accepted_not_written", waiting=len(self._waiting), error=type(failed).__name__)
            return False
        return True

    def _forget(self, key: _Key) -> None:
        acceptance = self._waiting.pop(key, None)
        if acceptance is None:
            return
        of_conversation = self._by_conversation[acceptance.conversation_id]
        of_conversation.remove(acceptance)
        if not of_conversation:
            del self._by_conversation[acceptance.conversation_id]


def _key(acceptance: Acceptance) -> _Key:
    return acceptance.conversation_id, acceptance.client_id
