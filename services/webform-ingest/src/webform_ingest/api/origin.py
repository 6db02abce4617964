"""Who may send: our own pages, and programs without an origin.

The session cookie is SameSite=Lax already; this is the second lock. OWASP CSRF Prevention Cheat Sheet, "Verifying
Origin With Standard Headers".
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request

from kawal.errors import KawalError

_SAFE = {"GET", "HEAD", "OPTIONS"}


class ForeignOrigin(KawalError):
    status, code, title = 403, "foreign_origin", "Requests from other sites are refused"


def requires_own_origin(web_url: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses what another site's page sends. `web_url` is our public address."""
    own = _origin(web_url)

    async def check(request: Request) -> None:
        if request.method in _SAFE:
            return
        origin = request.headers.get("origin")
        if origin is None:
            if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
                raise ForeignOrigin("Open the page itself and try again")
        elif origin != own and urlsplit(origin).netloc != request.headers.get("host"):
            raise ForeignOrigin("Open the page itself and try again")

    return check


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
