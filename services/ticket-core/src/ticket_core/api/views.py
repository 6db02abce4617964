"""`/v1/views`: saved views, personal and shared, with live counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from kawal.http.inputs import Line
from ticket_core.api.answers import answer, problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.api.filters import ViewFilter
from ticket_core.domain.case import Agent
from ticket_core.store.queries import MOST_CASES
from ticket_core.store.saved_views import COUNTED_TO, SavedView
from ticket_core.store.views import CasePage

router = APIRouter(prefix="/v1/views", tags=["views"], responses=problems(401))
AtDesk = Annotated[Desk, Depends(desk_of)]


class ViewBody(BaseModel):
    """A filter with a name. `shared` shows it to everybody."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Mine, urgent", "filter": {"active": True, "assignee": "me", "priority": ["urgent"]}}]
        },
    )

    name: Annotated[Line, Field(min_length=1, max_length=80)]
    shared: bool = False
    filter: ViewFilter


@dataclass(frozen=True, slots=True)
class ViewView:
    """`mine`: the caller saved it. `filter` is a `ViewFilter`."""

    id: str
    name: str
    shared: bool
    mine: bool
    filter: ViewFilter
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CountedView:
    """`count` is exact up to 1,000; `more` says that there are more than `count`."""

    view: ViewView
    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class ViewList:
    items: list[CountedView]


@router.get("", response_model=ViewList)
async def list_views(desk: AtDesk, agent: CurrentAgent) -> Response:
    """Your own views and the shared ones, by name, each with the number of cases in it now."""
    views = [_shown(view, agent) for view in await desk.views.of(agent)]
    counts = await desk.views.counts([(view.filter.of(agent), view.filter.sort) for view in views])
    items = [
        CountedView(view, min(count, COUNTED_TO), more=count > COUNTED_TO)
        for view, count in zip(views, counts, strict=True)
    ]
    return answer(ViewList(items))


@router.post("", status_code=201, response_model=ViewView, responses=problems(403, 409, 422))
async def add_view(body: ViewBody, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Save a view. A name is used once: sent twice, the second is refused, and nothing is there twice."""
    body.filter.of(agent)
    view = await desk.views.add(agent, name=body.name, shared=body.shared, filter_=_document(body))
    return answer(_shown(view, agent), status=201)


@router.get("/{view_id}", response_model=ViewView, responses=problems(404, 422))
async def get_view(view_id: UUID, desk: AtDesk, agent: CurrentAgent) -> Response:
    """One view, without its count."""
    return answer(_shown(await desk.views.get(str(view_id), agent), agent))


@router.put("/{view_id}", response_model=ViewView, responses=problems(403, 404, 409, 422))
async def change_view(view_id: UUID, body: ViewBody, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Replace a view: your own, or as a supervisor any shared one."""
    body.filter.of(agent)
    view = await desk.views.change(str(view_id), agent, name=body.name, shared=body.shared, filter_=_document(body))
    return answer(_shown(view, agent))


@router.delete("/{view_id}", status_code=204, responses=problems(403, 404, 422))
async def remove_view(view_id: UUID, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Forget a view. No case is touched."""
    await desk.views.remove(str(view_id), agent)
    return Response(status_code=204)


@router.get("/{view_id}/cases", response_model=CasePage, responses=problems(400, 404, 422))
async def list_cases_of_view(
    view_id: UUID,
    desk: AtDesk,
    agent: CurrentAgent,
    *,
    q: Annotated[str | None, Query(description="Search in the view", max_length=200)] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CASES)] = 25,
) -> Response:
    """The cases of a view, as `GET /v1/cases` lists them."""
    wanted = _shown(await desk.views.get(str(view_id), agent), agent).filter
    return answer(await desk.cases.list(wanted.of(agent, q=q), sort=wanted.sort, cursor=cursor, limit=limit))


def _document(body: ViewBody) -> dict[str, object]:
    return body.filter.model_dump(mode="json", exclude_defaults=True)


def _shown(view: SavedView, agent: Agent) -> ViewView:
    kept = ViewFilter.model_validate(view.filter)
    return ViewView(view.id, view.name, view.shared, view.owner_id == agent.id, kept, view.created_at)
