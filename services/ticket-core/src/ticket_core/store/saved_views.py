"""Saved views: named filters, of one agent or for all, with the number of cases in each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, literal, or_, select, true, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import NotYourView, TooManyViews, ViewExists, ViewNotFound
from ticket_core.store.filters import CaseFilter, Sort, conditions
from ticket_core.store.reading import Reading
from ticket_core.store.store import new_id, utc_now
from ticket_core.store.tables import cases, saved_views

MOST_VIEWS = 50
COUNTED_TO = 1_000
SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class SavedView:
    """`filter` is the document that it was saved with."""

    id: str
    owner_id: str
    shared: bool
    name: str
    filter: dict[str, Any]
    created_at: datetime


_COLUMNS = tuple(saved_views.c[name] for name in SavedView.__slots__)


class SavedViews:
    """Personal views are seen by their owners only, and those of others are as if they were not there."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._clock = clock

    async def of(self, agent: Agent) -> list[SavedView]:
        """What `agent` sees: his own and all shared ones, by name."""
        seen = select(*_COLUMNS).where(_seen_by(agent)).order_by(saved_views.c.name, saved_views.c.id)
        async with self._reading.connection() as connection:
            return [SavedView(*row) for row in await connection.execute(seen)]

    async def get(self, view_id: str, agent: Agent) -> SavedView:
        """One that `agent` sees.

        Raises:
            ViewNotFound: he sees none with this id.
        """
        async with self._reading.connection() as connection:
            return await _get(connection, view_id, agent)

    async def add(self, agent: Agent, *, name: str, shared: bool, filter_: dict[str, Any]) -> SavedView:
        """Save a view of `agent`'s.

        Raises:
            ViewExists: he has one with this name.
            TooManyViews: he has `MOST_VIEWS`.
        """
        view = SavedView(new_id(), agent.id, shared, name, filter_, self._clock())
        row = {column: getattr(view, column) for column in SavedView.__slots__}
        async with self._engine.begin() as connection:
            # Two requests at once must not both find room.
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(agent.id, 0))))
            owned = select(func.count()).select_from(saved_views).where(saved_views.c.owner_id == agent.id)
            if (await connection.execute(owned)).scalar_one() >= MOST_VIEWS:
                raise TooManyViews("Remove one first")
            await _written(connection, insert(saved_views).values(row))
        return view

    async def change(
        self, view_id: str, agent: Agent, *, name: str, shared: bool, filter_: dict[str, Any]
    ) -> SavedView:
        """Replace what a view is.

        Raises:
            ViewNotFound: `agent` sees none with this id.
            NotYourView: it is somebody else's.
            ViewExists: its owner has another one with this name.
        """
        async with self._engine.begin() as connection:
            await _changeable(connection, view_id, agent)
            values = {"name": name, "shared": shared, "filter": filter_}
            await _written(connection, update(saved_views).where(saved_views.c.id == view_id).values(values))
            row = (await connection.execute(select(*_COLUMNS).where(saved_views.c.id == view_id))).one()
        return SavedView(*row)

    async def remove(self, view_id: str, agent: Agent) -> None:
        """Forget a view.

        Raises:
            ViewNotFound, NotYourView: as `change`.
        """
        async with self._engine.begin() as connection:
            await _changeable(connection, view_id, agent)
            await connection.execute(delete(saved_views).where(saved_views.c.id == view_id))

    async def counts(self, filters: Sequence[tuple[CaseFilter, Sort]]) -> list[int]:
        """How many cases each of `filters` shows, exactly up to `COUNTED_TO`, and one more when there are more.

        One query for all of them.
        """
        if not filters:
            return []
        counted = [_counted(place, *one) for place, one in enumerate(filters)]
        async with self._reading.connection() as connection:
            rows = await connection.execute(union_all(*counted))
            found: dict[int, int] = {place: count for place, count in rows}  # noqa: C416 mypy knows no other way
        return [found[place] for place in range(len(filters))]


def _counted(place: int, wanted: CaseFilter, sort: Sort) -> Select[int, int]:
    some = select(literal(1)).select_from(cases).where(true(), *conditions(wanted, sort=sort)).limit(COUNTED_TO + 1)
    return select(literal(place), func.count()).select_from(some.subquery())


def _seen_by(agent: Agent) -> Any:
    return or_(saved_views.c.shared, saved_views.c.owner_id == agent.id)


async def _get(connection: AsyncConnection, view_id: str, agent: Agent, *, lock: bool = False) -> SavedView:
    query = select(*_COLUMNS).where(saved_views.c.id == view_id, _seen_by(agent))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise ViewNotFound("You see no view with this id")
    return SavedView(*row)


async def _changeable(connection: AsyncConnection, view_id: str, agent: Agent) -> None:
    view = await _get(connection, view_id, agent, lock=True)
    if view.owner_id != agent.id and SUPERVISOR not in agent.roles:
        raise NotYourView("Save one of your own")


async def _written(connection: AsyncConnection, statement: Any) -> None:
    try:
        await connection.execute(statement)
    except IntegrityError as known:
        raise ViewExists("Choose another name") from known
