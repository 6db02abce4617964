"""Whom an update of an incident would reach now: the conversations in which its cases are answered."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What was merged hears it as the case that it is part of. A call reaches whoever has a number; where the caller hid it,
# his e-mail has to do (notifier's `domain/routing.py`).
_AUDIENCE = text("""
    SELECT locale, channel, coalesce(channel <> 'voice' OR known, false) AS reached, count(*) AS cases
    FROM core.cases LEFT JOIN core.conversations AS talk ON talk.id = cases.conversation_id
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM jsonb_array_elements(talk.identities) AS identity WHERE identity ->> 0 IN ('phone', 'email')
    ) AS known) AS reach
    WHERE incident_id = CAST(:id AS uuid) AND merged IS NULL
    GROUP BY 1, 2, 3 ORDER BY 3 DESC, 4 DESC, 1, 2
""")


@dataclass(frozen=True, slots=True)
class AudiencePart:
    """Cases whose participants would be told in this language on this channel; null where there is no conversation."""

    locale: str | None
    channel: str | None
    reached: bool
    cases: int


@dataclass(frozen=True, slots=True)
class Audience:
    """`reached` cases of an incident would be told by an update that is written now, `unreached` ones in no way."""

    reached: int
    unreached: int
    items: list[AudiencePart]


async def audience(connection: AsyncConnection, incident_id: str) -> Audience:
    """Counted now; when the update is told, what the participants have said meanwhile decides."""
    items = [AudiencePart(*row) for row in await connection.execute(_AUDIENCE, {"id": incident_id})]
    reached = sum(part.cases for part in items if part.reached)
    return Audience(reached, sum(part.cases for part in items) - reached, items)
