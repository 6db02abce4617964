"""`/v1/cases`: read them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from ticket_core.api.answers import answer, problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.api.filters import ViewFilter, view_filter
from ticket_core.api.versions import ETAG, etag
from ticket_core.store.queries import MOST_CASES
from ticket_core.store.timeline import MOST_ENTRIES
from ticket_core.store.views import CasePage, CaseView, TimelinePage

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=problems(401))


@router.get("", response_model=CasePage, responses=problems(400, 422))
async def list_cases(
    desk: Annotated[Desk, Depends(desk_of)],
    agent: CurrentAgent,
    *,
    wanted: Annotated[ViewFilter, Depends(view_filter)],
    q: Annotated[str | None, Query(description="A number, address, phone, name or words", max_length=200)] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CASES)] = 25,
) -> Response:
    """List cases, those with the latest activity first unless another order is asked for.

    With `q` it is a search, and `matches` says where each case was found. Words are found in either language, in
    any form (`membayar` finds `dibayar`), the last one also by its beginning; `"in quotes"` as they stand, `or`, and
    `-without`. Search knows what was written about a second ago.
    """
    return answer(await desk.cases.list(wanted.of(agent, q=q), sort=wanted.sort, cursor=cursor, limit=limit))


@router.get("/{number}", response_model=CaseView, responses={200: {"headers": ETAG}, **problems(404)})
async def get_case(number: str, desk: Annotated[Desk, Depends(desk_of)], _agent: CurrentAgent) -> Response:
    """One case, by any of its numbers, with or without dashes.

    Its `ETag` is `"NUMBER.LAST_SEQ"`, so who has the two from a list or from the answer to a command knows it as well.
    """
    case = await desk.cases.case(number)
    return answer(case, headers={"etag": etag(case.number, case.last_seq)})


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
