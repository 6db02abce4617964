"""How a search is answered, cheapest way first; each gives exactly the page that the others would give.

1. The next cases of the list are asked for the words: a very frequent word fills the page from them.
2. The index is asked for what has the words and in which something happened lately (`marks`).
3. It is asked for all that has the words.
4. It is asked for what happened in a longer time.
5. The list is walked in its order, and each case asked, until the page is full: that is soon, of a frequent word.

What the index finds is fetched and sorted, if it is not too much. The planner is not left to guess between these: it
does not know how often people use a word.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeGuard

from sqlalchemy import CTE, Select, func, select, true, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.store.cursors import order
from ticket_core.store.filters import Sort
from ticket_core.store.found import matches
from ticket_core.store.listing import Listing
from ticket_core.store.marks import MARK_DAYS, marked_lately
from ticket_core.store.search import Reach, Typed, reaches, understood, uuids
from ticket_core.store.tables import cases
from ticket_core.store.views import CasePage, CaseSummary

FEW, FEW_OF_SOME = 1_000, 3_000
"""Up to so many cases are fetched and sorted: of all; of a list in another order, or that leaves cases out."""
AHEAD = 300
"""So many cases of the list are asked first."""


async def search(connection: AsyncConnection, listing: Listing, text: str) -> CasePage:
    """A page of the cases that are meant by `text`, with no farther `Reach` than fills it."""
    behind = listing.behind
    for reach in [Reach(behind.reach)] if behind else reaches(text):
        typed = await understood(connection, text, reach=reach, most=FEW)
        page = await _Search(connection, listing, typed).page()
        if page.next_cursor or (page.items and reach is Reach.PARTS):
            break
    return replace(page, matches=await matches(connection, typed, page.items))


@dataclass(frozen=True, slots=True)
class _Search:
    connection: AsyncConnection
    listing: Listing
    typed: Typed

    async def page(self) -> CasePage:
        if self.typed.is_rare:
            return await self._found() or await self._walked()
        if self._is_full(page := await self._ahead()):
            return page
        if self.listing.sort is not Sort.LATEST_ACTIVITY:
            return await self._found() or await self._walked()
        return await self._by_marks()

    async def _by_marks(self) -> CasePage:
        short, long = MARK_DAYS
        lately = await self._lately(short)
        if lately is None or self._is_full(lately):
            return lately or await self._walked()
        if found := await self._found():
            return found
        lately = await self._lately(long)
        return lately if self._is_full(lately) else await self._walked()

    async def _found(self) -> CasePage | None:
        return await self._sorted(self.typed.said())

    @staticmethod
    def _is_full(page: CasePage | None) -> TypeGuard[CasePage]:
        return page is not None and page.next_cursor is not None

    async def _ahead(self) -> CasePage:
        ahead = self.listing.rows().limit(AHEAD).subquery()
        some = select(ahead).where(self.typed.means(ahead.c.id)).order_by(*order(ahead, self.listing.sort))
        return await self.listing.page(self.connection, some, reach=self.typed.reach)

    async def _lately(self, days: int) -> CasePage | None:
        """What is meant of the time since about so many days ago."""
        behind = self.listing.behind
        marked, since = marked_lately(days, behind.at if behind else datetime.now(UTC))
        return await self._sorted(self.typed.said(marked=marked), since=since)

    async def _walked(self) -> CasePage:
        rows = self.listing.rows(self.typed.means(cases.c.id))
        return await self.listing.page(self.connection, rows, reach=self.typed.reach)

    async def _sorted(self, said: Select[Any], *, since: datetime | None = None) -> CasePage | None:
        """The page out of all that `said` finds and the others; `None` when that are too many.

        Of the cases before `since` not all are found, so they are left out.
        """
        if self.typed.others is None:
            return None
        most = FEW if self.listing.is_plain else FEW_OF_SOME
        others = select(func.unnest(uuids(self.typed.others)))
        meant = union(select(said.limit(most + 1).subquery()), others).subquery()
        found = select(meant.c[0].label("case_id")).cte("found").prefix_with("MATERIALIZED")
        count, items = await self._counted(found, most=most)
        if count > most:
            return None
        known = [case for case in items if since is None or case.activity_at >= since]
        return self.listing.cut(known, reach=self.typed.reach)

    async def _counted(self, found: CTE, *, most: int) -> tuple[int, list[CaseSummary]]:
        """How many there are, and the first of them if they are no more than `most`."""
        count = select(func.count().label("count")).select_from(found)
        of_list = self.listing.unsorted(cases.c.id.in_(select(found.c.case_id)), count.scalar_subquery() <= most)
        fenced = of_list.offset(0).subquery()  # or the planner walks the list until it has met enough of them
        page = self.listing.named(select(fenced).order_by(*order(fenced, self.listing.sort))).subquery()
        counted = count.subquery()
        both = counted.outerjoin(page, true())
        rows = (await self.connection.execute(select(counted.c.count, page).select_from(both))).all()
        return rows[0][0], [CaseSummary(*row[1:]) for row in rows if row.id is not None]
