"""Plain ASGI for the endpoints that every contact goes through; a FastAPI handler costs twice as much."""

from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from chat_ingest.domain.refusals import InvalidSession

RawHeader = tuple[bytes, bytes]
M = TypeVar("M", bound=BaseModel)


class PlainRoute(Route):
    """A route to a plain ASGI endpoint; FastAPI's router does not note which one it found, log and metrics need it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE:
            found["route"] = self
        return match, found


async def read_json(scope: Scope, receive: Receive) -> bytes:
    """The body, which the gate in front has checked and put together.

    Raises:
        HTTPException: 415, it is not JSON. A page of another site could send anything else without asking.
    """
    media_type = header(scope, b"content-type").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415)
    body: bytes = (await receive()).get("body", b"")
    return body


def validate(model: type[M], body: bytes) -> M:
    """The model in `body`.

    Raises:
        RequestValidationError: told as 400 or 422, field by field.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as invalid:
        errors = [{**error, "loc": ("body", *error["loc"])} for error in invalid.errors()]
        raise RequestValidationError(errors) from None


def bearer(scope: Scope) -> str:
    """The session token of the request.

    Raises:
        InvalidSession: there is none.
    """
    scheme, _, token = header(scope, b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidSession("Send the session token as a bearer token")
    return token.strip()


def header(scope: Scope, name: bytes) -> str:
    """The first header of that name, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


async def answer(send: Send, status: int, body: bytes) -> None:
    """Answer with JSON."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
