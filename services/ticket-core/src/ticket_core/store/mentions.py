"""Notes in which an agent is called, read from the timelines themselves, and up to where he has seen them."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.store.cursors import InvalidCursor
from ticket_core.store.reading import Reading
from ticket_core.store.stamps import SETTLED

MOST_MENTIONS = 100
COUNTED_TO = 100

_MENTIONS = text("""
    SELECT entry.case_id::text, cases.number, cases.state, entry.seq, entry.at, entry.author_id, entry.author_name,
           entry.text, entry.stamp > coalesce((SELECT stamp FROM core.mention_marks WHERE agent_id = :agent), -1)
    FROM core.timeline AS entry JOIN core.cases ON cases.id = entry.case_id
    WHERE entry.kind = 'note' AND entry.payload @> CAST(:calls AS jsonb)
      AND (entry.at, entry.case_id, entry.seq) < (:at, CAST(:case_id AS uuid), :seq)
    ORDER BY entry.at DESC, entry.case_id DESC, entry.seq DESC
    LIMIT :limit
""")
_UNSEEN = text("""
    SELECT count(*) FROM (
        SELECT FROM core.timeline WHERE kind = 'note' AND payload @> CAST(:calls AS jsonb)
         AND stamp > coalesce((SELECT stamp FROM core.mention_marks WHERE agent_id = :agent), -1) LIMIT :most
    ) AS unseen
""")
# Of what is not settled yet, nobody knows what comes before it: it stays new for one look more.
_NOW = text(f"SELECT {SETTLED} - 1")
_SEEN = text(f"""
    INSERT INTO core.mention_marks AS known (agent_id, stamp) VALUES (:agent, least(:stamp, {SETTLED} - 1))
    ON CONFLICT (agent_id) DO UPDATE SET stamp = greatest(known.stamp, excluded.stamp)
""")  # noqa: S608 nothing but our own constant
_LATEST = (datetime(9999, 12, 31, tzinfo=UTC), str(UUID(int=2**128 - 1)), 2**31 - 1)


@dataclass(frozen=True, slots=True)
class MentionView:
    """A note that calls the agent: where it stands, who wrote it, what it says; `state` is the case's by now.

    It is `unseen` until the agent has said that he has seen what there is.
    """

    case_id: str
    number: str
    state: str
    seq: int
    at: datetime
    author_id: str | None
    author_name: str | None
    text: str
    unseen: bool


@dataclass(frozen=True, slots=True)
class MentionPage:
    """`unseen` counts all that are, on any page, up to `COUNTED_TO`. `mark` is for `seen`: what there was by now."""

    items: list[MentionView]
    next_cursor: str | None
    unseen: int
    mark: str


class Mentions:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = Reading(engine)

    async def unseen(self, agent_id: str) -> int:
        """How many notes call `agent_id` that he has not seen, up to `COUNTED_TO`."""
        async with self._reading.connection() as connection:
            return await _unseen(connection, agent_id)

    async def seen(self, agent_id: str, *, mark: str) -> None:
        """He has seen what there was when a page with this `mark` was read."""
        async with self._engine.begin() as connection:
            await connection.execute(_SEEN, {"agent": agent_id, "stamp": int(mark)})

    async def page(self, agent_id: str, *, cursor: str | None = None, limit: int = 25) -> MentionPage:
        """The notes that call `agent_id`, the latest first; at most `MOST_MENTIONS`.

        Raises:
            InvalidCursor: `cursor` did not come from here.
        """
        limit = min(limit, MOST_MENTIONS)
        at, case_id, seq = _read(cursor) if cursor is not None else _LATEST
        place = {"at": at, "case_id": case_id, "seq": seq}
        async with self._reading.connection() as connection:
            mark = (await connection.execute(_NOW)).scalar_one()
            found = await connection.execute(_MENTIONS, {**place, **_calls(agent_id), "limit": limit + 1})
            items = [MentionView(*row) for row in found]
            unseen = await _unseen(connection, agent_id)
        last = items[limit - 1] if len(items) > limit else None
        cursor = _written(last.at.isoformat(), last.case_id, last.seq) if last else None
        return MentionPage(items[:limit], cursor, unseen, str(mark))


async def _unseen(connection: AsyncConnection, agent_id: str) -> int:
    count: int = (await connection.execute(_UNSEEN, {**_calls(agent_id), "most": COUNTED_TO})).scalar_one()
    return count


def _calls(agent_id: str) -> dict[str, str]:
    return {"agent": agent_id, "calls": json.dumps({"mentions": [agent_id]})}


def _written(at: str, case_id: str, seq: int) -> str:
    return base64.urlsafe_b64encode(f"{at} {case_id} {seq}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str, int]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, case_id, seq = plain.split(" ")
        moment, place = datetime.fromisoformat(at), int(seq)
        case = str(UUID(case_id))
    except (ValueError, OverflowError) as broken:
        raise InvalidCursor("Use the next_cursor of an answer") from broken
    if moment.tzinfo is None or not 0 <= place < 2**31:
        raise InvalidCursor("Use the next_cursor of an answer")
    return moment, case, place
