"""The stream of timelines as rules read it: each entry once, with the case as it is by now.

The place is moved in the transaction of whoever holds the lock, after what came of the entries was committed. So
whenever a process dies, entries are read again, and the cases know which rules have acted on them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.contracts.words import Locale
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry
from ticket_core.domain.occasions import events_of
from ticket_core.store import rows
from ticket_core.store.stamps import SETTLED
from ticket_core.store.stream import StreamPlace

AT_ONCE = 1_000
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kawal.rules', 0))")
_PLACE = text("SELECT stamp, case_id::text, seq FROM core.rule_place")
_NOW = text(f"SELECT {SETTLED} - 1")
_MOVE = text("""
    INSERT INTO core.rule_place (stamp, case_id, seq) VALUES (:stamp, CAST(:case_id AS uuid), :seq)
    ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, case_id = excluded.case_id, seq = excluded.seq
""")
_NEXT = text(f"""
    SELECT stamp, case_id::text, seq, kind, author, state IS NOT NULL, at FROM core.timeline
    WHERE (stamp, case_id, seq) > (:stamp, CAST(:case_id AS uuid), :seq) AND stamp < {SETTLED}
    ORDER BY stamp, case_id, seq LIMIT :limit
""")  # noqa: S608 nothing but our own constant
# Of an opened case, what it was opened with stands in the entry behind it.
_ENTRIES = text(f"""
    SELECT {rows.selected(rows.ENTRY, table="timeline")}, {rows.selected(rows.CASE, table="cases")},
           conversations.locale,
           CASE WHEN timeline.kind = 'opened'
                THEN (SELECT said.text FROM core.timeline AS said
                      WHERE said.case_id = timeline.case_id AND said.seq = timeline.seq + 1)
                ELSE timeline.text END
    FROM unnest(CAST(:cases AS uuid[]), CAST(:seqs AS integer[])) WITH ORDINALITY AS wanted (case_id, seq, place)
    JOIN core.timeline ON timeline.case_id = wanted.case_id AND timeline.seq = wanted.seq
    JOIN core.cases ON cases.id = wanted.case_id
    LEFT JOIN core.conversations
      ON conversations.id = coalesce(timeline.conversation_id, cases.conversation_id)
    ORDER BY place
""")  # noqa: S608 names of columns
_BEYOND = {"case_id": str(UUID(int=2**128 - 1)), "seq": 2**31 - 1}


class Happened(NamedTuple):
    """An entry, its case by now, the language of the conversation, and what was said."""

    entry: Entry
    case: Case
    language: Locale | None
    text: str


class Stretch(NamedTuple):
    """A part of the stream: where it ends, how many entries it has and when the first one was; those of interest.

    `end` is `None` where nothing has come.
    """

    end: StreamPlace | None
    entries: int
    first_at: datetime | None
    wanted: Sequence[tuple[str, int]]


async def hold(connection: AsyncConnection) -> bool:
    """Whether the stream is ours until the transaction ends."""
    return bool((await connection.execute(_LOCK)).scalar_one())


async def next_stretch(connection: AsyncConnection, events: Collection[str], *, limit: int = AT_ONCE) -> Stretch:
    """What comes next; only entries by which one of `events` happened are of interest.

    Without any, and the first time ever, it is all that there is up to now: rules act on nothing that was before them.
    """
    place = (await connection.execute(_PLACE)).one_or_none()
    if place is None or not events:
        now = StreamPlace((await connection.execute(_NOW)).scalar_one(), **_BEYOND)  # type: ignore[arg-type]
        return Stretch(now if place is None or place.stamp < now.stamp else None, 0, None, ())
    found = (await connection.execute(_NEXT, {**place._asdict(), "limit": limit})).all()
    if not found:
        return Stretch(None, 0, None, ())
    wanted = [
        (case_id, seq)
        for _, case_id, seq, kind, author, moved, _ in found
        if not events_of(kind, author, moved=moved).isdisjoint(events)
    ]
    return Stretch(StreamPlace(*found[-1][:3]), len(found), found[0].at, wanted)


async def happened(connection: AsyncConnection, wanted: Sequence[tuple[str, int]]) -> list[Happened]:
    """These entries, in this order."""
    places = {"cases": [case_id for case_id, _ in wanted], "seqs": [seq for _, seq in wanted]}
    return [_happened(row) for row in await connection.execute(_ENTRIES, places)]


async def move(connection: AsyncConnection, place: StreamPlace) -> None:
    await connection.execute(_MOVE, place._asdict())


def _happened(row: Any) -> Happened:
    columns = tuple(row)
    entry, case = columns[: len(rows.ENTRY)], columns[len(rows.ENTRY) : -2]
    locale, said = columns[-2:]
    return Happened(rows.entry_of(entry), rows.case_of(case), Locale(locale) if locale else None, said or "")
