"""Folds every timeline again and compares: what is kept for reading must be what the truth adds up to."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.words import Author
from ticket_core.domain.case import Case
from ticket_core.domain.clocks import Deadlines
from ticket_core.domain.entries import CONTRIBUTIONS, ConversationRead, Entry
from ticket_core.domain.evolve import fold
from ticket_core.domain.timekeeping import deadlines
from ticket_core.store import rows

AT_ONCE = 500

_CASES = text(
    f"SELECT {rows.selected(rows.CASE_KEPT, table='cases')} FROM core.cases"  # noqa: S608 names of columns
    " WHERE id > CAST(:after AS uuid) ORDER BY cases.id LIMIT :limit"
)
_ENTRIES = text(
    f"SELECT {rows.selected(rows.ENTRY, table='timeline')} FROM core.timeline"  # noqa: S608
    " WHERE case_id = ANY(CAST(:ids AS uuid[])) ORDER BY timeline.case_id, timeline.seq"
)
_NUMBERS = text("SELECT case_id::text, number FROM core.case_numbers WHERE case_id = ANY(CAST(:ids AS uuid[]))")
_TIMERS = text(
    "SELECT case_id::text, due_at FROM core.timers WHERE case_id = ANY(CAST(:ids AS uuid[])) AND kind = :kind"
)
_CONVERSATIONS = text("""
    SELECT id, case_id::text, last_seq, read_seq FROM core.conversations WHERE id > :after ORDER BY id LIMIT :limit
""")
# Whom each was merged into, as agents said last, and the one of his group who was merged into nobody.
_PEOPLE = text("""
    WITH RECURSIVE said AS (
        SELECT DISTINCT ON (participant_id) participant_id, CASE kind WHEN 'merged' THEN other_id END AS merged_into
        FROM core.said_of_people WHERE kind IN ('merged', 'unmerged') ORDER BY participant_id, id DESC
    ), groups AS (
        SELECT merged_into AS id, merged_into AS head FROM said
        WHERE merged_into IS NOT NULL AND NOT EXISTS (
            SELECT FROM said AS above
            WHERE above.participant_id = said.merged_into AND above.merged_into IS NOT NULL
        )
        UNION
        SELECT said.participant_id, groups.head FROM said JOIN groups ON groups.id = said.merged_into
    )
    SELECT participants.id::text, participants.merged_into::text, said.merged_into::text, group_id::text, head::text
    FROM core.participants
    LEFT JOIN said ON said.participant_id = participants.id
    LEFT JOIN groups ON groups.id = participants.id
    WHERE participants.merged_into IS DISTINCT FROM said.merged_into OR group_id IS DISTINCT FROM head
""")
_SAID = text(
    f"SELECT {rows.selected(rows.ENTRY, table='timeline')} FROM core.timeline"  # noqa: S608
    " WHERE conversation_id = ANY(:ids) AND (conversation_seq IS NOT NULL OR kind = 'read')"
    " ORDER BY conversation_seq NULLS LAST"
)


class Kept(StrEnum):
    """What is kept besides the truth."""

    CASE = "case"
    CONVERSATION = "conversation"
    PARTICIPANT = "participant"


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` of a case, conversation or participant is kept as `kept`, but `folded` is what was said."""

    of: Kept
    id: str
    field: str
    kept: object
    folded: object

    def __str__(self) -> str:
        """Without what people said: only whether it differs."""
        return f"{self.id} {self.field}"


class Person(NamedTuple):
    """Whom a participant was merged into, and who all of his group are, as it is kept and as agents said."""

    id: str
    merged_into: str | None
    said_into: str | None
    group_id: str | None
    head: str | None


async def differences(engine: AsyncEngine) -> AsyncIterator[Difference]:
    """All that is kept otherwise than its timeline says, as of one moment; writers may go on meanwhile."""
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
    async with snapshot.connect() as connection:
        async for difference in _of_cases(connection):
            yield difference
        async for difference in _of_conversations(connection):
            yield difference
        async for difference in _of_people(connection):
            yield difference


async def timelines_of(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Entry]]:
    """The timelines of these cases; empty where there is none."""
    timelines: dict[str, list[Entry]] = {id_: [] for id_ in ids}
    for row in await connection.execute(_ENTRIES, {"ids": ids}):
        timelines[row.case_id].append(rows.entry_of(row))
    return timelines


