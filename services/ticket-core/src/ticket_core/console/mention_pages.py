"""The notes that call the agent who looks."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ticket_core.console.navigation import surroundings
from ticket_core.console.rendering import AtConsole, SignedIn, by_htmx

PAGE = 25

router = APIRouter(prefix="/console/mentions", include_in_schema=False)


@router.get("")
async def mentions_page(
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The latest first. What is shown was seen: it is marked as new here, and only here."""
    page = await console.desk.mentions.page(agent.id, cursor=cursor, limit=PAGE)
    if by_htmx(request):
        return console.response(request, "mention_rows.html", page=page)
    if page.unseen and cursor is None:
        await console.desk.mentions.seen(agent.id, mark=page.mark)
    around = await surroundings(console, agent, here="mentions")
    return console.response(request, "mentions.html", **around, page=page)


@router.get("/count")
async def count_part(request: Request, console: AtConsole, agent: SignedIn) -> Response:
    """How many he has not seen."""
    unseen = await console.desk.mentions.unseen(agent.id)
    return console.response(request, "mention_count.html", unseen_mentions=unseen)
