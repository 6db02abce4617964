"""The door of the console: sign in, sign out, choose a language."""

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from kawal.contracts.words import Locale
from kawal.http.addresses import host_of, line_of
from ticket_core.api.auth import COOKIE, refuse_foreign
from ticket_core.console.attempts import Attempt
from ticket_core.console.rendering import LANGUAGE_COOKIE, AtConsole
from ticket_core.store.sessions import LIFETIME

HOME = "/console/"

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/sign-in")
async def show_sign_in(request: Request, console: AtConsole, next: str = HOME) -> Response:  # noqa: A002 the URL's word
    return console.response(request, "sign_in.html", next=_inside(next), email="", failed=False)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    console: AtConsole,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=1_000)],
    next: Annotated[str, Form(max_length=2_000)] = HOME,  # noqa: A002 the form's word
) -> Response:
    """Open a session; a wrong address and a wrong password look the same."""
    refuse_foreign(request)
    who = Attempt(email.strip().lower(), line_of(host_of(request.scope)))
    console.limit.take(request.scope)
    console.attempts.begin(who, now=time.monotonic())
    agent = await console.desk.agents.authenticate(email=email, password=password)
    if agent is None:
        return console.response(request, "sign_in.html", status=401, next=_inside(next), email=email, failed=True)
    console.attempts.succeeded(who)
    console.limit.give_back(request.scope)
    response = RedirectResponse(_inside(next), status_code=303)
    response.set_cookie(
        COOKIE,
        await console.desk.sessions.create(agent.id),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        secure=_by_https(request),
        samesite="lax",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request, console: AtConsole) -> Response:
    refuse_foreign(request)
    if token := request.cookies.get(COOKIE):
        await console.desk.sessions.revoke(token)
    response = RedirectResponse("/console/sign-in", status_code=303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/language/{locale}")
async def choose_language(locale: Locale, next: str = HOME) -> Response:  # noqa: A002 the URL's word
    response = RedirectResponse(_inside(next), status_code=303)
    response.set_cookie(LANGUAGE_COOKIE, locale, max_age=365 * 24 * 3600, httponly=True, samesite="lax")
    return response


def _by_https(request: Request) -> bool:
    """Whether the browser came by HTTPS, to us or to the proxy in front; whoever lies only spoils his own cookie."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def _inside(path: str) -> str:
    """`path` if it stays in the console: nobody is to be sent to another site from here."""
    return path if path.startswith(HOME) and "\\" not in path and "//" not in path else HOME
