"""`/v1/cases`: read them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Channel
from kawal.errors import KawalError
from ticket_core.api.answers import answer, problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.domain.case import Agent
from ticket_core.store.queries import MOST_CASES, CaseFilter
from ticket_core.store.timeline import MOST_ENTRIES
from ticket_core.store.views import CasePage, CaseView, TimelinePage

MINE = "me"
NOBODY = "none"

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=problems(401))


class InvalidAssignee(KawalError):
    status, code, title = 422, "invalid_assignee", "This is nobody"


async def case_filter(
    agent: CurrentAgent,
    *,
    state: Annotated[CaseState | None, Query(description="Only this state")] = None,
    active: Annotated[bool, Query(description="Only those that are not resolved or closed")] = False,
    assignee: Annotated[str | None, Query(description="An agent's id, `me` or `none`", max_length=64)] = None,
    channel: Annotated[Channel | None, Query(description="The participant used this channel")] = None,
    topic: Annotated[str | None, Query(description="A topic of complaint", max_length=64)] = None,
    q: Annotated[str | None, Query(description="A number, address, phone, name or words", max_length=200)] = None,
) -> CaseFilter:
    return CaseFilter(
        state=state,
        active=active,
        assignee_id=_assignee(assignee, agent),
        unassigned=assignee == NOBODY,
        channel=channel,
        topic=topic,
        q=q,
    )


def _assignee(written: str | None, agent: Agent) -> str | None:
    if written in (None, NOBODY):
        return None
    if written == MINE:
        return agent.id
    try:
        return str(UUID(written))
    except ValueError as broken:
        raise InvalidAssignee("An agent's id, `me` or `none`") from broken


@router.get("", response_model=CasePage, responses=problems(400, 422))
async def list_cases(
    desk: Annotated[Desk, Depends(desk_of)],
    wanted: Annotated[CaseFilter, Depends(case_filter)],
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CASES)] = 25,
) -> Response:
    """List cases, those with the latest activity first."""
    return answer(await desk.cases.list(wanted, cursor=cursor, limit=limit))


@router.get("/{number}", response_model=CaseView, responses=problems(404))
async def get_case(number: str, desk: Annotated[Desk, Depends(desk_of)], _agent: CurrentAgent) -> Response:
    """One case, by any of its numbers, with or without dashes."""
    return answer(await desk.cases.case(number))


@router.get("/{number}/timeline", response_model=TimelinePage, responses=problems(404, 422))
async def get_timeline(
    number: str,
    desk: Annotated[Desk, Depends(desk_of)],
    _agent: CurrentAgent,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="The last `seq` that is known")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100,
) -> Response:
    """The entries behind `after`, in order. `next_cursor` is the next `after`, or null at the end."""
    return answer(await desk.timelines.page(number, after=after, limit=limit))
