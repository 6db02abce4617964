"""Whose request it is: the client's address, also behind proxies of ours, and what counts as one client.

Only `X-Forwarded-For` is read. Whoever asks may write it, and `Forwarded` (RFC 7239) too; a proxy appends to the one
that it knows and passes the other on as it came, so nobody could tell which of two to believe.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

REMEMBERED = 10_000
LONGEST = 64
"""Characters of an address as proxies write it, with brackets, scope and port; anything longer is none."""
_HEADER = b"x-forwarded-for"
_ONE_LINE_V6 = 64
"""Bits of an IPv6 address that name one subscriber's line; the rest its devices choose as they like (RFC 8981)."""


class ClientAddress:
    """Puts the client's address into `scope["client"]`, where what connects to us is one of the `trusted` proxies.

    Each proxy has appended whom it was connected to, so the header is read from its end for as long as the proxies are
    ours: what stands before that, anybody can have written.
    """

    def __init__(self, app: ASGIApp, *, trusted: Networks) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = parsed(host_of(scope))
        if peer is not None and is_in(peer, self._trusted):
            scope["client"] = (str(self._behind(peer, scope)), 0)
        await self._app(scope, receive, send)

    def _behind(self, peer: Address, scope: Scope) -> Address:
        """The first hop from the end that is no proxy of ours; of what cannot be read, whoever has passed it on."""
        written = b",".join(value for name, value in scope["headers"] if name == _HEADER)
        for part in reversed(str(written, "latin-1").split(",")):
            hop = parsed(part)
            if hop is None:
                return peer
            peer = hop
            if not is_in(hop, self._trusted):
                return hop
        return peer


def host_of(scope: Scope) -> str:
    """The client's address as it was written; empty where there is none, as for a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def parsed(written: str) -> Address | None:
    """An address, with the port that some proxies append cut off; `None` when it is none."""
    host = written.strip()
    return _parsed(host) if len(host) <= LONGEST else None


@lru_cache(maxsize=REMEMBERED)
def _parsed(host: str) -> Address | None:
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=REMEMBERED)
def is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=REMEMBERED)
def line_of(host: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address, all of which one subscriber has."""
    address = parsed(host)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _ONE_LINE_V6), strict=False))
    return str(address or host)
