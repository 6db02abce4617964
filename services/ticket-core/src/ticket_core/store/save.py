"""Writes back what a batch changed: one statement per table, whatever the size of the batch."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal import outbox
from ticket_core.domain.case import Case
from ticket_core.domain.inputs import TimerKind
from ticket_core.domain.world import PersonEvent, Step
from ticket_core.store import imports, rows, tables
from ticket_core.store.bulk import Insert, Update
from ticket_core.store.events import case_events
from ticket_core.store.loaded import Loaded
from ticket_core.store.stamps import MINE

_STAMP = f"GREATEST({MINE}, rows.stamp::bigint)"
"""The transaction's, or the one of the case's last entry where that is higher; see `stream`."""

_PARTICIPANTS = Insert(
    tables.participants, rows.PARTICIPANT_HIMSELF, conflict="id", update=("name", "locale", "last_case_id")
)
_GROUPS = Update(tables.participants, ("id", "merged_into", "group_id"), by="id")
_DISMISSALS = Insert(tables.dismissals, ("participant_id", "other_id"), conflict="participant_id, other_id")
_SAID_OF_PEOPLE = Insert(tables.said_of_people, PersonEvent._fields)
_FACTS = Update(tables.identities, ("key", "participant_id", "assurance"), by="key")
_CASES = Insert(
    tables.cases,
    (*rows.CASE_KEPT, "stamp"),
    conflict="id",
    update=(*(name for name in rows.CASE_KEPT if name not in ("id", "number", "participant_id", "opened_at")), "stamp"),
    computed={"stamp": _STAMP},
)
_CONVERSATIONS = Insert(
    tables.conversations,
    rows.CONVERSATION,
    conflict="id",
    update=("locale", "name", "identities", "case_id", "last_seq", "read_seq"),
)
_TIMELINE = Insert(tables.timeline, (*rows.ENTRY, "stamp"), computed={"stamp": _STAMP})
_RENUMBER = Update(tables.case_numbers, ("number", "case_id"), by="number")
_NUMBERS = Insert(tables.case_numbers, ("number", "case_id", "source", "event_id"))
_CLAIMS = Insert(tables.claims, ("key", "participant_id", "claimed_at"), conflict="key, participant_id")
_SUGGESTIONS = Insert(
    tables.suggestions,
    ("participant_id", "other_id", "key", "assurance", "suggested_at"),
    conflict="participant_id, other_id, key",
)
_FIRINGS = Insert(tables.rule_firings, ("case_id", "seq", "rule", "version", "at", "first_seq", "last_seq", "refused"))
_TIMERS = Insert(
    tables.timers,
    ("case_id", "kind", "due_at", "fire_at"),
    conflict="case_id, kind",
    update=("due_at", "fire_at"),
)
_DROP_TIMERS = text("DELETE FROM core.timers WHERE case_id = ANY(CAST(:ids AS uuid[])) AND kind = :kind")


async def save(connection: AsyncConnection, loaded: Loaded, *, now: datetime) -> None:
    """Write what the fold changed in `loaded.world`, with its case events."""
    changed = loaded.world.changed
    cases = {case.id: case for case in changed.cases}
    await _save_people(connection, loaded, now=now)
    await _save_what_agents_say_of_people(connection, changed)
    stamps = loaded.stamps
    await _CASES.run(connection, [(*rows.case_row(case), stamps.get(case.id, 0)) for case in cases.values()])
    conversations = {conversation.id: conversation for conversation in changed.conversations}
    await _CONVERSATIONS.run(connection, [rows.conversation_row(one) for one in conversations.values()])
    entries = [recorded.entry for recorded in changed.recorded]
    await _TIMELINE.run(connection, [(*rows.entry_row(entry), stamps.get(entry.case_id, 0)) for entry in entries])
    await _NUMBERS.run(connection, changed.numbers)
    await _FIRINGS.run(connection, changed.fired)
    await imports.save(connection, changed)
    await _RENUMBER.run(connection, list({number: (number, to) for number, to, *_ in changed.renumbered}.values()))
    await _save_timers(connection, cases.values(), before=loaded.world.before)
    await outbox.append(connection, tables.outbox, case_events(changed.recorded))


async def _save_people(connection: AsyncConnection, loaded: Loaded, *, now: datetime) -> None:
    changed = loaded.world.changed
    participants = {participant.id: participant for participant in changed.participants}
    himself = len(rows.PARTICIPANT_HIMSELF)
    await _PARTICIPANTS.run(connection, [one[:himself] for one in participants.values()])
    facts = {fact.key: fact for fact in changed.facts}
    await _FACTS.run(connection, [(fact.key, fact.participant_id, fact.assurance) for fact in facts.values()])
    await _CLAIMS.run(connection, [(key, claimant, now) for key, claimant in sorted(set(changed.claims))])
    # Two who suggest the same pairs at the same moment, `missed` among them, wait for one another in this order.
    suggestions = {(one.participant_id, one.other_id, one.identity): one.assurance for one in changed.suggestions}
    await _SUGGESTIONS.run(connection, [(*pair, suggestions[pair], now) for pair in sorted(suggestions)])


async def _save_what_agents_say_of_people(connection: AsyncConnection, changed: Step) -> None:
    groups = {one.id: (one.id, one.merged_into, one.group_id) for one in changed.regrouped}
    await _GROUPS.run(connection, list(groups.values()))
    await _DISMISSALS.run(connection, list(dict.fromkeys(changed.dismissed)))
    await _SAID_OF_PEOPLE.run(connection, changed.said_of_people)


async def _save_timers(connection: AsyncConnection, cases: Iterable[Case], *, before: dict[str, Case]) -> None:
    """Make `timers` what the cases say of their times."""
    moved = [case for case in cases if case.close_at != (before[case.id].close_at if case.id in before else None)]
    set_ = [(case.id, TimerKind.CLOSE, case.close_at, case.close_at) for case in moved if case.close_at]
    dropped = [case.id for case in moved if case.close_at is None]
    await _TIMERS.run(connection, set_)
    if dropped:
        await connection.execute(_DROP_TIMERS, {"ids": dropped, "kind": TimerKind.CLOSE})
