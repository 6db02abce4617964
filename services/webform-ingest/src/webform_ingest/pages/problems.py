"""Errors: a page for people, a problem for programs."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from kawal.http import App, problem
from kawal.http.bodies import Refusal, refused
from kawal.pages import Texts
from webform_ingest.domain.validation import FieldError, InvalidSubmission, InvalidText
from webform_ingest.pages.rendering import Views

API = "/v1/"

# The keys of a heading and of an explanation: by code, else by status.
_BY_CODE: Mapping[str, tuple[str, str]] = {
    "invalid_link": ("problem_invalid_link_title", "problem_invalid_link"),
    "expired_link": ("problem_expired_title", "problem_expired"),
    "used_sign_in": ("problem_used_title", "problem_used"),
}
_BY_STATUS: Mapping[int, tuple[str, str]] = {
    HTTPStatus.FORBIDDEN: ("problem_forbidden_title", "problem_forbidden"),
    HTTPStatus.NOT_FOUND: ("problem_not_found_title", "problem_not_found"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("problem_too_large_title", "problem_too_large"),
    HTTPStatus.TOO_MANY_REQUESTS: ("problem_too_many_title", "problem_too_many"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("problem_busy_title", "problem_busy"),
}
_OTHERWISE = ("problem_title", "problem_bad_request")

_Handler = Callable[[Request, Any], Awaitable[Response]]


def install(app: App, *, views: Views, texts: Texts) -> None:
    """Let the errors of `app`, which are problems so far, be pages outside of the API."""
    for kind in (RequestValidationError, HTTPException, KawalError):
        for_programs = cast("_Handler", app.exception_handlers[kind])
        app.add_exception_handler(kind, _for_both(for_programs, views=views))
    app.refusal = _refusal(views)
    app.add_exception_handler(InvalidSubmission, _submission_handler(texts))
    app.add_exception_handler(InvalidText, _text_handler(texts))


def _for_both(for_programs: _Handler, *, views: Views) -> _Handler:
    async def handle(request: Request, error: Any) -> Response:
        if request.url.path.startswith(API):
            return await for_programs(request, error)
        return _page(request, error, views=views)

    return handle


def _refusal(views: Views) -> Refusal:
    def refuse(scope: Scope, error: KawalError) -> ASGIApp:
        if str(scope["path"]).startswith(API):
            return refused(scope, error)
        return _page(Request(scope), error, views=views)

    return refuse


def _page(request: Request, error: Any, *, views: Views) -> Response:
    status = _status(error)
    heading, words = _BY_CODE.get(getattr(error, "code", "")) or _BY_STATUS.get(status, _OTHERWISE)
    headers = dict(getattr(error, "headers", None) or {})
    if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
        headers["retry-after"] = str(retry_after_s)
    return views.show(
        request,
        "problem.html",
        status=status,
        headers=headers,
        heading=heading,
        words=words,
        offer_sign_in=status == HTTPStatus.GONE,
    )


def _status(error: Any) -> int:
    if isinstance(error, KawalError):
        return error.status
    return error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST


def _submission_handler(texts: Texts) -> _Handler:
    async def handle(_request: Request, error: InvalidSubmission) -> Response:
        return _invalid(error, error.errors, texts=texts)

    return handle


def _text_handler(texts: Texts) -> _Handler:
    async def handle(_request: Request, error: InvalidText) -> Response:
        return _invalid(error, (FieldError("text", error.problem, error.limit),), texts=texts)

    return handle


def _invalid(error: KawalError, errors: tuple[FieldError, ...], *, texts: Texts) -> Response:
    told = [
        {
            "in": "body",
            "field": one.field,
            "type": one.problem.value,
            "detail": texts.get(f"error_{one.problem}", locale=Locale.ENGLISH, limit=one.limit),
        }
        for one in errors
    ]
    return problem(status=error.status, code=error.code, title=error.title, detail=str(error), errors=told)
