"""The switch in the header: whether the agent is given cases."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.presence import Presence

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/presence")
async def presence_part(request: Request, console: AtConsole, agent: SignedIn) -> Response:
    """The switch as it is by now: an agent also goes away by himself, and in another window."""
    return await _switch(request, console, agent.id)


@router.post("/presence")
async def choose(
    request: Request, console: AtConsole, agent: SignedIn, presence: Annotated[Presence, Form()]
) -> Response:
    staffing = console.desk.staffing
    await staffing.attendances.choose(agent.id, presence, now=console.clock())
    staffing.changed()
    if not by_htmx(request):
        return RedirectResponse("/console/", status_code=303)
    return await _switch(request, console, agent.id)


async def presence_of(console: Console, agent_id: str) -> Presence:
    return (await console.desk.staffing.presence(agent_id, now=console.clock())).presence


async def _switch(request: Request, console: Console, agent_id: str) -> Response:
    return console.response(request, "presence.html", presence=await presence_of(console, agent_id))
