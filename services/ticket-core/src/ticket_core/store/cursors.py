"""Orders of the list, and the cursors that go on in them.

A cursor names the last row that was seen by the values it was ordered by, and its id as the tie-break. So rows that
come, go or move meanwhile shift nothing: what stays where it is comes exactly once.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Integer, and_, func, literal, or_, tuple_

from kawal.errors import KawalError
from ticket_core.store.filters import Sort
from ticket_core.store.tables import cases
from ticket_core.store.views import CaseSummary


class InvalidCursor(KawalError):
    status, code, title = 400, "invalid_cursor", "This is not a cursor of this list"


_RANKS = {"urgent": 3, "high": 2, "normal": 1, "low": 0}
_REACHES = range(3)
_TIMES = {
    Sort.LATEST_ACTIVITY: ("activity_at", True),
    Sort.OLDEST_ACTIVITY: ("activity_at", False),
    Sort.LATEST_OPENED: ("opened_at", True),
    Sort.OLDEST_OPENED: ("opened_at", False),
    Sort.LONGEST_WAITING: ("waiting_since", False),
    Sort.MOST_URGENT: ("activity_at", True),
    Sort.SOONEST_DUE: ("due_at", False),
}


@dataclass(frozen=True, slots=True)
class Position:
    """The row behind which to go on. `rank` is its urgency, `reach` how far the search went."""

    at: datetime
    case_id: str
    rank: int
    reach: int = 0


def past(sort: Sort, behind: Position | None) -> Iterator[ColumnElement[bool]]:
    """The condition to go on from `behind`; none at the beginning."""
    if behind is not None:
        yield _behind([cases.c[_TIMES[sort][0]], cases.c.id], sort, behind)


def order(source: FromClause, sort: Sort) -> Iterator[ColumnElement[Any]]:
    """What rows of `source`, with the columns of `cases`, are ordered by."""
    name, descending = _TIMES[sort]
    columns: list[ColumnElement[Any]] = [source.c[name], source.c.id]
    if sort is Sort.MOST_URGENT:
        columns.insert(0, _urgency(source))
    yield from (column.desc() if descending else column.asc() for column in columns)


def _behind(columns: list[ColumnElement[Any]], sort: Sort, behind: Position) -> ColumnElement[bool]:
    here = tuple_(*columns)
    there = tuple_(literal(behind.at, columns[0].type), literal(behind.case_id, columns[1].type))
    if not _TIMES[sort][1]:
        return here > there
    if sort is not Sort.MOST_URGENT:
        return here < there
    # The first term is what an index scan can begin at.
    urgency = _urgency(cases)
    return and_(urgency <= behind.rank, or_(urgency < behind.rank, here < there))


def _urgency(source: FromClause) -> ColumnElement[int]:
    return func.core.urgency(source.c.priority, type_=Integer)


def cursor_of(last: CaseSummary, sort: Sort, *, reach: int) -> str:
    """The cursor behind `last`."""
    at = getattr(last, _TIMES[sort][0])
    document = json.dumps([sort, at.isoformat(), last.id, _RANKS[last.priority], int(reach)], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def read_cursor(cursor: str, sort: Sort) -> Position:
    """Where `cursor` stands.

    Raises:
        InvalidCursor: it did not come from here, or from a list in another order.
    """
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of, at, case_id, rank, reach = json.loads(plain)
        moment = datetime.fromisoformat(at).astimezone(UTC)
        position = Position(moment, str(UUID(case_id)), int(rank), int(reach))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as broken:
        raise InvalidCursor("Use the next_cursor of an answer") from broken
    if of != sort or position.rank not in _RANKS.values() or position.reach not in _REACHES:
        raise InvalidCursor("Use the next_cursor of an answer in the same order")
    return position
