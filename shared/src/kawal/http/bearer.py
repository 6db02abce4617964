"""Bearer tokens (RFC 6750) between services and from scripts."""

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request
from pydantic import SecretStr

from kawal.errors import KawalError


class Unauthorized(KawalError):
    status, code, title = 401, "unauthorized", "Say who you are"


def bearer_token(request: Request) -> str:
    """The token of the `Authorization` header.

    Raises:
        Unauthorized: there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send a bearer token")
    return token.strip()


def requires_bearer(secret: SecretStr) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets only those pass who know `secret`; compared in constant time."""
    expected = secret.get_secret_value().encode()

    async def check(request: Request) -> None:
        if not hmac.compare_digest(bearer_token(request).encode(), expected):
            raise Unauthorized("The token is not valid")

    return check
