"""Errors as RFC 9457 `application/problem+json`: a stable `code`, no internals, never the caller's own input."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from kawal.database.outages import is_outage
from kawal.errors import KawalError, TransientError
from kawal.observability.tracing import current_trace_id

MEDIA_TYPE = "application/problem+json"
OUTAGE_RETRY_AFTER_S = 2
# Keys that a caller made up may be anything, personal data included; only what looks like a field's name is told.
_STEP = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


class Unavailable(KawalError):
    """Something this service depends on is away."""

    status, code, title = 503, "unavailable", "This cannot be answered at the moment"
    retry_after_s = OUTAGE_RETRY_AFTER_S


class InternalError(KawalError):
    status, code, title = 500, "internal_error", "Something went wrong on our side"


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(KawalError, _on_error)
    app.add_exception_handler(Exception, _on_error)


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str = "",
    retry_after_s: int | None = None,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    members: Mapping[str, Any] | None = None,
) -> Response:
    """A problem response; `errors` are members of their own, one per field that is wrong; `members` are added."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code, **(members or {})}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    if trace_id := current_trace_id():
        body["trace_id"] = trace_id
    extra = dict(headers or {})
    if retry_after_s is not None:
        extra["retry-after"] = str(retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        extra.setdefault("www-authenticate", "Bearer")
    return Response(json.dumps(body), status_code=status, headers=extra, media_type=MEDIA_TYPE)


def from_error(error: BaseException) -> Response:
    """The problem that tells of `error`, whatever it is."""
    told = _told(error)
    return problem(
        status=told.status,
        code=told.code,
        title=told.title,
        detail=str(told),
        retry_after_s=told.retry_after_s,
        members=told.members,
    )


def _told(error: BaseException) -> KawalError:
    if isinstance(error, KawalError):
        return error
    if isinstance(error, TransientError) or is_outage(error):
        return Unavailable("Try again in a moment")
    return InternalError("It has been logged")


async def _on_error(_request: Request, error: Exception) -> Response:
    return from_error(error)


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 Starlette's handlers are typed for any exception
    title = HTTPStatus(error.status_code).phrase
    return problem(
        status=error.status_code,
        code=_CODES.get(error.status_code, title.lower().replace(" ", "_")),
        title=title,
        headers=error.headers,
    )


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(status=400, code="malformed_json", title="The body is not JSON", detail="It cannot be parsed")
    return problem(
        status=422,
        code="invalid_request",
        title="The request is not valid",
        detail="See errors",
        errors=[_field_error(one) for one in found],
    )


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    """Where and what; without `input`, `ctx` or `url`, and without a message that repeats the value."""
    where = [str(step) if _STEP.fullmatch(str(step)) else "*" for step in error["loc"]]
    detail = "Unknown kind" if error["type"] == "union_tag_invalid" else error["msg"]
    return {"in": where[0], "field": ".".join(where[1:]), "type": error["type"], "detail": detail}
