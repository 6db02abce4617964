"""Whole timelines of cases, with what is needed to look at each entry as it was then."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.domain.case import Case, Conversation
from ticket_core.domain.entries import Entry
from ticket_core.domain.rules import Firing
from ticket_core.store import rows
from ticket_core.store.firings import fired
from ticket_core.store.listing import PERSON_NAME

MOST_ENTRIES = 1_000
"""Of one case, the first; the others are not looked at."""

_LATEST = text("SELECT id::text FROM core.cases ORDER BY activity_at DESC, id DESC LIMIT :most")
_NUMBERED = text("SELECT case_id::text FROM core.case_numbers WHERE number = :number")
_CASES = text(f"""
    SELECT {rows.selected(rows.CASE, table="cases")}, {PERSON_NAME} AS participant
    FROM core.cases JOIN core.participants ON participants.id = cases.participant_id
    WHERE cases.id = ANY(CAST(:ids AS uuid[]))
""")  # noqa: S608 names of columns
_ENTRIES = text(f"""
    SELECT {rows.selected(rows.ENTRY, table="timeline")} FROM core.timeline
    WHERE case_id = ANY(CAST(:ids AS uuid[])) AND seq <= :most ORDER BY timeline.case_id, timeline.seq
""")  # noqa: S608
_CONVERSATIONS = text(
    f"SELECT {rows.selected(rows.CONVERSATION, table='conversations')} FROM core.conversations"  # noqa: S608
    " WHERE id = ANY(:ids)"
)


@dataclass(frozen=True, slots=True)
class History:
    """A case as it is now, all that happened to it, where, and what rules did with it."""

    case: Case
    participant: str | None
    entries: list[Entry] = field(default_factory=list)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    fired: list[Firing] = field(default_factory=list)


async def latest_cases(connection: AsyncConnection, *, most: int) -> list[str]:
    """The ids of those in which something happened last."""
    return list(await connection.scalars(_LATEST, {"most": most}))


async def case_numbered(connection: AsyncConnection, number: str) -> str | None:
    found: str | None = (await connection.execute(_NUMBERED, {"number": number})).scalar_one_or_none()
    return found


async def histories(connection: AsyncConnection, ids: Sequence[str]) -> list[History]:
    """Of these cases, in this order."""
    found: dict[str, History] = {}
    for row in await connection.execute(_CASES, {"ids": list(ids)}):
        case = rows.case_of(tuple(row)[:-1])
        found[case.id] = History(case, row.participant)
    for row in await connection.execute(_ENTRIES, {"ids": list(ids), "most": MOST_ENTRIES}):
        found[row.case_id].entries.append(rows.entry_of(row))
    await _add_conversations(connection, found)
    for firing in await fired(connection, ids):
        found[firing.case_id].fired.append(firing)
    return [found[one] for one in ids if one in found]


async def _add_conversations(connection: AsyncConnection, found: dict[str, History]) -> None:
    heard: defaultdict[str, list[History]] = defaultdict(list)
    for history in found.values():
        spoken = {entry.conversation_id for entry in history.entries} | {history.case.conversation_id}
        for conversation_id in spoken - {None}:
            heard[str(conversation_id)].append(history)
    for row in await connection.execute(_CONVERSATIONS, {"ids": sorted(heard)}):
        conversation = rows.conversation_of(row)
        for history in heard[conversation.id]:
            history.conversations[conversation.id] = conversation
