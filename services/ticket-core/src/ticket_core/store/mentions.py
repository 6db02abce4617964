"""Notes in which an agent is called, read from the timelines themselves."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.store.cursors import InvalidCursor
from ticket_core.store.reading import Reading

MOST_MENTIONS = 100

_MENTIONS = text("""
    SELECT entry.case_id::text, cases.number, cases.state, entry.seq, entry.at, entry.author_id, entry.author_name,
           entry.text
    FROM core.timeline AS entry JOIN core.cases ON cases.id = entry.case_id
    WHERE entry.kind = 'note' AND entry.payload @> CAST(:calls AS jsonb)
      AND (entry.at, entry.case_id, entry.seq) < (:at, CAST(:case_id AS uuid), :seq)
    ORDER BY entry.at DESC, entry.case_id DESC, entry.seq DESC
    LIMIT :limit
""")
_LATEST = (datetime(9999, 12, 31, tzinfo=UTC), str(UUID(int=2**128 - 1)), 2**31 - 1)


@dataclass(frozen=True, slots=True)
class MentionView:
    """A note that calls the agent: where it stands, who wrote it, what it says; `state` is the case's by now."""

    case_id: str
    number: str
    state: str
    seq: int
    at: datetime
    author_id: str | None
    author_name: str | None
    text: str


@dataclass(frozen=True, slots=True)
class MentionPage:
    items: list[MentionView]
    next_cursor: str | None


class Mentions:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def page(self, agent_id: str, *, cursor: str | None = None, limit: int = 25) -> MentionPage:
        """The notes that call `agent_id`, the latest first; at most `MOST_MENTIONS`.

        Raises:
            InvalidCursor: `cursor` did not come from here.
        """
        limit = min(limit, MOST_MENTIONS)
        at, case_id, seq = _read(cursor) if cursor is not None else _LATEST
        place = {"at": at, "case_id": case_id, "seq": seq}
        calls = json.dumps({"mentions": [agent_id]})
        async with self._reading.connection() as connection:
            found = await connection.execute(_MENTIONS, {**place, "calls": calls, "limit": limit + 1})
            items = [MentionView(*row) for row in found]
        more = len(items) > limit
        last = items[limit - 1] if more else None
        return MentionPage(items[:limit], _written(last.at.isoformat(), last.case_id, last.seq) if last else None)


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
