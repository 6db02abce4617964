"""Who may send: our own pages, and programs without an origin.

The session cookie is SameSite=Lax already; this is the second lock. OWASP CSRF Prevention Cheat Sheet, "Verifying
Origin With Standard Headers".
"""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from kawal.errors import KawalError
from kawal.http.bodies import Refusal
from kawal.http.origins import host_of

_SAFE = {"GET", "HEAD", "OPTIONS"}


class ForeignOrigin(KawalError):
    status, code, title = 403, "foreign_origin", "Requests from other sites are refused"


class OriginGate:
    """Refuses what another site's page sends, at every door. `web_url` is our public address."""

    def __init__(self, app: ASGIApp, *, web_url: str, refusal: Refusal) -> None:
        parts = urlsplit(web_url)
        self._app = app
        self._own = f"{parts.scheme}://{parts.netloc}"
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE and self._is_foreign(dict(scope["headers"])):
            error = ForeignOrigin("Open the page itself and try again")
            await self._refusal(scope, error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_foreign(self, headers: dict[bytes, bytes]) -> bool:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin:
            return headers.get(b"sec-fetch-site") in {b"cross-site", b"same-site"}
        here = headers.get(b"host", b"").decode("latin-1")
        return origin != self._own and host_of(origin) != here.lower()
