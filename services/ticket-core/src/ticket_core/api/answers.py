"""Answers as JSON, straight from the views: they are made by us, so nothing has to be validated again."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from kawal.http.problems import MEDIA_TYPE


def answer(view: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`view` (a dataclass, list or dict) as a JSON response; the route's `response_model` documents it."""
    return Response(to_json(view), status_code=status, headers=headers, media_type="application/json")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can be refused: RFC 9457 problems, which `document` describes."""
    return {status: {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: {}}} for status in statuses}


_DESCRIPTIONS = {
    400: "It cannot be understood",
    401: "Nobody we know",
    403: "Not sent from our own pages, or not for this role",
    404: "There is no such thing",
    409: "The case, or the idempotency key, does not allow it",
    410: "It has been erased",
    412: "The case has changed since the version in If-Match",
    413: "The body is too large",
    416: "There are no such bytes",
    422: "A value is not valid",
    503: "Try again in a moment",
}
