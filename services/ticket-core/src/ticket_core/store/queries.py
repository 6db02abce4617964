"""The read side. Nothing here locks or writes."""

from typing import Any

from sqlalchemy import Select, Text, bindparam, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import case_numbers
from ticket_core.domain.case import ACTIVE
from ticket_core.domain.errors import CaseNotFound
from ticket_core.store import tables
from ticket_core.store.clock_views import clock_views
from ticket_core.store.cursors import read_cursor
from ticket_core.store.filters import ACTIVE_CASES, CaseFilter, Sort
from ticket_core.store.links import links_of
from ticket_core.store.listing import Listing, summaries
from ticket_core.store.reading import Reading
from ticket_core.store.searching import search
from ticket_core.store.views import CasePage, CaseView, ConversationView

MOST_CASES = 100


_cases = tables.cases
_MORE = (
    _cases.c.aliases,
    _cases.c.follow_up_of,
    _cases.c.conversation_id,
    _cases.c.resolved_at,
    _cases.c.close_at,
    _cases.c.reason,
    _cases.c.tags,
    _cases.c.fields,
    _cases.c.incident_id,
    cast(_cases.c.clocks, Text).label("clocks"),
)


def _one_case() -> Select[Any]:
    """The case that the parameter `number` leads to."""
    numbers = tables.case_numbers.c
    leads_to = select(numbers.case_id).where(numbers.number == bindparam("number"))
    return summaries(*_MORE).where(_cases.c.id == leads_to.scalar_subquery())


# Those of the person `participant_id` in which something was said about `case_id`, or a case that is part of it.
_CONVERSATIONS = text("""
    WITH members AS MATERIALIZED (
        SELECT array_agg(id) AS ids FROM core.participants
        WHERE id = CAST(:participant_id AS uuid) OR group_id = (
            SELECT group_id FROM core.participants WHERE id = CAST(:participant_id AS uuid)
        )
    ), parts AS MATERIALIZED (
        SELECT CAST(:case_id AS uuid) || array_agg(cases.id) AS ids FROM core.cases, members
        WHERE merged IS NOT NULL AND participant_id = ANY(members.ids) AND merged ->> 0 = CAST(:case_id AS text)
    )
    SELECT id, channel, locale, name, last_seq, read_seq,
           ARRAY(SELECT DISTINCT identity ->> 0 FROM jsonb_array_elements(identities) AS identity ORDER BY 1)
    FROM core.conversations
    WHERE participant_id = ANY((SELECT ids FROM members)::uuid[]) AND EXISTS (
        SELECT FROM core.timeline WHERE timeline.case_id = ANY((SELECT ids FROM parts)::uuid[])
        AND timeline.conversation_id = conversations.id
        AND timeline.kind IN ('message', 'form', 'voicemail', 'callback', 'notice')
    )
    ORDER BY id
""")
# Built once: building it costs as much as PostgreSQL's answer.
_CASE = _one_case()


class CaseQueries:
    """Numbers may be written in any form: with dashes, aliases included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def list(
        self,
        wanted: CaseFilter,
        *,
        sort: Sort = Sort.LATEST_ACTIVITY,
        cursor: str | None = None,
        limit: int = 25,
    ) -> CasePage:
        """Cases in the order `sort`. `limit` is at most `MOST_CASES`.

        A search that finds nothing looks for similar names.

        Raises:
            InvalidCursor: `cursor` did not come from here.
        """
        behind = read_cursor(cursor, sort) if cursor is not None else None
        listing = Listing(wanted, sort, behind, min(limit, MOST_CASES))
        async with self._reading.connection() as connection:
            if wanted.q and wanted.q.strip():
                return await search(connection, listing, wanted.q.strip())
            return await listing.page(connection, listing.rows())

    async def case(self, number: str) -> CaseView:
        """One case.

        Raises:
            CaseNotFound: no case has this number.
        """
        parameters = {"number": plain_number(number)}
        async with self._reading.connection() as connection:
            row = (await connection.execute(_CASE, parameters)).one_or_none()
            if row is None:
                raise CaseNotFound("No case has this number")
            theirs = {"case_id": row.id, "participant_id": row.participant_id}
            conversations = [ConversationView(*found) for found in await connection.execute(_CONVERSATIONS, theirs)]
            links = await links_of(connection, **theirs)
        return CaseView(*(*row[:-1], conversations, links, clock_views(row.clocks)))

    async def active_counts(self) -> dict[str, int]:
        """How many cases there are in each active state."""
        query = select(_cases.c.state, func.count().label("count")).where(ACTIVE_CASES).group_by(_cases.c.state)
        async with self._reading.connection() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in await connection.execute(query)}
        return {state: found.get(state, 0) for state in sorted(ACTIVE)}


def plain_number(written: str) -> str:
    """The ten digits of a number as people write it.

    Raises:
        CaseNotFound: no case can have this number.
    """
    number = case_numbers.parse(written)
    if number is None:
        raise CaseNotFound("This is not a case number")
    return number
