"""Writes again what is kept otherwise than the truth says: cases, conversations, and who is one person with whom.

A portion at a time keeps all writers out: the participants' rows are their lock (`store.load`), and all are taken here.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.entries import Entry
from ticket_core.domain.evolve import fold
from ticket_core.domain.inputs import TimerKind
from ticket_core.rebuild import (
    Besides,
    Difference,
    Kept,
    Place,
    differences,
    people_otherwise,
    said_in_conversations,
    timelines_of,
)
from ticket_core.store import rows, tables
from ticket_core.store.bulk import Insert, Update

AT_ONCE = 100

_ALONE = text("LOCK TABLE core.participants IN EXCLUSIVE MODE")
_CASE_LENGTHS = text("SELECT id::text, last_seq FROM core.cases WHERE id = ANY(CAST(:ids AS uuid[]))")
_CONVERSATION_LENGTHS = text("SELECT id, last_seq FROM core.conversations WHERE id = ANY(:ids)")
_CASES = Update(tables.cases, rows.CASE_KEPT, by="id")
_NUMBERS = Insert(tables.case_numbers, ("number", "case_id"), conflict="number", update=("case_id",))
_NO_TIMERS = text("DELETE FROM core.timers WHERE case_id = ANY(CAST(:ids AS uuid[])) AND kind = :kind")
_TIMERS = Insert(tables.timers, ("case_id", "kind", "due_at", "fire_at"))
_STALE = text("""
    INSERT INTO core.search_stale (participant_id)
    SELECT DISTINCT participant_id FROM core.cases WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_CONVERSATIONS = Update(tables.conversations, ("id", *Place._fields), by="id")
_PEOPLE = Update(tables.participants, ("id", "merged_into", "group_id"), by="id")


async def repair(engine: AsyncEngine) -> tuple[list[Difference], list[Difference]]:
    """Write again what differs; returns what did, and what does still: that is for somebody to look at.

    It can be interrupted and begun again.
    """
    found = [difference async for difference in differences(engine)]
    for of, ids in _portions(found):
        async with engine.begin() as connection:
            await connection.execute(_ALONE)
            match of:
                case Kept.CASE:
                    await _repair_cases(connection, ids)
                case Kept.CONVERSATION:
                    await _repair_conversations(connection, ids)
                case Kept.PARTICIPANT:
                    await _repair_people(connection)
    return found, [difference async for difference in differences(engine)] if found else []


def _portions(found: Sequence[Difference]) -> Iterator[tuple[Kept, list[str]]]:
    for of, group in groupby(found, key=lambda difference: difference.of):
        ids = list(dict.fromkeys(difference.id for difference in group))
        yield from ((of, ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))


async def _repair_cases(connection: AsyncConnection, ids: Sequence[str]) -> None:
    timelines = await timelines_of(connection, ids)
    lengths = await _lengths(connection, _CASE_LENGTHS, ids)
    seqs = {id_: [entry.seq for entry in timeline] for id_, timeline in timelines.items()}
    whole = [fold(timelines[id_]) for id_ in ids if _is_whole(seqs[id_], lengths[id_])]
    await _CASES.run(connection, [rows.case_row(case) for case in whole])
    besides = [(case.id, Besides.of(case)) for case in whole]
    await _NUMBERS.run(connection, [(number, id_) for id_, one in besides for number in sorted(one.numbers)])
    await connection.execute(_NO_TIMERS, {"ids": [case.id for case in whole], "kind": TimerKind.CLOSE})
    closing = [(id_, TimerKind.CLOSE, one.closes_at, one.closes_at) for id_, one in besides if one.closes_at]
    await _TIMERS.run(connection, closing)
    await connection.execute(_STALE, {"ids": [case.id for case in whole]})


async def _repair_conversations(connection: AsyncConnection, ids: Sequence[str]) -> None:
    said = await said_in_conversations(connection, ids)
    lengths = await _lengths(connection, _CONVERSATION_LENGTHS, ids)
    places = [(id_, *Place.of(said[id_])) for id_ in ids if _is_whole(_places(said[id_]), lengths[id_])]
    await _CONVERSATIONS.run(connection, places)


def _places(said: Sequence[Entry]) -> list[int]:
    return [entry.conversation_seq for entry in said if entry.conversation_seq is not None]


def _is_whole(seqs: Sequence[int], length: int) -> bool:
    """What entries said that are not there nobody knows: what the others lead to is not the truth."""
    return len(seqs) >= max(length, 1) and list(seqs) == list(range(1, len(seqs) + 1))


async def _lengths(connection: AsyncConnection, statement: TextClause, ids: Sequence[str]) -> dict[str, int]:
    return {row[0]: row[1] for row in await connection.execute(statement, {"ids": ids})}


async def _repair_people(connection: AsyncConnection) -> None:
    otherwise = await people_otherwise(connection)
    await _PEOPLE.run(connection, [(one.id, one.said_into, one.head) for one in otherwise])
