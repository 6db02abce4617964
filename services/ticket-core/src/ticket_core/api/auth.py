"""Who is calling: a script with a bearer token, or an agent with the session cookie of the console."""

import hashlib
import hmac
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request

from kawal.errors import KawalError
from kawal.http.bearer import Unauthorized, bearer_token
from ticket_core.domain.case import Agent
from ticket_core.store.sessions import Sessions

COOKIE = "kawal_session"
BOOTSTRAP = Agent(str(UUID(int=0)), "API", frozenset({"agent", "supervisor"}))
"""In whose name the bootstrap token acts."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOrigin(KawalError):
    status, code, title = 403, "foreign_origin", "This was not sent from our own pages"


class Gatekeeper:
    """`bootstrap_hash` is the SHA-256, in hex, of a token that always gets in."""

    def __init__(self, sessions: Sessions, *, bootstrap_hash: str | None) -> None:
        self._sessions = sessions
        self._bootstrap_hash = bootstrap_hash

    async def agent(self, request: Request) -> Agent:
        """The caller of a request.

        Raises:
            Unauthorized: nobody we know.
            ForeignOrigin: a browser was made to send the cookie by a page that is not ours.
        """
        if "authorization" in request.headers:
            agent = await self._by_token(bearer_token(request))
        else:
            agent = await self._by_cookie(request)
        if agent is None:
            raise Unauthorized("Sign in, or send a valid token")
        return agent

    async def _by_token(self, token: str) -> Agent | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        if self._bootstrap_hash is not None and hmac.compare_digest(digest, self._bootstrap_hash):
            return BOOTSTRAP
        return await self._sessions.read_api_token(token)

    async def _by_cookie(self, request: Request) -> Agent | None:
        token = request.cookies.get(COOKIE)
        if not token:
            return None
        if request.method not in _SAFE_METHODS:
            refuse_foreign(request)
        return await self._sessions.read(token)


def refuse_foreign(request: Request) -> None:
    """Let a write by cookie pass only when our own pages sent it (Fetch Metadata, else the Origin header).

    Raises:
        ForeignOrigin: they did not, or the browser does not say.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site == "same-origin"
    else:
        ours = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", " ")
    if not ours:
        raise ForeignOrigin("Open the console again")


async def current_agent(request: Request) -> Agent:
    gatekeeper: Gatekeeper = request.app.state.desk.gatekeeper
    return await gatekeeper.agent(request)


CurrentAgent = Annotated[Agent, Depends(current_agent)]
"""For a handler's parameter: `async def handler(agent: CurrentAgent)`; nobody else gets in."""
