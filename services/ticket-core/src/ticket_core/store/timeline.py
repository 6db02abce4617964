"""Reads timelines, with what became of telling each entry to the participant."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.deliveries import DeliveryState
from ticket_core.domain.decide import further
from ticket_core.domain.errors import CaseNotFound, EntryNotFound
from ticket_core.domain.kinds import EntryKind
from ticket_core.store.queries import plain_number
from ticket_core.store.reading import Reading
from ticket_core.store.views import RecordingView, TimelineItem, TimelinePage

MOST_ENTRIES = 200
_BEHIND_ALL = 2**31 - 1

_ENTRIES = text("""
    SELECT numbered.case_id, seq, kind, at, channel, entry.conversation_id, conversation_seq, author, author_id,
           author_name, text, entry.state, about, payload::text, cases.ties ->> 'away' AS away
    FROM core.case_numbers AS numbered JOIN core.cases ON cases.id = numbered.case_id
    LEFT JOIN LATERAL (
        SELECT * FROM core.timeline
        WHERE timeline.case_id = numbered.case_id AND seq > :after ORDER BY seq LIMIT :limit
    ) AS entry ON true
    WHERE numbered.number = :number
    ORDER BY seq
""")
_INCLUDED = text("""
    SELECT * FROM (
        SELECT case_id, seq, kind, at, channel, timeline.conversation_id, conversation_seq, author, author_id,
               author_name, text, timeline.state, about, payload::text, ties ->> 'away' AS away
        FROM core.cases JOIN core.timeline ON case_id = id
        WHERE id = CAST(:id AS uuid) AND merged ->> 0 = :into
          AND NOT (payload ? 'of' AND coalesce(CAST(ties -> 'origin' ->> 1 AS boolean), false))
        ORDER BY seq DESC LIMIT :limit
    ) AS latest ORDER BY seq
""")
_LATEST = text("""
    SELECT entry.case_id, seq, kind, at, channel, entry.conversation_id, conversation_seq, author, author_id,
           author_name, text, entry.state, about, payload::text, cases.ties ->> 'away' AS away
    FROM core.case_numbers AS numbered JOIN core.cases ON cases.id = numbered.case_id
    CROSS JOIN LATERAL (
        SELECT * FROM core.timeline
        WHERE timeline.case_id = numbered.case_id AND seq < :before ORDER BY seq DESC LIMIT :limit
    ) AS entry
    WHERE numbered.number = :number
    ORDER BY seq
""")
_TOLD = text("""
    SELECT about, channel, payload ->> 'state', NULL AS read_seq FROM core.timeline
    WHERE case_id = :case_id AND about = ANY(:seqs) AND kind = 'delivery'
    UNION ALL
    SELECT NULL, id, NULL, read_seq FROM core.conversations WHERE id = ANY(:ids) AND read_seq > 0
""")
_ORIGINALS = text("""
    SELECT case_id, seq, author, channel, conversation_id, conversation_seq FROM core.timeline
    WHERE case_id = CAST(:case_id AS uuid) AND seq = ANY(:seqs)
""")
_RECORDING = text("""
    SELECT entry.case_id::text, seq, payload::text FROM core.case_numbers AS numbered
    LEFT JOIN core.cases AS part ON part.number = CAST(:part AS text) AND part.merged IS NOT NULL
    JOIN core.timeline AS entry ON seq = :seq
     AND entry.case_id = CASE WHEN CAST(:part AS text) IS NULL THEN numbered.case_id ELSE part.id END
    WHERE numbered.number = :number
""")

_SEEN = text("""
    SELECT seq FROM core.case_numbers AS numbered
    JOIN core.timeline AS entry ON entry.case_id = numbered.case_id
    WHERE numbered.number = :number AND entry.conversation_id = :conversation_id AND entry.author <> 'participant'
      AND entry.conversation_seq <= :up_to
    ORDER BY entry.conversation_seq DESC LIMIT :most
