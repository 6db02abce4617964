"""Reads participants: what is known of them, their cases, and who else they might be."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.errors import ParticipantNotFound
from ticket_core.store.queries import MOST_CASES, summaries
from ticket_core.store.reading import Reading
from ticket_core.store.tables import cases
from ticket_core.store.views import CaseSummary, IdentityView, ParticipantView, SuggestionView

_PARTICIPANT = text("SELECT id::text, name, locale, created_at FROM core.participants WHERE id = CAST(:id AS uuid)")
_IDENTITIES = text("""
    SELECT kind, value, assurance FROM core.identities
    WHERE participant_id = CAST(:id AS uuid) AND kind <> 'conversation'
    UNION ALL
    SELECT identities.kind, identities.value, 'claimed' FROM core.claims
    JOIN core.identities USING (key)
    WHERE claims.participant_id = CAST(:id AS uuid)
      AND identities.participant_id IS DISTINCT FROM claims.participant_id
    ORDER BY kind, value
""")
_SUGGESTIONS = text("""
    SELECT other.id::text, other.name, identities.kind, identities.value, found.assurance, found.state,
           found.suggested_at,
           ARRAY(SELECT number FROM core.cases WHERE participant_id = other.id ORDER BY activity_at DESC LIMIT 5)
    FROM (
        SELECT other_id AS id, key, assurance, state, suggested_at FROM core.suggestions
        WHERE participant_id = CAST(:id AS uuid)
        UNION ALL
        SELECT participant_id, key, assurance, state, suggested_at FROM core.suggestions
        WHERE other_id = CAST(:id AS uuid)
    ) AS found
    JOIN core.participants AS other USING (id)
    JOIN core.identities USING (key)
    WHERE found.state = 'open'
    ORDER BY found.suggested_at DESC, other.id
    LIMIT :most
""")
MOST_SUGGESTIONS = 20


class People:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def participant(self, participant_id: str) -> ParticipantView:
        """A participant with his latest cases and the open suggestions.

        Raises:
            ParticipantNotFound: there is none with this id.
        """
        parameters = {"id": _uuid(participant_id)}
        async with self._reading.connection() as connection:
            row = (await connection.execute(_PARTICIPANT, parameters)).one_or_none()
            if row is None:
                raise ParticipantNotFound("Nobody has this id")
            identities = await connection.execute(_IDENTITIES, parameters)
            suggestions = await connection.execute(_SUGGESTIONS, {**parameters, "most": MOST_SUGGESTIONS})
            return ParticipantView(
                id=row.id,
                name=row.name,
                locale=row.locale,
                created_at=row.created_at,
                identities=[IdentityView(*identity) for identity in identities],
                cases=await _cases_of(connection, row.id),
                suggestions=[SuggestionView(*suggestion) for suggestion in suggestions],
            )


async def _cases_of(connection: AsyncConnection, participant_id: Any) -> list[CaseSummary]:
    latest = summaries().where(cases.c.participant_id == participant_id).order_by(cases.c.activity_at.desc())
    return [CaseSummary(*row) for row in await connection.execute(latest.limit(MOST_CASES))]


def _uuid(written: str) -> str:
    try:
        return str(UUID(written))
    except ValueError as broken:
        raise ParticipantNotFound("This is not the id of a participant") from broken
