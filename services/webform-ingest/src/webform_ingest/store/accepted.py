"""All SQL of the tables `conversation` and `accepted`."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from webform_ingest.domain.intake import Acceptance

_OPEN = text(
    """
    INSERT INTO web.conversation (id, reference, routing_key, opened_at)
    SELECT * FROM unnest(
        CAST(:id AS text[]), CAST(:reference AS text[]), CAST(:routing_key AS text[]), CAST(:at AS timestamptz[])
    )
    ON CONFLICT (id) DO NOTHING
    """
)
# The transcript may have been faster: this is written behind, and not at all while PostgreSQL is away.
_ACCEPT = text(
    """
    INSERT INTO web.accepted (conversation_id, client_id, text, at)
    SELECT * FROM unnest(
        CAST(:conversation_id AS text[]), CAST(:client_id AS text[]), CAST(:text AS text[]),
        CAST(:at AS timestamptz[])
    ) AS new (conversation_id, client_id, text, at)
    WHERE NOT EXISTS (
        SELECT FROM web.transcript AS t
        WHERE t.conversation_id = new.conversation_id AND (new.client_id = 'form' OR t.client_id = new.client_id)
    )
    ON CONFLICT (conversation_id, client_id) DO NOTHING
    """
)
_PENDING = text(
    """
    SELECT conversation_id, client_id, text, at FROM web.accepted AS a
    WHERE conversation_id = :conversation_id AND NOT EXISTS (
        SELECT FROM web.transcript AS t
        WHERE t.conversation_id = a.conversation_id AND (a.client_id = 'form' OR t.client_id = a.client_id)
    )
    ORDER BY at, client_id
    """
)
_NUMBERED = text(
    """
    SELECT given.client_id FROM unnest(CAST(:client_ids AS text[])) AS given (client_id)
    WHERE EXISTS (
        SELECT FROM web.transcript AS t
        WHERE t.conversation_id = :conversation_id
          AND (given.client_id = 'form' OR t.client_id = given.client_id)
    )
    """
)
_ROUTING_KEY = text("SELECT routing_key FROM web.conversation WHERE id = :id")
_NUMBERS = text(
    """
    SELECT
        (SELECT reference FROM web.conversation WHERE id = :id),
        (SELECT case_number FROM web.transcript WHERE conversation_id = :id ORDER BY seq DESC LIMIT 1)
    """
)


async def insert(connection: AsyncConnection, acceptances: Sequence[Acceptance]) -> None:
    """Keep what was accepted, unless the transcript has it already."""
    opened = [(a, a.opened) for a in acceptances if a.opened]
    if opened:
        await connection.execute(
            _OPEN,
            {
                "id": [a.conversation_id for a, _ in opened],
                "reference": [o.reference for _, o in opened],
                "routing_key": [o.routing_key for _, o in opened],
                "at": [a.at for a, _ in opened],
            },
        )
    names = ("conversation_id", "client_id", "text", "at")
    await connection.execute(_ACCEPT, {name: [getattr(a, name) for a in acceptances] for name in names})


async def pending(connection: AsyncConnection, conversation_id: str) -> list[Acceptance]:
    rows = await connection.execute(_PENDING, {"conversation_id": conversation_id})
    return [Acceptance(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it


async def numbered(connection: AsyncConnection, conversation_id: str, *, client_ids: Sequence[str]) -> set[str]:
    """Those of `client_ids` that the transcript has."""
    given = {"conversation_id": conversation_id, "client_ids": list(client_ids)}
    return set((await connection.execute(_NUMBERED, given)).scalars())


async def routing_key(connection: AsyncConnection, conversation_id: str) -> str | None:
    key: str | None = (await connection.execute(_ROUTING_KEY, {"id": conversation_id})).scalar_one_or_none()
    return key


async def numbers(connection: AsyncConnection, conversation_id: str) -> tuple[str | None, str | None]:
    """The number the participant was told, and that of the case the conversation belongs to now."""
    reference, case_number = (await connection.execute(_NUMBERS, {"id": conversation_id})).one()
    return reference, case_number
