"""Deletes conversations in which nothing has happened for long, see `kawal.database.retention`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.database.retention import Delete

_TRANSCRIPT = text(
    """
    DELETE FROM web.transcript WHERE (conversation_id, seq) IN (
        SELECT conversation_id, seq FROM web.transcript AS old WHERE at < :before AND NOT EXISTS (
            SELECT FROM web.transcript AS later
            WHERE later.conversation_id = old.conversation_id AND later.at >= :before
        )
        ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)
_ACCEPTED = text(
    """
    DELETE FROM web.accepted WHERE (conversation_id, client_id) IN (
        SELECT conversation_id, client_id FROM web.accepted WHERE at < :before LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)
# Its number and its place in the order are wanted for as long as anything else of it is there.
_CONVERSATION = text(
    """
    DELETE FROM web.conversation WHERE id IN (
        SELECT id FROM web.conversation WHERE opened_at < :before
          AND NOT EXISTS (SELECT FROM web.transcript WHERE conversation_id = conversation.id)
          AND NOT EXISTS (SELECT FROM web.accepted WHERE conversation_id = conversation.id)
        ORDER BY opened_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


async def _transcript(connection: AsyncConnection, before: datetime, most: int) -> int:
    return (await connection.execute(_TRANSCRIPT, {"before": before, "most": most})).rowcount


async def _accepted(connection: AsyncConnection, before: datetime, most: int) -> int:
    return (await connection.execute(_ACCEPTED, {"before": before, "most": most})).rowcount


async def _conversations(connection: AsyncConnection, before: datetime, most: int) -> int:
    return (await connection.execute(_CONVERSATION, {"before": before, "most": most})).rowcount


DELETES: Mapping[str, Delete] = {
    "web.transcript": _transcript,
    "web.accepted": _accepted,
    "web.conversation": _conversations,
}
