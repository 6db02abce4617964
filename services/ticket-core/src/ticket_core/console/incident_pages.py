"""Incidents: what is suggested, which there are, and one of them in full."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from uuid_utils import uuid7

from ticket_core.api.incidents import incident_page
from ticket_core.console.navigation import surroundings
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent

PAGE = 25
FEW = 10
CASES = 50

router = APIRouter(prefix="/console/incidents", include_in_schema=False)

Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def incidents_page(
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    state: Literal["open", "resolved"] = "open",
    cursor: Cursor = None,
) -> Response:
    """What is suggested and what is open, or what is over; for htmx, the next lines."""
    if by_htmx(request) and cursor:
        page = await incident_page(console.desk, state=state, cursor=cursor, limit=PAGE)
        return console.response(request, "incident_rows.html", page=page, state=state)
    return await shown(request, console, agent, state=state, cursor=cursor)


@router.get("/count")
async def count_part(request: Request, console: AtConsole, _agent: SignedIn) -> Response:
    """How many suggestions wait for somebody to decide."""
    _, suggested = await console.desk.rises.counts()
    return console.response(request, "incident_count.html", suggested_incidents=suggested)


@router.get("/{incident_id}")
async def one_page(
    request: Request, console: AtConsole, agent: SignedIn, incident_id: UUID, after: UUID | None = None
) -> Response:
    """One incident; for htmx, its next cases."""
    if by_htmx(request) and after:
        cases = await console.desk.incidents.cases(str(incident_id), after=str(after), limit=CASES)
        return console.response(request, "incident_case_rows.html", cases=cases, incident_id=str(incident_id))
    return await in_full(request, console, agent, str(incident_id), after=str(after) if after else None)


@router.get("/{incident_id}/updates")
async def updates_part(request: Request, console: AtConsole, _agent: SignedIn, incident_id: UUID) -> Response:
    """How far telling has come."""
    context = await incident_context(console, str(incident_id))
    return console.response(request, "incident_updates.html", **context)


async def shown(
    request: Request,
    console: Console,
    agent: Agent,
    *,
    state: Literal["open", "resolved"] = "open",
    cursor: str | None = None,
    **changes: Any,
) -> Response:
    """The page of all incidents; `changes` is what differs from one that was just opened."""
    around = await surroundings(console, agent, here="incidents")
    suggestions, page, over = await asyncio.gather(
        console.desk.rises.suggested(),
        incident_page(console.desk, state=state, cursor=cursor, limit=PAGE),
        incident_page(console.desk, state="resolved", cursor=None, limit=FEW),
    )
    context = {
        "suggestions": suggestions,
        "examples": await console.desk.rises.examples([one.id for one in suggestions]),
        "page": page,
        "over": over,
        "state": state,
        "key": str(uuid7()),
        "problem": None,
    }
    return console.response(request, "incidents.html", **around | context | changes)


async def in_full(
    request: Request, console: Console, agent: Agent, incident_id: str, *, after: str | None = None, **changes: Any
) -> Response:
    """The page of one incident; `changes` is what differs from one that was just opened."""
    around = await surroundings(console, agent, here="incidents")
    context = await incident_context(console, incident_id, after=after)
    return console.response(request, "incident.html", **around | context | changes)


async def incident_context(console: Console, incident_id: str, *, after: str | None = None) -> dict[str, Any]:
    """All that is shown of an incident."""
    incidents = console.desk.incidents
    incident, updates, cases = await asyncio.gather(
        incidents.get(incident_id),
        incidents.updates(incident_id),
        incidents.cases(incident_id, after=after, limit=CASES),
    )
    return {
        "incident": incident,
        "incident_id": incident_id,
        "updates": updates,
        "cases": cases,
        "key": str(uuid7()),
        "texts": {"id": "", "en": ""},
        "audience": None,
        "results": None,
        "resolved_results": None,
        "problem": None,
        "update_problem": None,
        "oob": False,
    }
