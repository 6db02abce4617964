"""Folds every timeline again and compares: what is kept for reading must be what the truth adds up to."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` of a case or conversation is kept as `kept`, but its timeline says `folded`."""

    id: str
    field: str
    kept: object
    folded: object

    def __str__(self) -> str:
        """Without what people said: only whether it differs."""
        return f"{self.id} {self.field}"


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


async def _of_cases(connection: AsyncConnection) -> AsyncIterator[Difference]:
    after = str(UUID(int=0))
    while True:
        found = (await connection.execute(_CASES, {"after": after, "limit": AT_ONCE})).all()
        if not found:
            return
        cases = [rows.case_of(row[: len(rows.CASE)]) for row in found]
        ids = [case.id for case in cases]
        timelines: defaultdict[str, list[Entry]] = defaultdict(list)
        for row in await connection.execute(_ENTRIES, {"ids": ids}):
            timelines[row.case_id].append(rows.entry_of(row))
        numbers: defaultdict[str, set[str]] = defaultdict(set)
        for case_id, number in await connection.execute(_NUMBERS, {"ids": ids}):
            numbers[case_id].add(number)
        for case, row in zip(cases, found, strict=True):
            due = Deadlines(*row[len(rows.CASE) :])
            for difference in compare(case, timelines[case.id], numbers=numbers[case.id], due=due):
                yield difference
        after = ids[-1]


def compare(kept: Case, timeline: Sequence[Entry], *, numbers: set[str], due: Deadlines) -> list[Difference]:
    """What of a case is not as its timeline says; `due` is what is kept of its clocks for lists and alarms."""
    if [entry.seq for entry in timeline] != list(range(1, kept.last_seq + 1)):
        return [Difference(kept.id, "timeline", kept.last_seq, [entry.seq for entry in timeline])]
    folded = fold(timeline)
    pairs: list[tuple[str, object, object]] = list(zip(Case._fields, kept, folded, strict=True))
    pairs += zip(Deadlines._fields, due, deadlines(folded), strict=True)
    # While it is part of another case, its numbers lead there.
    pairs.append(("numbers", numbers, set() if folded.merged else {folded.number, *folded.aliases}))
    return [Difference(kept.id, name, there, said) for name, there, said in pairs if there != said]


async def _of_conversations(connection: AsyncConnection) -> AsyncIterator[Difference]:
    after = ""
    while True:
        found = (await connection.execute(_CONVERSATIONS, {"after": after, "limit": AT_ONCE})).all()
        if not found:
            return
        said: defaultdict[str, list[Entry]] = defaultdict(list)
        for row in await connection.execute(_SAID, {"ids": [row.id for row in found]}):
            said[row.conversation_id].append(rows.entry_of(row))
        for row in found:
            folded = _conversation(said[row.id])
            for name, there in (("case_id", row.case_id), ("last_seq", row.last_seq), ("read_seq", row.read_seq)):
                if there != folded[name]:
                    yield Difference(row.id, name, there, folded[name])
        after = found[-1].id


async def _of_people(connection: AsyncConnection) -> AsyncIterator[Difference]:
    for id_, merged_into, said, group_id, head in await connection.execute(_PEOPLE):
        if merged_into != said:
            yield Difference(id_, "merged_into", merged_into, said)
        if group_id != head:
            yield Difference(id_, "group_id", group_id, head)


def _conversation(said: Sequence[Entry]) -> dict[str, object]:
    visible = [entry for entry in said if entry.conversation_seq is not None]
    contributions = [
        entry for entry in visible if entry.author is Author.PARTICIPANT and isinstance(entry.fact, CONTRIBUTIONS)
    ]
    return {
        "case_id": contributions[-1].case_id if contributions else None,
        "last_seq": len(visible),
        "read_seq": max((entry.fact.up_to for entry in said if isinstance(entry.fact, ConversationRead)), default=0),
    }
