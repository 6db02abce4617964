"""What every console page needs: the agent, his language, the words around the data."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from kawal.http.address_limits import AddressLimit
from kawal.pages import Pages
from ticket_core.adapters.vocabulary import Vocabulary
from ticket_core.api.auth import COOKIE, refuse_foreign
from ticket_core.api.desk import Desk
from ticket_core.console import showing
from ticket_core.console.attempts import Attempts
from ticket_core.domain.case import Agent
from ticket_core.store.board import AgentAtWork
from ticket_core.store.lately import Lately

LANGUAGE_COOKIE = "kawal_language"


class SignInNeeded(KawalError):
    """Not a problem to show: the agent is taken to the sign-in page, and back."""

    status, code, title = 401, "sign_in_needed", "Sign in first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """In `app.state.console`: what the routes of the console share."""

    desk: Desk
    pages: Pages
    words: Vocabulary
    colleagues: Lately[list[AgentAtWork]]
    attempts: Attempts
    limit: AddressLimit
    clock: Callable[[], datetime]

    def response(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        return self.pages.response(template, locale=language(request), status=status, **self._with(request, context))

    def _with(self, request: Request, context: dict[str, Any]) -> dict[str, Any]:
        """The words around the data. `now` is the moment that relative times count from."""
        locale = language(request)
        return {
            "agent": None,
            "now": self.clock(),
            "show": showing,
            "topic_label": lambda key: self.words.topics.label(key, locale=locale),
            "own_words": lambda answers: showing.own_words(answers, topics=self.words.topics),
            "topic_groups": showing.topic_groups(self.words.topics, locale=locale),
            "topic_names": lambda key: {one: self.words.topics.label(key, locale=one) if key else "" for one in Locale},
            "resolution_reasons": [(one.key, one.label.into(locale)) for one in self.words.reasons.resolution],
            "hold_reasons": [(one.key, one.label.into(locale)) for one in self.words.reasons.on_hold],
            "reason_label": lambda key: self.words.reasons.label(key, locale=locale),
            "field_label": lambda key: self.words.fields.label(key, locale=locale),
            "refusal": lambda code: self._refusal(code, locale=locale),
            "choice_label": lambda key, value: self.words.fields.choice_label(key, value, locale=locale),
            **context,
        }

    def _refusal(self, code: str, *, locale: Locale) -> str:
        """What a problem's code means to an agent."""
        try:
            return self.pages.texts.get(f"console.refusal.{code}", locale=locale)
        except KeyError:
            return self.pages.texts.get("console.refused", locale=locale)


def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


async def console_of(request: Request) -> Console:
    return _console(request)


async def signed_in(request: Request) -> Agent:
    """The agent of the session cookie.

    Raises:
        SignInNeeded: there is none, or the session is over.
        ForeignOrigin: another site's page sent this.
    """
    if request.method not in ("GET", "HEAD"):
        refuse_foreign(request)
    token = request.cookies.get(COOKIE)
    agent = await _console(request).desk.sessions.read(token) if token else None
    if agent is None:
        raise SignInNeeded
    return agent


def language(request: Request) -> Locale:
    """What the agent chose, else what the browser prefers, else Indonesian."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in tuple(Locale):
        return Locale(chosen)
    preferred = request.headers.get("accept-language", "").strip().lower()
    return Locale.ENGLISH if preferred.startswith("en") else Locale.INDONESIAN


def by_htmx(request: Request) -> bool:
    """Whether a part of the page was asked for by script; without, and for going back, whole pages are answered."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


SignedIn = Annotated[Agent, Depends(signed_in)]
AtConsole = Annotated[Console, Depends(console_of)]
