"""Reads participants: what is known of them, their cases, and who else they might be."""

from typing import Any
from uuid import UUID

from sqlalchemy import any_, literal, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.words import Assurance
from ticket_core.domain.errors import ParticipantNotFound
from ticket_core.store.listing import summaries
from ticket_core.store.queries import MOST_CASES
from ticket_core.store.reading import Reading
from ticket_core.store.tables import cases
from ticket_core.store.views import CaseSummary, IdentityView, MergedView, ParticipantView, SuggestionView

# The one of them who was merged into nobody comes first.
_MEMBERS = text("""
    SELECT id::text, name, locale, created_at, merged_into::text FROM core.participants
    WHERE id = ANY(ARRAY[CAST(:id AS uuid)] || ARRAY(
        SELECT member.id FROM core.participants AS one JOIN core.participants AS member USING (group_id)
        WHERE one.id = CAST(:id AS uuid) AND one.group_id IS NOT NULL
    ))
    ORDER BY merged_into IS NOT NULL, id
""")
_IDENTITIES = text("""
    WITH known AS (
        SELECT kind, value, assurance FROM core.identities
        WHERE participant_id = ANY(CAST(:members AS uuid[])) AND kind <> 'conversation'
    )
    SELECT * FROM known
    UNION
    SELECT kind, value, 'claimed' FROM core.claims JOIN core.identities USING (key)
    WHERE claims.participant_id = ANY(CAST(:members AS uuid[])) AND (kind, value) NOT IN (SELECT kind, value FROM known)
    ORDER BY kind, value
""")
# Pairs are of participants, people may be several of them: what was dismissed for one of a person is for all of him.
_SUGGESTIONS = text("""
    WITH found AS (
        SELECT other_id AS id, key, assurance, suggested_at FROM core.suggestions
        WHERE participant_id = ANY(CAST(:members AS uuid[]))
        UNION ALL
        SELECT participant_id, key, assurance, suggested_at FROM core.suggestions
        WHERE other_id = ANY(CAST(:members AS uuid[]))
    ), dismissed AS (
        SELECT coalesce(group_id, id) AS id FROM core.participants WHERE id IN (
            SELECT other_id FROM core.dismissals WHERE participant_id = ANY(CAST(:members AS uuid[]))
            UNION ALL
            SELECT participant_id FROM core.dismissals WHERE other_id = ANY(CAST(:members AS uuid[]))
        )
    ), alike AS (
        SELECT coalesce(group_id, id) AS person, key, assurance, suggested_at
        FROM found JOIN core.participants USING (id)
    )
    SELECT person::text, other.name, kind, value, alike.assurance, suggested_at, ARRAY(
        SELECT number FROM core.cases JOIN core.participants AS member ON member.id = cases.participant_id
        WHERE member.id = person OR member.group_id = person ORDER BY activity_at DESC LIMIT 5
    )
    FROM alike JOIN core.participants AS other ON other.id = person JOIN core.identities USING (key)
    WHERE person <> CAST(:person AS uuid) AND person NOT IN (SELECT id FROM dismissed)
    ORDER BY suggested_at DESC, person, kind, value
    LIMIT :most
""")
MOST_SUGGESTIONS = 20
MOST_EVIDENCE = 100
_STRENGTH = tuple(Assurance)


class People:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def participant(self, participant_id: str) -> ParticipantView:
        """A person with his latest cases and the open suggestions, by any participant who is part of him.

        Raises:
            ParticipantNotFound: there is none with this id.
        """
        async with self._reading.connection() as connection:
            found = (await connection.execute(_MEMBERS, {"id": _uuid(participant_id)})).all()
            if not found:
                raise ParticipantNotFound("Nobody has this id")
            head, members = found[0], [member.id for member in found]
            name = next((member.name for member in found if member.name), None)
            identities = await connection.execute(_IDENTITIES, {"members": members})
            return ParticipantView(
                id=head.id,
                name=name,
                locale=head.locale,
                created_at=head.created_at,
                identities=[IdentityView(*identity) for identity in identities],
                cases=await _cases_of(connection, members),
                suggestions=await _suggestions(connection, head.id, members, name=name),
                merged=[MergedView(one.id, one.name, one.merged_into) for one in found[1:]],
            )


async def _suggestions(
    connection: AsyncConnection, person: str, members: list[str], *, name: str | None
) -> list[SuggestionView]:
    parameters = {"person": person, "members": members, "most": MOST_EVIDENCE}
    shared: dict[str, list[Any]] = {}
    for row in await connection.execute(_SUGGESTIONS, parameters):
        shared.setdefault(row.person, []).append(row)
    return [_suggestion(rows, name=name) for rows in list(shared.values())[:MOST_SUGGESTIONS]]


def _suggestion(rows: list[Any], *, name: str | None) -> SuggestionView:
    """What speaks for two being one, the strongest first; that they have the same name is said last."""
    strongest = {(row.kind, row.value): row.assurance for row in sorted(rows, key=lambda row: _strength(row.assurance))}
    evidence = [IdentityView(kind, value, assurance) for (kind, value), assurance in reversed(strongest.items())]
    other = rows[0]
    if name and other.name and name.casefold() == other.name.casefold():
        evidence.append(IdentityView("name", other.name, Assurance.CLAIMED))
    return SuggestionView(
        participant_id=other.person,
        participant_name=other.name,
        kind=evidence[0].kind,
        value=evidence[0].value,
        assurance=evidence[0].assurance,
        state="open",
        suggested_at=max(row.suggested_at for row in rows),
        case_numbers=other[-1],
        evidence=evidence,
    )


def _strength(assurance: str) -> int:
    return _STRENGTH.index(Assurance(assurance))


async def _cases_of(connection: AsyncConnection, members: list[str]) -> list[CaseSummary]:
    theirs = cases.c.participant_id == any_(literal(members, ARRAY(cases.c.participant_id.type)))
    latest = summaries().where(theirs).order_by(cases.c.activity_at.desc())
    return [CaseSummary(*row) for row in await connection.execute(latest.limit(MOST_CASES))]


def _uuid(written: str) -> str:
    try:
        return str(UUID(written))
    except ValueError as broken:
        raise ParticipantNotFound("This is not the id of a participant") from broken
