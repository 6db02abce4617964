"""A page of cases: the rows in their order first, and only to those the names of their people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.store import tables
from ticket_core.store.cursors import Position, cursor_of, order, past
from ticket_core.store.filters import CaseFilter, Sort, conditions
from ticket_core.store.views import CasePage, CaseSummary

_cases, _agents, _participants = tables.cases, tables.agents, tables.participants
PERSON_NAME = """coalesce((
    SELECT member.name FROM core.participants AS member
    WHERE member.group_id = participants.group_id AND member.name IS NOT NULL
    ORDER BY member.merged_into IS NOT NULL, member.id LIMIT 1
), participants.name)"""
"""What somebody in `participants` is called, whoever he was merged with; `World.name_of` says the same."""
_NAMES = {
    "assignee_name": _agents.c.name.label("assignee_name"),
    "participant_name": literal_column(PERSON_NAME).label("participant_name"),
}
OWN = tuple(_cases.c[name] for name in CaseSummary.__slots__ if name not in _NAMES)
"""What a line of the list says of the case itself."""


def summaries(*more: ColumnElement[Any], of: FromClause = _cases) -> Select[Any]:
    """Cases, or rows `of` them with the columns `OWN`, with the names of their people."""
    columns = [_NAMES[name] if name in _NAMES else of.c[name] for name in CaseSummary.__slots__]
    source = of.join(_participants, _participants.c.id == of.c.participant_id)
    return select(*columns, *more).select_from(source.outerjoin(_agents, _agents.c.id == of.c.assignee_id))


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, where in it to go on, and how many cases a page has."""

    wanted: CaseFilter
    sort: Sort
    behind: Position | None
    limit: int

    @property
    def is_plain(self) -> bool:
        """Whether these are all cases, the latest activity first."""
        return self.sort is Sort.LATEST_ACTIVITY and replace(self.wanted, q=None) == CaseFilter()

    def rows(self, *more: ColumnElement[bool]) -> Select[Any]:
        """The cases of the list that also meet `more`, in its order."""
        return self.unsorted(*more).order_by(*order(_cases, self.sort))

    def unsorted(self, *more: ColumnElement[bool]) -> Select[Any]:
        """The same in any order."""
        return select(*OWN).where(*conditions(self.wanted, sort=self.sort), *past(self.sort, self.behind), *more)

    def named(self, rows: Select[Any]) -> Select[Any]:
        """The first of `rows`, which are in the order of the list, one more than a page has."""
        first = rows.limit(self.limit + 1).subquery()
        return summaries(of=first).order_by(*order(first, self.sort))

    async def page(self, connection: AsyncConnection, rows: Select[Any], *, reach: int = 0) -> CasePage:
        """The first page of `rows`, which are in the order of the list."""
        items = [CaseSummary(*row) for row in await connection.execute(self.named(rows))]
        return self.cut(items, reach=reach)

    def cut(self, items: Sequence[CaseSummary], *, reach: int = 0) -> CasePage:
        """A page of `items`; one more than it has room for says that there is another page."""
        more = len(items) > self.limit
        cursor = cursor_of(items[self.limit - 1], self.sort, reach=reach) if more else None
        return CasePage(list(items[: self.limit]), cursor)
