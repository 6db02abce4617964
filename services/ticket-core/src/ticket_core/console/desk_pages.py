"""The desk: a list of cases, one of them in full. Whole pages for a browser, parts of them for htmx."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from uuid_utils import uuid7

from ticket_core.console import showing
from ticket_core.console.navigation import active_count, surroundings
from ticket_core.console.places import Looking, Place
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent
from ticket_core.store.queries import plain_number
from ticket_core.store.timeline import MOST_ENTRIES

PAGE = 40

router = APIRouter(prefix="/console", include_in_schema=False)


async def list_wanted(
    agent: SignedIn,
    place: Place = Place.OPEN,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Looking:
    """The part of a URL that says which list is shown."""
    return Looking(place, q.strip(), agent)


Wanted = Annotated[Looking, Depends(list_wanted)]
Cursor = Annotated[str | None, Query(max_length=200)]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("")
async def home() -> Response:
    return RedirectResponse("/console/", status_code=303)


@router.get("/")
async def desk_page(request: Request, console: AtConsole, wanted: Wanted) -> Response:
    """The list alone; on a wide screen with an empty place for a case. Live from before it was read: no gap."""
    around = await surroundings(console, wanted.agent, here=wanted.place)
    return console.response(request, "desk.html", case=None, **around | await _list(console, wanted))


@router.get("/list")
async def list_part(request: Request, console: AtConsole, wanted: Wanted, cursor: Cursor = None) -> Response:
    """The list, or its next lines when there is a cursor."""
    template = "rows.html" if cursor else "list.html"
    return console.response(request, template, **await _list(console, wanted, cursor=cursor))


@router.get("/count")
async def count_part(console: AtConsole, _agent: SignedIn) -> Response:
    """How many cases need somebody."""
    return PlainTextResponse(str(await active_count(console)))


@router.get("/rows/{number}")
async def row_part(request: Request, console: AtConsole, wanted: Wanted, number: str) -> Response:
    """One line, after its case changed; 204 when it is not in this list (any more)."""
    case = await console.desk.cases.case(number)
    merged = case.number != plain_number(number)  # into another one, which has a line of its own
    if merged or not wanted.shows(case):
        return Response(status_code=204)
    glimpses = await console.desk.glimpses.of([case])
    return console.response(request, "row.html", case=case, looking=wanted, glimpses=glimpses, open_number=None)


@router.get("/cases/{number}")
async def case_page(
    request: Request, console: AtConsole, wanted: Wanted, number: str, before: Before = None
) -> Response:
    """A case: the part when the list is there already, the whole page otherwise."""
    if by_htmx(request):
        case = await _case(console, number, wanted.agent, before=before)
        return console.response(request, "case.html", looking=wanted, **case)
    return await _whole(request, console, wanted, number, before=before)


@router.get("/cases/{number}/around")
async def around_part(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Response:
    """What changes around the timeline: state, assignee, topic; ways to answer; the participant."""
    return console.response(request, "around.html", **await case_context(console, number, agent))


@router.get("/cases/{number}/earlier")
async def earlier_part(
    request: Request, console: AtConsole, _agent: SignedIn, number: str, before: Before = None
) -> Response:
    """The entries before `before`, and the way to those before them."""
    case = await console.desk.cases.case(number)
    items = await console.desk.timelines.latest(number, before=before)
    return console.response(request, "earlier.html", case=case, items=items)


@router.get("/cases/{number}/entries")
async def entries_part(
    request: Request,
    console: AtConsole,
    _agent: SignedIn,
    number: str,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """The entries behind `after`; what they say of earlier ones comes along as replacements."""
    page = await console.desk.timelines.page(number, after=after, limit=MOST_ENTRIES)
    case = await console.desk.cases.case(number)
    told = {item.about for item in page.items if item.about is not None}
    told |= await console.desk.timelines.seen(number, in_items=page.items)
    told |= {seq for item in page.items for seq in item.payload.get("seqs", ())}
    earlier = [await _entry(console, number, seq) for seq in sorted(told) if seq <= after]
    # Of the page, not of the case: what was committed since the page was read is still to be asked for.
    last_seq = page.items[-1].seq if page.items else after
    return console.response(
        request,
        "entries.html",
        case=case,
        items=page.items,
        earlier=earlier,
        last_seq=last_seq,
        more=page.next_cursor is not None,
    )


async def whole_case(request: Request, console: Console, agent: Agent, number: str, **changes: Any) -> Response:
    """The page of a case; `changes` is what differs from one that was just opened."""
    return await _whole(request, console, Looking(Place.OPEN, "", agent), number, **changes)


async def _whole(
    request: Request, console: Console, wanted: Looking, number: str, *, before: int | None = None, **changes: Any
) -> Response:
    around = await surroundings(console, wanted.agent, here=wanted.place)
    case, cases = await asyncio.gather(_case(console, number, wanted.agent, before=before), _list(console, wanted))
    return console.response(request, "desk.html", **around | cases | case | changes)


async def case_context(console: Console, number: str, agent: Agent) -> dict[str, Any]:
    """All that the case view shows around the timeline."""
    desk = console.desk
    case = await desk.cases.case(number)
    participant, agents, incidents = await asyncio.gather(
        desk.people.participant(case.participant_id), console.colleagues.get(), desk.incidents.choices(case.incident_id)
    )
    return {
        "agent": agent,
        "case": case,
        "participant": participant,
        "agents": agents,
        "incidents": incidents,
        "answer_to": showing.answers_go_to(case),
        "key": str(uuid7()),
        "used_tags": [one.tag for one in await desk.tags.used()],
        "fields": console.words.fields_for(case.topic),
        "macros": await desk.macros.meant_for(case.topic, agent),
        "inserted": None,
        "seen": case.last_seq,
        "drafts": {},
        "problems": {},
        "news": {},
        "open_number": case.number,
    }


async def _case(console: Console, number: str, agent: Agent, *, before: int | None) -> dict[str, Any]:
    """The case view, with the latest of its timeline, or what came before `before`."""
    around, items = await asyncio.gather(
        case_context(console, number, agent), console.desk.timelines.latest(number, before=before)
    )
    # Of what is shown, not of the case: what was committed between the two is still to be asked for.
    last_seq = items[-1].seq if items else 0
    return {**around, "items": items, "last_seq": last_seq, **({} if before else {"seen": last_seq})}


async def _entry(console: Console, number: str, seq: int) -> Any:
    page = await console.desk.timelines.page(number, after=seq - 1, limit=1)
    return page.items[0]


async def _list(console: Console, wanted: Looking, *, cursor: str | None = None) -> dict[str, Any]:
    page = await console.desk.cases.list(wanted.filter, cursor=cursor, limit=PAGE)
    glimpses = await console.desk.glimpses.of(page.items)
    return {"agent": wanted.agent, "looking": wanted, "page": page, "glimpses": glimpses, "open_number": None}
