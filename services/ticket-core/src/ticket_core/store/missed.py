"""Suggestions that two batches at the same moment could not see.

What is only claimed is read without a lock (`store.load`), so two who claim the same at the same time, or one who
claims what another proves at that time, may miss each other. A look a little later finds them.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.store.load import MOST_CLAIMANTS

LOOK_BACK = timedelta(minutes=10)
"""Longer than any transaction lasts, and than the task that looks may have been away."""

_SUGGEST = text("""
    INSERT INTO core.suggestions (participant_id, other_id, key, assurance, suggested_at)
    SELECT DISTINCT least(claims.participant_id, other.id), greatest(claims.participant_id, other.id), claims.key,
           'claimed', CAST(:now AS timestamptz)
    FROM core.claims
    CROSS JOIN LATERAL (
        (SELECT participant_id AS id FROM core.claims AS beside WHERE beside.key = claims.key
         ORDER BY participant_id LIMIT :most)
        UNION ALL
        SELECT participant_id FROM core.identities
        WHERE identities.key = claims.key AND participant_id IS NOT NULL
    ) AS other
    WHERE claims.claimed_at > CAST(:since AS timestamptz) AND other.id <> claims.participant_id
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
""")


async def suggest_missed(connection: AsyncConnection, now: datetime) -> int:
    """Suggest who was missed in the last `LOOK_BACK`; what was suggested before, dismissed or not, stays as it is."""
    parameters = {"now": now, "since": now - LOOK_BACK, "most": MOST_CLAIMANTS}
    return (await connection.execute(_SUGGEST, parameters)).rowcount
