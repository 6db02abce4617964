"""Posts to subscribers, and only to where our own network does not begin.

A name is looked up by us, its address is checked, and that very address is connected to: a second look-up by the HTTP
client could find another one (DNS rebinding). The certificate is still checked for the name.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from ticket_core.domain.errors import WebhookUrlRefused

TIMEOUT_S = 10.0
LOOK_UP_S = 5.0
MOST_READ = 16 * 1024
MOST_CONNECTIONS = 16
# Addresses that carry an IPv4 address inside, which may be anybody's: 6to4 (RFC 3056) and NAT64 (RFC 6052, RFC 8215).
_CARRIERS = tuple(map(ip_network, ("2002::/16", "64:ff9b::/96", "64:ff9b:1::/48")))

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


class Failure(StrEnum):
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Answer:
    """`failure` is `None` after a 2xx; a redirect is a failure."""

    status: int | None
    failure: Failure | None


Post = Callable[[Mapping[str, str], bytes], Awaitable[Answer]]


class WebhookSender:
    """`networks` are those that may be reached besides all public ones, and without TLS: within, and for trials."""

    def __init__(self, *, networks: Sequence[Network] = (), tls: ssl.SSLContext | None = None) -> None:
        self._networks = tuple(networks)
        self._tls = tls or ssl.create_default_context()

    async def check(self, url: str) -> None:
        """Raises `WebhookUrlRefused`: nothing would be sent there."""
        await self._address(_parsed(url))

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[Post]:
        """Connections to `url`, used again while the block runs. Whatever goes wrong is an `Answer`."""
        try:
            parsed = _parsed(url)
            address = await self._address(parsed)
        except WebhookUrlRefused:
            yield _refuse
            return
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS)
        client = httpx.AsyncClient(verify=self._tls, timeout=TIMEOUT_S, limits=limits, trust_env=False)
        try:
            yield _Place(client, parsed.copy_with(host=str(address)), parsed).post
        finally:
            await _closed(client)

    async def _address(self, url: httpx.URL) -> _Address:
        """Where `url` leads.

        Raises:
            WebhookUrlRefused: to no address, to one that is not public, or to a public one without TLS.
        """
        try:
            async with asyncio.timeout(LOOK_UP_S):
                found = await asyncio.get_running_loop().getaddrinfo(
                    url.host, url.port or 443, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
                )
        except (OSError, ValueError, OverflowError, TimeoutError) as unknown:
            raise WebhookUrlRefused("The name has no address") from unknown
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or not all(self._is_allowed(one, tls=url.scheme == "https") for one in addresses):
            raise WebhookUrlRefused("It must begin with https:// and lead to a public address")
        return addresses[0]

    def _is_allowed(self, address: _Address, *, tls: bool) -> bool:
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in self._networks):
            return True
        carried = any(plain in network for network in _CARRIERS)
        return tls and plain.is_global and not plain.is_multicast and not carried


@dataclass(frozen=True, slots=True)
class _Place:
    client: httpx.AsyncClient
    address: httpx.URL
    named: httpx.URL

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._post(headers, body)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(None, Failure.TIMEOUT)
        except httpx.HTTPError:
            return Answer(None, Failure.UNREACHABLE)

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        host = self.named.netloc.decode("ascii")
        async with self.client.stream(
            "POST",
            self.address,
            headers={**headers, "host": host, "user-agent": "Kawal"},
            content=body,
            extensions={"sni_hostname": self.named.host},
        ) as response:
            read = 0
            async for part in response.aiter_raw():  # a short answer is read to its end: the connection can be kept
                read += len(part)
                if read > MOST_READ:
                    break
            return Answer(response.status_code, None if response.is_success else Failure.STATUS)


async def _closed(client: httpx.AsyncClient) -> None:
    """Close all its connections, even if we are cancelled meanwhile: httpx would forget those that are still open."""
    closing = asyncio.create_task(client.aclose())
    try:
        await asyncio.shield(closing)
    finally:
        await closing


async def _refuse(_headers: Mapping[str, str], _body: bytes) -> Answer:
    return Answer(None, Failure.ADDRESS_REFUSED)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as broken:
        raise WebhookUrlRefused("This is not a URL") from broken
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.fragment:
        raise WebhookUrlRefused("A URL of https://, without a password or a fragment")
    if not 0 < (parsed.port or 443) < 2**16:
        raise WebhookUrlRefused("There is no such port")
    return parsed
