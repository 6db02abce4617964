"""The history of a conversation, put together from the transcript and what was accepted since."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import is_outage
from webform_ingest.domain.history import PAGE_LENGTH, Entry, History, HistoryUnavailable
from webform_ingest.domain.intake import Acceptance, Opened
from webform_ingest.store import accepted, transcript
from webform_ingest.store.recent import RecentAcceptances

PATIENCE_S = 3.0
"""How long somebody who looks at a page waits for the database."""


@contextmanager
def _outages_told() -> Iterator[None]:
    """Says that the history is unavailable when the database is; what is wrong with a statement passes through."""
    try:
        yield
    except Exception as error:
        if not is_outage(error):
            raise
        raise HistoryUnavailable("Try again in a moment") from error


class StoredHistories:
    """Implements `Histories` and `Conversations` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, recent: RecentAcceptances) -> None:
        self._engine = engine
        # One snapshot for all that a page shows: nothing may be pending and numbered at once, or neither.
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
        self._recent = recent

    async def load(self, conversation_id: str, *, after: int) -> History:
        recent = self._recent.of(conversation_id)  # first: what is written meanwhile is then seen twice, not never
        with _outages_told():
            async with asyncio.timeout(PATIENCE_S), self._snapshots.connect() as connection:
                return await _load(connection, conversation_id, after=after, recent=recent)

    def accepted_here(self, conversation_id: str) -> History:
        recent = self._recent.of(conversation_id)
        opened = _opened(recent)
        return History(pending=tuple(recent), reference=opened.reference if opened else None)

    async def mark_read(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        conversation_id, seqs = entries[0].message.conversation_id, [entry.message.seq for entry in entries]
        with _outages_told():
            async with asyncio.timeout(PATIENCE_S), self._engine.begin() as connection:
                await transcript.mark_read(connection, conversation_id, seqs=seqs)

    async def routing_key(self, conversation_id: str) -> str | None:
        here = _opened(self._recent.of(conversation_id))
        if here is not None:
            return here.routing_key
        try:
            with _outages_told():
                async with asyncio.timeout(PATIENCE_S), self._engine.connect() as connection:
                    return await accepted.routing_key(connection, conversation_id)
        except HistoryUnavailable:
            return None  # the message is worth more than its place behind the form


async def _load(
    connection: AsyncConnection, conversation_id: str, *, after: int, recent: Sequence[Acceptance]
) -> History:
    entries = await transcript.after(connection, conversation_id, seq=after, most=PAGE_LENGTH + 1)
    reference, case_number = await accepted.numbers(connection, conversation_id)
    here = _opened(recent)
    return History(
        entries=tuple(entries[:PAGE_LENGTH]),
        pending=await _pending(connection, conversation_id, recent=recent),
        reference=reference or (here.reference if here else None),
        case_number=case_number,
        more=len(entries) > PAGE_LENGTH,
    )


async def _pending(
    connection: AsyncConnection, conversation_id: str, *, recent: Sequence[Acceptance]
) -> tuple[Acceptance, ...]:
    numbered: set[str] = set()
    if recent:
        ids = [a.client_id for a in recent]
        numbered = await accepted.numbered(connection, conversation_id, client_ids=ids)
    found = {a.client_id: a for a in recent if a.client_id not in numbered}
    found |= {a.client_id: a for a in await accepted.pending(connection, conversation_id)}
    return tuple(sorted(found.values(), key=lambda a: (a.at, a.client_id)))


def _opened(acceptances: Sequence[Acceptance]) -> Opened | None:
    return next((a.opened for a in acceptances if a.opened), None)
