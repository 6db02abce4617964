"""Which sites may embed the widget (RFC 6454 origins)."""

from collections.abc import Sequence

from starlette.types import Scope

from kawal.http.origins import host_of

ANY = "*"


class Origins:
    """The allow-list. A page of this server may always; `*` only when it is set explicitly.

    A client that sends no `Origin` is no browser, so no site can be misusing its user. There are no cookies.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    def allow(self, scope: Scope) -> bool:
        """Whether the request may come from where it comes."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        if origin is None or ANY in self._allowed:
            return True
        text = origin.decode("latin-1").lower()
        return text in self._allowed or host_of(text) == headers.get(b"host", b"").decode("latin-1").lower()