""")
MOST_SEEN = 20
"""Whoever reads reads the latest; what is further up is right when the case is opened again."""

Delivery = dict[str, str]


class Timelines:
    """Reads by any number of a case, however written."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def page(self, number: str, *, after: int = 0, limit: int = 50) -> TimelinePage:
        """The entries with a `seq` above `after`, in order; at most `MOST_ENTRIES`.

        Raises:
            CaseNotFound: no case has this number.
        """
        limit = min(limit, MOST_ENTRIES)
        parameters = {"number": plain_number(number), "after": after, "limit": limit + 1}
        async with self._reading.connection() as connection:
            found = (await connection.execute(_ENTRIES, parameters)).all()
            if not found:
                raise CaseNotFound("No case has this number")
            rows = [row for row in found[:limit] if row.seq is not None]
            items = await _items(connection, rows)
        return TimelinePage(items, str(items[-1].seq) if len(found) > limit else None)

    async def latest(self, number: str, *, before: int | None = None) -> list[TimelineItem]:
        """The last `MOST_ENTRIES` entries, or the last with a `seq` below `before`; in order, `seq` by `seq`.

        Raises:
            CaseNotFound: no case can have this number.
        """
        parameters = {"number": plain_number(number), "before": before or _BEHIND_ALL, "limit": MOST_ENTRIES}
        async with self._reading.connection() as connection:
            rows = (await connection.execute(_LATEST, parameters)).all()
            return await _items(connection, rows)

    async def seen(self, number: str, *, in_items: Sequence[TimelineItem]) -> set[int]:
        """The `seq` of what the participant was told and has seen by now, where `in_items` say that he read."""
        up_to = {item.conversation_id: item.payload["up_to"] for item in in_items if item.kind == EntryKind.READ}
        found: set[int] = set()
        if not up_to:
            return found
        async with self._reading.connection() as connection:
            for conversation_id, read in up_to.items():
                parameters = {"number": plain_number(number), "conversation_id": conversation_id, "up_to": read}
                found.update(await connection.scalars(_SEEN, {**parameters, "most": MOST_SEEN}))
        return found

    async def recording(self, number: str, *, seq: int, attachment: int = 0, part: str | None = None) -> RecordingView:
        """The voicemail of an entry, or the attachment at a place in it.

        `part` is the own number of the case that the entry is of, if that one was merged.

        Raises:
            CaseNotFound, EntryNotFound: there is no such thing.
        """
        parameters = {"number": plain_number(number), "seq": seq, "part": plain_number(part) if part else None}
        async with self._reading.connection() as connection:
            row = (await connection.execute(_RECORDING, parameters)).one_or_none()
        files = _files(json.loads(row.payload)) if row is not None else []
        if row is None or not 0 <= attachment < len(files):
            raise EntryNotFound("There is nothing to be heard or seen here")
        file = files[attachment]
        return RecordingView(row.case_id, seq, file["vault_ref"], file["media_type"], file.get("name"))


async def _items(connection: AsyncConnection, rows: Sequence[Any]) -> list[TimelineItem]:
    told = await _told(connection, rows) | await _told_of_copies(connection, rows)
    moved = _moved_to(rows)
    items = [_item(row, told.get(row.seq, {}), moved.get(row.seq)) for row in rows]
    for place, row in enumerate(rows):
        if row.kind in (EntryKind.ABSORBED, EntryKind.ENTRIES_RETURNED):
            parameters = {"id": items[place].payload["case_id"], "into": str(row.case_id), "limit": MOST_ENTRIES}
            included = (await connection.execute(_INCLUDED, parameters)).all()
            items[place] = replace(items[place], included=await _items(connection, included))
    return items


def _moved_to(rows: Sequence[Any]) -> dict[int, str]:
    """The numbers of the cases that have entries of this one now; all rows are of one case."""
    away = json.loads(rows[0].away) if rows and rows[0].away else ()
    return {seq: number for _, number, seqs, *_ in away for seq in seqs}


async def _told_of_copies(connection: AsyncConnection, rows: Sequence[Any]) -> dict[int, Delivery]:
    """How far telling the originals has come, by the `seq` of the copies."""
    originals: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        if row.author == "agent" and row.conversation_seq is None and row.kind == EntryKind.MESSAGE:
            of = json.loads(row.payload).get("of")
            if of is not None:
                originals[of["case_id"]][of["seq"]] = row.seq
    told: dict[int, Delivery] = {}
    for case_id, copies in originals.items():
        found = await connection.execute(_ORIGINALS, {"case_id": case_id, "seqs": list(copies)})
        told |= {copies[seq]: delivery for seq, delivery in (await _told(connection, found.all())).items()}
    return told


def _files(payload: dict[str, Any]) -> list[dict[str, Any]]:
    recording = payload.get("recording")
    return [recording] if recording else list(payload.get("attachments", ()))


async def _told(connection: AsyncConnection, rows: Sequence[Any]) -> dict[int, Delivery]:
    """How far telling the participant has come, by the `seq` of what was told and by channel."""
    outgoing = [row for row in rows if row.conversation_seq is not None and row.author != "participant"]
    if not outgoing:
        return {}
    told: defaultdict[int, dict[str, DeliveryState]] = defaultdict(dict)
    read: dict[str, int] = {}
    parameters = {
        "case_id": outgoing[0].case_id,
        "seqs": [row.seq for row in outgoing],
        "ids": list({row.conversation_id for row in outgoing}),
    }
    for seq, where, state, read_seq in await connection.execute(_TOLD, parameters):
        if seq is None:
            read[where] = read_seq
        else:
            told[seq][where] = further(told[seq].get(where), DeliveryState(state))
    for row in outgoing:
        if row.conversation_seq <= read.get(row.conversation_id, 0):
            told[row.seq][row.channel] = DeliveryState.READ
    return {seq: dict(states) for seq, states in told.items()}


def _item(row: Any, delivery: Delivery, moved_to: str | None) -> TimelineItem:
    payload = {} if row.payload == "{}" else json.loads(row.payload)
    return TimelineItem(*(*row[1:13], payload, delivery, moved_to))
