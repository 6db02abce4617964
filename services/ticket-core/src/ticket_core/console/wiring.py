"""Puts the console on ticket-core's app."""

from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http import App, problems
from kawal.pages import Pages, mount_assets
from kawal.programme import Topics
from ticket_core.api.desk import Desk
from ticket_core.console import acting, desk_pages, signing_in
from ticket_core.console.rendering import Console, SignInNeeded

HERE = Path(__file__).parent
_KINDS = {404: "not_found", 503: "away"}
HTMX = Path("node_modules/htmx.org/dist/htmx.min.js")


def add_console(app: App, desk: Desk, *, programme: Path, assets: Path) -> None:
    """`assets` is the folder into which npm has installed what `package-lock.json` names.

    Raises:
        ProgrammeError: the topics of complaint cannot be used.
    """
    pages = Pages(HERE, assets=mount_assets(app, HERE / "static", files={"htmx.js": assets / HTMX}))
    app.state.console = Console(desk=desk, pages=pages, topics=Topics.load(programme), clock=desk.clock)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.add_exception_handler(KawalError, _told)
    for router in (signing_in.router, desk_pages.router, acting.router):
        app.include_router(router)


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    """Take the agent to the door; htmx follows a header, a browser a redirect."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/console/sign-in"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/console/sign-in?next={quote(wanted, safe='')}", status_code=303)


async def _told(request: Request, error: Exception) -> Response:
    """A page for whoever is at a page, a problem for everybody else."""
    told = problems.from_error(error)
    if not request.url.path.startswith("/console") or request.headers.get("hx-request") == "true":
        return told
    kind = _KINDS.get(told.status_code, "other")
    console: Console = request.app.state.console
    return console.response(request, "problem.html", status=told.status_code, kind=kind)
