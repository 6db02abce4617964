"""What a list shows of a case beside its summary: who it is where nobody has a name, and what forms and calls said."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.store.reading import Reading
from ticket_core.store.views import CaseSummary

LENGTH = 200
"""Of each answer, so many characters."""
_UNSAID = frozenset({"form", "voicemail"})
"""Their texts are for search and for reading in full: `label: value` lines, or nothing."""

# For each case its row, its conversation's and the latest entry of its kind, all by their primary keys.
_GLIMPSES = text("""
    SELECT cases.id::text,
           (SELECT identity ->> 1 FROM jsonb_array_elements(conversations.identities) AS identity
            WHERE identity ->> 0 IN ('phone', 'email') ORDER BY identity ->> 0 = 'email' LIMIT 1),
           ARRAY(SELECT left(answer ->> 'value', :length)
                 FROM jsonb_array_elements(said.payload -> 'answers') WITH ORDINALITY AS given (answer, place)
                 ORDER BY place),
           CAST(said.payload #>> '{recording,duration_s}' AS float)
    FROM core.cases
    LEFT JOIN core.conversations ON conversations.id = cases.conversation_id
    LEFT JOIN LATERAL (
        SELECT payload FROM core.timeline
        WHERE case_id = cases.id AND kind = cases.last_kind AND cases.last_kind IN ('form', 'voicemail')
        ORDER BY seq DESC LIMIT 1
    ) AS said ON true
    WHERE cases.id = ANY(CAST(:ids AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """`address` is the telephone number or e-mail address that was given where the participant spoke last.

    `answers` are the beginnings of those of the latest form, `duration_s` is the length of the latest voicemail: of
    what was said last.
    """

    address: str | None = None
    answers: tuple[str, ...] = ()
    duration_s: float | None = None


class Glimpses:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def of(self, cases: Collection[CaseSummary]) -> dict[str, Glimpse]:
        """One of each, by the case's id; empty where its summary says enough."""
        glimpses = {case.id: Glimpse() for case in cases}
        ids = [case.id for case in cases if not case.participant_name or case.last_kind in _UNSAID]
        if not ids:
            return glimpses
        async with self._reading.connection() as connection:
            rows = await connection.execute(_GLIMPSES, {"ids": ids, "length": LENGTH})
            found = {id_: Glimpse(address, tuple(answers), seconds) for id_, address, answers, seconds in rows}
        return glimpses | found
