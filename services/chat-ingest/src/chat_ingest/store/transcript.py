"""All SQL of the table `chat.transcript`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Select, bindparam, func, literal, select, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chat_ingest.domain.refusals import TranscriptAway
from chat_ingest.store.tables import transcript
from kawal.contracts.outbound import OutboundMessage
from kawal.database import is_outage
from kawal.database.retention import Delete

READ_WITHIN_S = 2.0
WRITE_WITHIN_S = 15.0
UNREAD_LIMIT = 100
_COLUMNS = tuple(transcript.columns)
_NAMES = tuple(column.name for column in _COLUMNS)


_FORGET = text("""
    DELETE FROM chat.transcript WHERE (conversation_id, seq) IN (
        SELECT conversation_id, seq FROM chat.transcript AS old WHERE at < :before AND NOT EXISTS (
            SELECT FROM chat.transcript AS later
            WHERE later.conversation_id = old.conversation_id AND later.at >= :before
        )
        ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED
    )
""")


@cache
def _write() -> Insert:
    arrays = (bindparam(column.name, type_=ARRAY(column.type)) for column in _COLUMNS)
    rows = func.unnest(*arrays).table_valued(*_NAMES).render_derived()
    return insert(transcript).from_select(_NAMES, select(rows)).on_conflict_do_nothing()


async def forget(connection: AsyncConnection, before: datetime, most: int) -> int:
    """Only of conversations in which all is that old: readers expect every place."""
    return (await connection.execute(_FORGET, {"before": before, "most": most})).rowcount


DELETES: Mapping[str, Delete] = {"chat.transcript": forget}


class StoredTranscript:
    """A `Transcript` in PostgreSQL. Reading gives up soon, so that a slow database never holds the edge up."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, messages: Sequence[OutboundMessage]) -> None:
        if not messages:
            return
        columns = {name: [getattr(message, name) for message in messages] for name in _NAMES}
        async with self._connected(within_s=WRITE_WITHIN_S) as connection:
            await connection.execute(_write(), columns)
            await connection.commit()

    async def after(self, conversation_id: str, *, seq: int, limit: int) -> Sequence[OutboundMessage]:
        of_conversation = transcript.c.conversation_id == conversation_id
        query = select(transcript).where(of_conversation, transcript.c.seq > seq)
        return await self._read(query.order_by(transcript.c.seq).limit(limit))

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        wanted = func.any(literal(list(conversation_ids), ARRAY(transcript.c.conversation_id.type)))
        query = select(transcript.c.conversation_id, func.max(transcript.c.seq))
        query = query.where(transcript.c.conversation_id == wanted).group_by(transcript.c.conversation_id)
        async with self._connected(within_s=READ_WITHIN_S) as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def unread(self, conversation_id: str, *, after: int, up_to: int) -> Sequence[OutboundMessage]:
        query = select(transcript).where(
            transcript.c.conversation_id == conversation_id,
            transcript.c.seq > after,
            transcript.c.seq <= up_to,
            transcript.c.wants_receipt,
        )
        return await self._read(query.order_by(transcript.c.seq.desc()).limit(UNREAD_LIMIT))

    async def _read(self, query: Select[Any]) -> list[OutboundMessage]:
        async with self._connected(within_s=READ_WITHIN_S) as connection:
            rows = (await connection.execute(query)).mappings()
            return [OutboundMessage(**row) for row in rows]

    @asynccontextmanager
    async def _connected(self, *, within_s: float) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(within_s), self._engine.connect() as connection:
                yield connection
        except Exception as error:
            if is_outage(error):
                raise TranscriptAway("Try again in a moment") from error
            raise
