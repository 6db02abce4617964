"""The stream of all timelines, for live screens: complete, in the order of commits, from any place on.

Transactions do not become visible in the order of their ids, so a reader of "id > last" would lose entries. Each entry
carries a stamp (see `stamps`), and is read once every transaction up to its stamp has ended (`pg_snapshot_xmin`): from
then on no entry can appear before it. The stamp is that of the transaction that wrote it, or that of the case's entry
before, when it is higher: a transaction may get its id, wait for another one's locks, and write after it. So in the
stream, too, the entries of a case follow one another by `seq`. A long writing transaction anywhere in the server delays
the stream.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.errors import KawalError
from ticket_core.store.reading import Reading
from ticket_core.store.stamps import SETTLED

_LAST_CASE = str(UUID(int=2**128 - 1))
_LAST_SEQ = 2**31 - 1
_NOW = text(f"SELECT {SETTLED} - 1")
_AFTER = text(f"""
    SELECT entry.stamp, entry.case_id::text, entry.seq, cases.number, entry.kind, entry.at, entry.channel,
           entry.conversation_id, entry.conversation_seq, entry.author, entry.author_name, entry.text,
           cases.state, cases.topic, cases.assignee_id::text, entry.about
    FROM core.timeline AS entry JOIN core.cases ON cases.id = entry.case_id
    WHERE (entry.stamp, entry.case_id, entry.seq) > (:stamp, CAST(:case_id AS uuid), :seq)
      AND entry.stamp < {SETTLED}
    ORDER BY entry.stamp, entry.case_id, entry.seq
    LIMIT :limit
""")  # noqa: S608 nothing but our own constant


class InvalidPlace(KawalError):
    status, code, title = 400, "invalid_event_id", "This is not the id of an event of this stream"


class StreamPlace(NamedTuple):
    """Where a reader is: everything up to here has been read. Its text is the id of a server-sent event."""

    stamp: int
    case_id: str
    seq: int

    def __str__(self) -> str:
        return f"{self.stamp}.{self.case_id}.{self.seq}"

    @classmethod
    def parse(cls, written: str) -> "StreamPlace":
        """Raises `InvalidPlace`."""
        try:
            stamp, case_id, seq = written.split(".")
            place = cls(int(stamp), str(UUID(case_id)), int(seq))
        except ValueError as broken:
            raise InvalidPlace("Send the id of the last event that was received") from broken
        if not (0 <= place.stamp < 2**63 and 0 <= place.seq <= _LAST_SEQ):
            raise InvalidPlace("Send the id of the last event that was received")
        return place


@dataclass(frozen=True, slots=True)
class StreamedEntry:
    """An entry as it is pushed. State, topic and assignee are those that the case has by now."""

    case_id: str
    seq: int
    number: str
    kind: str
    at: datetime
    channel: str | None
    conversation_id: str | None
    conversation_seq: int | None
    author: str
    author_name: str | None
    text: str
    state: str
    topic: str | None
    assignee_id: str | None
    about: int | None


class CaseStream:
    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def now(self) -> StreamPlace:
        """The place of a reader who wants only what is committed from now on (or a little before)."""
        async with self._reading.connection() as connection:
            stamp: int = (await connection.execute(_NOW)).scalar_one()
        return StreamPlace(stamp, _LAST_CASE, _LAST_SEQ)

    async def after(self, place: StreamPlace, *, limit: int) -> list[tuple[StreamPlace, StreamedEntry]]:
        """The next entries behind `place`; the place of each is where to go on from."""
        parameters: dict[str, Any] = {**place._asdict(), "limit": limit}
        async with self._reading.connection() as connection:
            rows = await connection.execute(_AFTER, parameters)
            return [(StreamPlace(row[0], row[1], row[2]), StreamedEntry(*row[1:])) for row in rows]
