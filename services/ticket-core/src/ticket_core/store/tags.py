"""Which tags are in use, for menus."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.store.lately import Lately
from ticket_core.store.reading import Reading

LATEST = 20_000
"""Cases that are looked at: tags that were put on none of them are not in use any more."""
MOST_TAGS = 500
KNOWN_FOR_S = 30.0

# Along `cases_activity_idx`; to find all tags ever used would be to read all cases.
_USED = text("""
    SELECT tag, count(*) FROM (SELECT tags FROM core.cases ORDER BY activity_at DESC, id DESC LIMIT :latest) AS latest
    CROSS JOIN LATERAL unnest(tags) AS tag GROUP BY tag ORDER BY 2 DESC, 1 LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class TagInUse:
    """On so many of the `LATEST` cases."""

    tag: str
    cases: int


class Tags:
    """What was read is answered for `KNOWN_FOR_S`: each page of a case has a menu of it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)
        self._lately = Lately(self._read, for_s=KNOWN_FOR_S)

    async def used(self) -> list[TagInUse]:
        """The most used first, at most `MOST_TAGS`."""
        return await self._lately.get()

    async def _read(self) -> list[TagInUse]:
        async with self._reading.connection() as connection:
            found = await connection.execute(_USED, {"latest": LATEST, "most": MOST_TAGS})
            return [TagInUse(*row) for row in found]
