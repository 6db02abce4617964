"""Puts the console on ticket-core's app."""

from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http import App, problems
from kawal.http.address_limits import AddressLimit
from kawal.pages import Pages, mount_assets
from ticket_core.api.desk import Desk
from ticket_core.console import (
    acting,
    desk_pages,
    detail_forms,
    incident_forms,
    incident_pages,
    join_forms,
    life_forms,
    macro_forms,
    macro_pages,
    mention_pages,
    person_forms,
    presence,
    rule_forms,
    rule_pages,
    signing_in,
    tie_forms,
    webhook_forms,
    webhook_pages,
)
from ticket_core.console.attempts import Attempts
from ticket_core.console.rendering import Console, SignInNeeded, by_htmx
from ticket_core.settings import Settings
from ticket_core.store.lately import Lately

HERE = Path(__file__).parent
_KINDS = {404: "not_found", 429: "too_often", 503: "away"}
COLLEAGUES_FOR_S = 5.0
"""The menu of a case says who is there and how busy; each page has it."""
HTMX = Path("node_modules/htmx.org/dist/htmx.min.js")


def add_console(app: App, desk: Desk, *, settings: Settings) -> None:
    files = {"htmx.js": settings.console_assets / HTMX}
    pages = Pages(HERE, assets=mount_assets(app, HERE / "static", files=files))
    app.state.console = Console(
        desk=desk,
        pages=pages,
        words=desk.vocabulary,
        colleagues=Lately(lambda: desk.staffing.board.agents(now=desk.clock()), for_s=COLLEAGUES_FOR_S),
        attempts=Attempts(),
        limit=AddressLimit(
            "console_sign_ins", settings.wrong_passwords_per_address, unlimited=settings.unlimited_networks
        ),
        clock=desk.clock,
    )
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    for failure in (KawalError, Exception):
        app.add_exception_handler(failure, _told)
    for router in (
        signing_in.router,
        desk_pages.router,
        acting.router,
        life_forms.router,
        detail_forms.router,
        mention_pages.router,
        person_forms.router,
        presence.router,
        join_forms.router,
        tie_forms.router,
        incident_pages.router,
        incident_forms.router,
        incident_forms.one_router,
        incident_forms.case_router,
        rule_forms.router,
        rule_pages.router,
        webhook_forms.router,
        webhook_pages.router,
        macro_forms.router,
        macro_pages.router,
    ):
        app.include_router(router)


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    """Take the agent to the door, and afterwards back to his page; htmx follows a header, a browser a redirect."""
    if by_htmx(request):
        page = urlsplit(request.headers.get("hx-current-url", ""))
        return Response(status_code=401, headers={"HX-Redirect": _door(page.path, page.query)})
    came_from = urlsplit(request.headers.get("referer", "")).path
    # What was posted cannot be asked for again; the page that it was posted from can.
    path, query = (request.url.path, request.url.query) if request.method == "GET" else (came_from, "")
    return RedirectResponse(_door(path, query), status_code=303)


def _door(path: str, query: str) -> str:
    wanted = f"{path}?{query}" if query else path
    return f"/console/sign-in?next={quote(wanted, safe='')}" if wanted else "/console/sign-in"


async def _told(request: Request, error: Exception) -> Response:
    """A page for whoever is at a page, a problem for everybody else."""
    told = problems.from_error(error)
    if not request.url.path.startswith("/console") or by_htmx(request):
        return told
    kind = _KINDS.get(told.status_code, "other")
    console: Console = request.app.state.console
    page = console.response(request, "problem.html", status=told.status_code, kind=kind)
    if (wait := told.headers.get("retry-after")) is not None:
        page.headers["retry-after"] = wait
    return page
