"""The read side. Nothing here locks or writes."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import case_numbers
from kawal.contracts.words import Channel
from kawal.errors import KawalError
from ticket_core.domain.case import ACTIVE
from ticket_core.domain.errors import CaseNotFound
from ticket_core.store import tables
from ticket_core.store.reading import Reading
from ticket_core.store.search import matches
from ticket_core.store.views import CasePage, CaseSummary, CaseView, ConversationView

MOST_CASES = 100


class InvalidCursor(KawalError):
    status, code, title = 400, "invalid_cursor", "This is not a cursor of this list"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases to list. `unassigned` excludes `assignee_id`; `active` stands for all states that need somebody.

    `q` is what an agent types: a number or its beginning, an e-mail address, a phone number, or words.
    """

    state: str | None = None
    active: bool = False
    assignee_id: str | None = None
    unassigned: bool = False
    channel: Channel | None = None
    topic: str | None = None
    q: str | None = None


_cases = tables.cases
_SUMMARY = (
    _cases.c.id,
    _cases.c.number,
    _cases.c.state,
    _cases.c.topic,
    _cases.c.priority,
    _cases.c.assignee_id,
    tables.agents.c.name.label("assignee_name"),
    _cases.c.participant_id,
    tables.participants.c.name.label("participant_name"),
    _cases.c.subject,
    _cases.c.snippet,
    _cases.c.last_kind,
    _cases.c.channels,
    _cases.c.opened_at,
    _cases.c.activity_at,
    _cases.c.waiting_since,
    _cases.c.last_seq,
)
# Spelt out, not bound: only so does the planner know that the partial index fits.
_ACTIVE = _cases.c.state.in_([literal_column(f"'{state}'") for state in ("new", "open", "pending", "on_hold")])
_MORE = (
    _cases.c.aliases,
    _cases.c.follow_up_of,
    _cases.c.conversation_id,
    _cases.c.resolved_at,
    _cases.c.close_at,
    _cases.c.reason,
    _cases.c.tags,
    _cases.c.fields,
)


def summaries(*more: ColumnElement[Any]) -> Select[Any]:
    """Cases with the names of their people."""
    source = _cases.join(tables.participants, tables.participants.c.id == _cases.c.participant_id)
    return select(*_SUMMARY, *more).select_from(
        source.outerjoin(tables.agents, tables.agents.c.id == _cases.c.assignee_id)
    )


def _one_case() -> Select[Any]:
    """The case that the parameter `number` leads to."""
    numbers = tables.case_numbers.c
    leads_to = select(numbers.case_id).where(numbers.number == bindparam("number"))
    return summaries(*_MORE).where(_cases.c.id == leads_to.scalar_subquery())


def _conversations_of_case() -> Select[Any]:
    """The conversations of `participant_id` in which something was said about `case_id`."""
    conversations, timeline = tables.conversations, tables.timeline
    said = select(timeline.c.seq).where(
        timeline.c.case_id == bindparam("case_id"),
        timeline.c.conversation_id == conversations.c.id,
        timeline.c.conversation_seq.is_not(None),
    )
    names = ("id", "channel", "locale", "name", "last_seq", "read_seq", "identities")
    of_participant = conversations.c.participant_id == bindparam("participant_id")
    query = select(*(conversations.c[name] for name in names)).where(of_participant, said.exists())
    return query.order_by(conversations.c.id)


# Built once: building them costs as much as PostgreSQL's answer.
_CASE, _CONVERSATIONS = _one_case(), _conversations_of_case()


class CaseQueries:
    """Numbers may be written in any form: with dashes, aliases included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = Reading(engine)

    async def list(self, wanted: CaseFilter, *, cursor: str | None = None, limit: int = 25) -> CasePage:
        """Cases, those with the latest activity first. `limit` is at most `MOST_CASES`.

        Raises:
            InvalidCursor: `cursor` did not come from here.
        """
        limit = min(limit, MOST_CASES)
        query = summaries().where(*_conditions(wanted))
        if cursor is not None:
            query = query.where(tuple_(_cases.c.activity_at, _cases.c.id) < _read_cursor(cursor))
        query = query.order_by(_cases.c.activity_at.desc(), _cases.c.id.desc()).limit(limit + 1)
        async with self._reading.connection() as connection:
            items = [CaseSummary(*row) for row in await connection.execute(query)]
        more = len(items) > limit
        return CasePage(items[:limit], _cursor(items[limit - 1]) if more else None)

    async def case(self, number: str) -> CaseView:
        """One case.

        Raises:
            CaseNotFound: no case has this number.
        """
        parameters = {"number": plain_number(number)}
        async with self._reading.connection() as connection:
            row = (await connection.execute(_CASE, parameters)).one_or_none()
            if row is None:
                raise CaseNotFound("No case has this number")
            theirs = {"case_id": row.id, "participant_id": row.participant_id}
            conversations = [_conversation(found) for found in await connection.execute(_CONVERSATIONS, theirs)]
        return CaseView(*(*row, conversations))

    async def active_counts(self) -> dict[str, int]:
        """How many cases there are in each active state."""
        query = select(_cases.c.state, func.count().label("count")).where(_ACTIVE).group_by(_cases.c.state)
        async with self._reading.connection() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in await connection.execute(query)}
        return {state: found.get(state, 0) for state in sorted(ACTIVE)}


def plain_number(written: str) -> str:
    """The ten digits of a number as people write it.

    Raises:
        CaseNotFound: no case can have this number.
    """
    number = case_numbers.parse(written)
    if number is None:
        raise CaseNotFound("This is not a case number")
    return number


def _conversation(row: Any) -> ConversationView:
    kinds = sorted({kind for kind, *_ in row.identities})
    return ConversationView(row.id, row.channel, row.locale, row.name, row.last_seq, row.read_seq, kinds)


def _conditions(wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.active:
        yield _ACTIVE
    if wanted.state is not None:
        yield _cases.c.state == wanted.state
    if wanted.assignee_id is not None:
        yield _cases.c.assignee_id == wanted.assignee_id
    if wanted.unassigned:
        yield _cases.c.assignee_id.is_(None)
    if wanted.channel is not None:
        yield _cases.c.channels.contains([wanted.channel])
    if wanted.topic is not None:
        yield _cases.c.topic == wanted.topic
    if wanted.q:
        yield matches(wanted.q)


def _cursor(last: CaseSummary) -> str:
    return base64.urlsafe_b64encode(f"{last.activity_at.isoformat()} {last.id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> ColumnElement[Any]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, case_id = plain.partition(" ")
        moment, last_id = datetime.fromisoformat(at).astimezone(UTC), str(UUID(case_id))
    except (ValueError, OverflowError) as broken:
        raise InvalidCursor("Use the next_cursor of an answer") from broken
    return tuple_(literal(moment, _cases.c.activity_at.type), literal(last_id, _cases.c.id.type))