async def said_in_conversations(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Entry]]:
    """What was said in these conversations, by their own numbers, and how far each was read."""
    said: dict[str, list[Entry]] = {id_: [] for id_ in ids}
    for row in await connection.execute(_SAID, {"ids": ids}):
        said[row.conversation_id].append(rows.entry_of(row))
    return said


async def people_otherwise(connection: AsyncConnection) -> list[Person]:
    """Participants who are kept as others than agents said."""
    return [Person(*row) for row in await connection.execute(_PEOPLE)]


async def _of_cases(connection: AsyncConnection) -> AsyncIterator[Difference]:
    after = str(UUID(int=0))
    while True:
        found = (await connection.execute(_CASES, {"after": after, "limit": AT_ONCE})).all()
        if not found:
            return
        cases = [rows.case_of(row[: len(rows.CASE)]) for row in found]
        ids = [case.id for case in cases]
        timelines = await timelines_of(connection, ids)
        numbers: defaultdict[str, set[str]] = defaultdict(set)
        for case_id, number in await connection.execute(_NUMBERS, {"ids": ids}):
            numbers[case_id].add(number)
        closing = {row.case_id: row.due_at for row in await connection.execute(_TIMERS, {"ids": ids, "kind": "close"})}
        for case, row in zip(cases, found, strict=True):
            besides = Besides(numbers[case.id], closing.get(case.id), Deadlines(*row[len(rows.CASE) :]))
            for difference in compare(case, timelines[case.id], besides):
                yield difference
        after = ids[-1]


class Besides(NamedTuple):
    """What is kept of a case besides its fold: numbers that lead to it, when it will be closed, what is due."""

    numbers: set[str]
    closes_at: datetime | None
    due: Deadlines

    @classmethod
    def of(cls, folded: Case) -> "Besides":
        """While it is part of another case, its numbers lead there."""
        return cls(set() if folded.merged else {folded.number, *folded.aliases}, folded.close_at, deadlines(folded))


def compare(kept: Case, timeline: Sequence[Entry], besides: Besides) -> list[Difference]:
    """What of a case is not as its timeline says."""
    if [entry.seq for entry in timeline] != list(range(1, kept.last_seq + 1)):
        return [Difference(Kept.CASE, kept.id, "timeline", kept.last_seq, [entry.seq for entry in timeline])]
    folded = fold(timeline)
    said = Besides.of(folded)
    pairs: list[tuple[str, object, object]] = list(zip(Case._fields, kept, folded, strict=True))
    pairs += [("numbers", besides.numbers, said.numbers), ("timer", besides.closes_at, said.closes_at)]
    pairs += zip(Deadlines._fields, besides.due, said.due, strict=True)
    return [Difference(Kept.CASE, kept.id, name, there, told) for name, there, told in pairs if there != told]


async def _of_conversations(connection: AsyncConnection) -> AsyncIterator[Difference]:
    after = ""
    while True:
        found = (await connection.execute(_CONVERSATIONS, {"after": after, "limit": AT_ONCE})).all()
        if not found:
            return
        said = await said_in_conversations(connection, [row.id for row in found])
        for row in found:
            folded = Place.of(said[row.id])
            for name, there, told in zip(Place._fields, row[1:], folded, strict=True):
                if there != told:
                    yield Difference(Kept.CONVERSATION, row.id, name, there, told)
        after = found[-1].id


async def _of_people(connection: AsyncConnection) -> AsyncIterator[Difference]:
    for one in await people_otherwise(connection):
        if one.merged_into != one.said_into:
            yield Difference(Kept.PARTICIPANT, one.id, "merged_into", one.merged_into, one.said_into)
        if one.group_id != one.head:
            yield Difference(Kept.PARTICIPANT, one.id, "group_id", one.group_id, one.head)


class Place(NamedTuple):
    """Where a conversation is."""

    case_id: str | None
    last_seq: int
    read_seq: int

    @classmethod
    def of(cls, said: Sequence[Entry]) -> "Place":
        visible = [entry for entry in said if entry.conversation_seq is not None]
        heard = [one for one in visible if one.author is Author.PARTICIPANT and isinstance(one.fact, CONTRIBUTIONS)]
        read = (entry.fact.up_to for entry in said if isinstance(entry.fact, ConversationRead))
        return cls(heard[-1].case_id if heard else None, len(visible), max(read, default=0))
