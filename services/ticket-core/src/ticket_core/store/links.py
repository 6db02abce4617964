"""Reads what cases are linked with, as agents see it: a case that is part of another is that other one."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.store.listing import PERSON_NAME
from ticket_core.store.views import LinkView

# `part` is the case and all that are part of it, of any participant who is the same person. `met` are the cases on the
# way from what is linked to what it is part of, each looked up by itself: the planner expects thousands, and would
# rather read all cases there are.
_LINKS = text(f"""
    WITH RECURSIVE members AS MATERIALIZED (
        SELECT id FROM core.participants WHERE id = CAST(:participant_id AS uuid) OR group_id = (
            SELECT group_id FROM core.participants WHERE id = CAST(:participant_id AS uuid)
        )
    ), part AS (
        SELECT id, ties, follow_up_of FROM core.cases WHERE id = CAST(:case_id AS uuid)
        UNION ALL
        SELECT inner_.id, inner_.ties, inner_.follow_up_of FROM part JOIN core.cases AS inner_
        ON inner_.participant_id IN (SELECT id FROM members)
        AND inner_.merged IS NOT NULL AND inner_.merged ->> 0 = part.id::text
    ), linked AS (
        SELECT link ->> 0 AS relation, CAST(link ->> 1 AS uuid) AS id
        FROM part CROSS JOIN LATERAL jsonb_array_elements(part.ties -> 'links') AS link
        UNION
        SELECT 'split_off', CAST(away ->> 0 AS uuid)
        FROM part CROSS JOIN LATERAL jsonb_array_elements(part.ties -> 'away') AS away
        UNION
        SELECT 'split_from', CAST(ties -> 'origin' ->> 0 AS uuid) FROM part
        WHERE NOT CAST(ties -> 'origin' ->> 1 AS boolean)
        UNION
        SELECT 'predecessor', follow_up_of FROM part WHERE follow_up_of IS NOT NULL
        UNION
        SELECT 'follow_up', later.id FROM part JOIN core.cases AS later ON later.follow_up_of = part.id
    ), met AS (
        SELECT relation, one.id, into_id FROM linked CROSS JOIN LATERAL (
            SELECT id, merged ->> 0 AS into_id FROM core.cases WHERE cases.id = linked.id LIMIT 1
        ) AS one
        UNION ALL
        SELECT relation, one.id, one.into_id FROM met CROSS JOIN LATERAL (
            SELECT id, merged ->> 0 AS into_id FROM core.cases WHERE cases.id = CAST(met.into_id AS uuid) LIMIT 1
        ) AS one
    )
    SELECT DISTINCT relation, one.* FROM met CROSS JOIN LATERAL (
        SELECT number, state, topic, subject, {PERSON_NAME} AS name, cases.id
        FROM core.cases JOIN core.participants ON participants.id = cases.participant_id
        WHERE cases.id = met.id LIMIT 1
    ) AS one
    WHERE into_id IS NULL AND met.id <> CAST(:case_id AS uuid)
    ORDER BY relation, one.id
""")  # noqa: S608 our own words


async def links_of(connection: AsyncConnection, *, case_id: str, participant_id: str) -> list[LinkView]:
    found = await connection.execute(_LINKS, {"case_id": case_id, "participant_id": participant_id})
    return [LinkView(*row[:-1]) for row in found]
