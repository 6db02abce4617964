"""Keeps personal data out of what operators read: errors without the input they quote, no telling keys."""

from collections.abc import Iterator
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any

from sqlalchemy.exc import DBAPIError

from kawal.errors import KawalError, PermanentError, TransientError

FORBIDDEN_KEYS = frozenset(
    [
        "address",
        "answers",
        "authorization",
        "body",
        "cookie",
        "email",
        "identities",
        "name",
        "nik",
        "password",
        "phone",
        "text",
        "token",
        "value",
    ]
)
REDACTED = "[redacted]"
_MESSAGE_LIMIT = 500
_FRAMES_LIMIT = 12
# Errors whose message repeats the input: pydantic, json and int() are ValueErrors, asyncpg quotes the row.
_QUOTES_INPUT = (ValueError, LookupError, UnicodeError)
_SAFE_MESSAGE = (KawalError, TransientError, PermanentError)


def redact(event: dict[str, Any]) -> None:
    """Blank out values under keys that must never be logged, in place."""
    for key in FORBIDDEN_KEYS & event.keys():
        event[key] = REDACTED


def describe(error: BaseException) -> str:
    """`Class: message` of an error and of its causes, without messages that may quote what people wrote.

    Wrappers that say the same again are left out.
    """
    return " <- ".join(dict.fromkeys(_describe_one(link) for link in _chain(error)))


def frames(traceback: TracebackType | None) -> list[str]:
    """The innermost frames, `file.py:line function`, outermost first; never source lines or values."""
    walked = [(frame.f_code, line) for frame, line in walk_tb(traceback)]
    return [f"{_short(code.co_filename)}:{line} {code.co_name}" for code, line in walked[-_FRAMES_LIMIT:]]


def _describe_one(error: BaseException) -> str:
    name = type(error).__name__
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    if isinstance(sqlstate, str):
        return f"{name}: sqlstate {sqlstate}"
    quotes = isinstance(error, (*_QUOTES_INPUT, DBAPIError)) and not isinstance(error, _SAFE_MESSAGE)
    message = "" if quotes else str(error)[:_MESSAGE_LIMIT]
    return f"{name}: {message}" if message else name


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-3:])
