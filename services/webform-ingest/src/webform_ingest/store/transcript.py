"""All SQL of the table `transcript`."""

from collections.abc import Sequence

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.contracts.outbound import OutboundMessage
from webform_ingest.domain.history import Entry

_COLUMNS = (
    "conversation_id, seq, message_id, delivery_id, case_id, case_number, case_seq, locale, author, author_name,"
    " text, client_id, at"
)
_NAMES = _COLUMNS.replace(",", "").split()

# What is in the transcript is no longer "sent, being processed": the form is its first entry.
_INSERT = text(
    f"""
    WITH stored AS (
        INSERT INTO web.transcript ({_COLUMNS}, unread)
        SELECT * FROM unnest(
            CAST(:conversation_id AS text[]), CAST(:seq AS int[]), CAST(:message_id AS text[]),
            CAST(:delivery_id AS text[]), CAST(:case_id AS text[]), CAST(:case_number AS text[]),
            CAST(:case_seq AS bigint[]), CAST(:locale AS text[]), CAST(:author AS text[]),
            CAST(:author_name AS text[]), CAST(:text AS text[]), CAST(:client_id AS text[]),
            CAST(:at AS timestamptz[]), CAST(:unread AS bool[])
        )
        ON CONFLICT (conversation_id, seq) DO NOTHING
        RETURNING conversation_id, client_id
    )
    DELETE FROM web.accepted USING stored
    WHERE accepted.conversation_id = stored.conversation_id
      AND accepted.client_id IN (stored.client_id, 'form')
    """  # noqa: S608 - column names are ours
)
_AFTER = text(
    f"""
    SELECT {_COLUMNS}, unread FROM web.transcript
    WHERE conversation_id = :conversation_id AND seq > :after
    ORDER BY seq LIMIT :most
    """  # noqa: S608 - column names are ours
)
_MARK_READ = text(
    """
    UPDATE web.transcript SET unread = false
    WHERE conversation_id = :conversation_id AND seq = ANY(:seqs) AND unread
    """
)


async def insert(connection: AsyncConnection, messages: Sequence[OutboundMessage]) -> None:
    """Keep messages; one that is already there stays as it is."""
    columns: dict[str, list[object]] = {name: [getattr(m, name) for m in messages] for name in _NAMES}
    await connection.execute(_INSERT, columns | {"unread": [m.wants_receipt for m in messages]})


async def after(connection: AsyncConnection, conversation_id: str, *, seq: int, most: int) -> list[Entry]:
    rows = await connection.execute(_AFTER, {"conversation_id": conversation_id, "after": seq, "most": most})
    return [_entry(row) for row in rows]


async def mark_read(connection: AsyncConnection, conversation_id: str, *, seqs: Sequence[int]) -> None:
    await connection.execute(_MARK_READ, {"conversation_id": conversation_id, "seqs": list(seqs)})


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    unread = values.pop("unread")
    message = OutboundMessage.model_validate(values | {"wants_receipt": unread})
    return Entry(message=message, unread=message.wants_receipt)
