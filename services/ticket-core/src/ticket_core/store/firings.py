"""Reads what rules did."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.domain.rules import Firing

MOST_FIRED = 1_000
"""Of what rules did with a case, the latest; at their most frequent, that is two days."""

_COLUMNS = "case_id::text, seq, rule, version, at, first_seq, last_seq, refused"
# Of each rule the first time too: one that acts once on a case does so whatever came in between.
_FIRED = text(f"""
    SELECT known.* FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
    CROSS JOIN LATERAL (
        (
            SELECT {_COLUMNS} FROM core.rule_firings
            WHERE case_id = wanted.id ORDER BY seq DESC, rule LIMIT :most
        ) UNION (
            SELECT DISTINCT ON (rule) {_COLUMNS} FROM core.rule_firings
            WHERE case_id = wanted.id AND refused IS NULL ORDER BY rule, seq
        )
    ) AS known
""")  # noqa: S608 names of columns


async def fired(connection: AsyncConnection, case_ids: Collection[str]) -> list[Firing]:
    """What rules did with these cases; nothing is asked for nothing."""
    if not case_ids:
        return []
    found = await connection.execute(_FIRED, {"ids": sorted(case_ids), "most": MOST_FIRED})
    return [Firing._make(row) for row in found]
