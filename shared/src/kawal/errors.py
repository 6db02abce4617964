"""The errors that code is meant to catch, and how each is told to whoever caused it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class KawalError(Exception):
    """An expected outcome that a caller is told about, as RFC 9457 `application/problem+json`.

    Subclasses set `status` (HTTP), `code` (stable, snake_case, part of the API) and `title`; the message is
    the `detail` and must never hold personal data. `members` are further members of the problem, ready for JSON.
    """

    status: int = 400
    code: str = "bad_request"
    title: str = "The request cannot be handled"
    retry_after_s: int | None = None
    members: Mapping[str, Any] = MappingProxyType({})


class TransientError(Exception):
    """Something we depend on is away; the same input will work later. Consumers pause and back off."""


class PermanentError(Exception):
    """This input will never work. Consumers move it to the dead letters and park its key."""
