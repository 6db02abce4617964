"""The door of the console: sign in, sign out, choose a language."""

import time
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from ticket_core.api.auth import COOKIE, refuse_foreign
from ticket_core.console.rendering import LANGUAGE_COOKIE, AtConsole
from ticket_core.store.sessions import LIFETIME

HOME = "/console/"
ATTEMPTS = 10
ATTEMPTS_WITHIN_S = 300
MOST_REMEMBERED = 10_000

router = APIRouter(prefix="/console", include_in_schema=False)


class TooManyAttempts(KawalError):
    status, code, title = 429, "too_many_attempts", "Too many attempts"
    retry_after_s = ATTEMPTS_WITHIN_S


class Attempts:
    """Counts failed sign-ins by address, so that passwords cannot be tried out; forgets the oldest first."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str, *, now: float) -> None:
        """Raises `TooManyAttempts`."""
        recent = [at for at in self._failed.get(address, ()) if now - at < ATTEMPTS_WITHIN_S]
        if len(recent) >= ATTEMPTS:
            raise TooManyAttempts("Wait a few minutes")

    def failed(self, address: str, *, now: float) -> None:
        before = self._failed.pop(address, [])
        self._failed[address] = [*before, now][-ATTEMPTS:]
        if len(self._failed) > MOST_REMEMBERED:
            self._failed.popitem(last=False)

    def succeeded(self, address: str) -> None:
        self._failed.pop(address, None)


_attempts = Attempts()


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
    address = email.strip().lower()
    _attempts.check(address, now=time.monotonic())
    agent = await console.desk.agents.authenticate(email=address, password=password)
    if agent is None:
        _attempts.failed(address, now=time.monotonic())
        return console.response(
            request, "sign_in.html", status=401, next=_inside(next), email=email.strip(), failed=True
        )
    _attempts.succeeded(address)
    response = RedirectResponse(_inside(next), status_code=303)
    response.set_cookie(
        COOKIE,
        await console.desk.sessions.create(agent.id),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        secure=request.url.scheme == "https",
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


def _inside(path: str) -> str:
    """`path` if it stays in the console: nobody is to be sent to another site from here."""
    return path if path.startswith(HOME) and "\\" not in path and "//" not in path else HOME
