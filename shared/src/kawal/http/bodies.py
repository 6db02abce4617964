"""The gate in front of every handler: a body within its bounds, and text that is UTF-8.

Starlette replaces what it cannot decode in forms and queries; a person's words must never be changed in silence.
"""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kawal.errors import KawalError
from kawal.http import problems

DEFAULT_LIMIT = 64 * 1024
READ_WITHIN_S = 30.0
_FORM = b"application/x-www-form-urlencoded"
# Whole surrogate pairs first; the group is what else stands behind `\\u`.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u([0-9A-Fa-f]{4})|.)", re.DOTALL)


class BodyTooLarge(KawalError):
    status, code, title = 413, "body_too_large", "The body is too large"


class BodyTooSlow(KawalError):
    status, code, title = 408, "body_too_slow", "The body took too long to arrive"


class Multipart(KawalError):
    status, code, title = 415, "unsupported_media_type", "No body in several parts is taken here"


class NotText(KawalError):
    status, code, title = 400, "invalid_encoding", "The request is not UTF-8 text"


Refusal = Callable[[Scope, KawalError], ASGIApp]


def refused(_scope: Scope, error: KawalError) -> ASGIApp:
    """A refusal as a problem."""
    return problems.from_error(error)


class BodyGate:
    """Answers 400, 408, 413 or 415 itself; a handler behind it sees only what may pass, in one piece."""

    def __init__(self, app: ASGIApp, *, limit: int, refusal: Refusal) -> None:
        self._app = app
        self._refusal = refusal
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            passed = await self._pass(scope, receive)
        except KawalError as refused:
            await self._refusal(scope, refused)(scope, receive, send)
            return
        if passed is not None:
            await self._app(scope, passed, send)

    async def _pass(self, scope: Scope, receive: Receive) -> Receive | None:
        """What the handler may receive from; `None` when the client has gone away."""
        headers = dict(reversed(scope["headers"]))  # of two with one name the first counts, as in Starlette
        check_quoted(scope["query_string"])
        check_quoted(scope.get("raw_path") or b"")
        declared = headers.get(b"content-length")
        if declared is None and b"transfer-encoding" not in headers:
            return receive
        if declared is not None:
            self._check_length(declared)
        body = await self._read(receive)
        if body is None:
            return None
        _check_body(body, media_type=headers.get(b"content-type", b"").lower())
        return _replay(body, receive)

    def _check_length(self, declared: bytes) -> None:
        if not declared.isdigit():
            raise NotText("Content-Length is not a number")
        if int(declared) > self._limit:
            raise BodyTooLarge(f"At most {self._limit} bytes")

    async def _read(self, receive: Receive) -> bytes | None:
        """All of the body: it is small, and a handler would read all of it anyway."""
        body = bytearray()
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._limit:
                        raise BodyTooLarge(f"At most {self._limit} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as slow:
            raise BodyTooSlow(f"At most {READ_WITHIN_S:.0f} seconds") from slow


def check_quoted(quoted: bytes) -> None:
    """Refuse percent-encoded bytes that are not UTF-8, and NUL, which PostgreSQL cannot store.

    Raises:
        NotText: 400.
    """
    if b"%" not in quoted and quoted.isascii():
        return
    plain = unquote_to_bytes(quoted)
    _check_utf8(plain)
    if b"\0" in plain:
        raise NotText("It holds a NUL character")


def check_json(text: bytes) -> None:
    """Refuse JSON that is not UTF-8, or whose escapes are no text: NUL, and halves of surrogate pairs.

    Raises:
        NotText: 400.
    """
    _check_utf8(text)
    if b"\\u" not in text:
        return
    # Backslashes occur in strings only, so this walks over whole escapes, escaped backslashes too.
    escaped = (int(digits, 16) for digits in _ESCAPE.findall(text) if digits)
    if any(code == 0 or 0xD800 <= code <= 0xDFFF for code in escaped):
        raise NotText("It holds an escape that is no character")


def _check_body(body: bytes, *, media_type: bytes) -> None:
    """Refuse what no handler wants. The kind is looked for anywhere: a handler may read `media_type` otherwise."""
    if b"multipart" in media_type:
        raise Multipart("Send a form urlencoded")
    if _FORM in media_type:
        check_quoted(body)
    elif b"json" in media_type:
        check_json(body)


def _check_utf8(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as broken:
        raise NotText("It holds bytes that are not UTF-8") from broken


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
