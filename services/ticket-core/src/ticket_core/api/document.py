"""`/openapi.json`: what FastAPI finds out by itself, with examples, stable operation ids and all problem codes."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi.openapi.utils import get_openapi

from kawal.contracts.case_events import CaseState
from kawal.errors import KawalError
from kawal.http import App
from kawal.http.problems import MEDIA_TYPE
from ticket_core.api.auth import COOKIE
from ticket_core.api.examples import EXAMPLES, PARAMETERS
from ticket_core.domain.errors import IllegalStep

LEASES = "/v1/case-numbers/leases"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `title` and `detail` are for people, and change.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Of `invalid_request`: where, and what",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("in", "field", "type", "detail")},
                "required": ["in", "field", "type", "detail"],
                "additionalProperties": False,
            },
        },
        "etag": {"type": "string", "description": "Of `case_changed`: the version that the case has now"},
        "changes": {
            "type": "array",
            "description": "Of `case_changed`: the first entries that came since",
            "items": {
                "type": "object",
                "properties": {
                    "seq": {"type": "integer"},
                    "kind": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "author": {"type": "string"},
                    "author_name": {"type": ["string", "null"]},
                },
                "required": ["seq", "kind", "at", "author", "author_name"],
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
_ANYWHERE = {400: "It cannot be understood", 503: "Try again in a moment"}
_WITH_A_BODY = {408: "The body took too long to arrive", 413: "The body is too large"}
_WITH_VALUES = {422: "A value is not valid"}
# Answered by FastAPI or for its errors, so there is no class of ours; see `kawal.http.problems`.
_OTHERS = {
    "bad_request": (400, "Bad Request"),
    "malformed_json": (400, "The body is not JSON"),
    "invalid_request": (422, "The request is not valid"),
}
_OURS = ("ticket_core.api", "ticket_core.domain", "ticket_core.store", "ticket_core.batcher", "ticket_core.live")
_FROM_ALL_SERVICES = ("kawal.http", "kawal.vault")


def describe(app: App) -> None:
    """Let `app` tell what it offers, once it has all its routes."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _completed(get_openapi(title=app.title, version="1", routes=app.routes))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def problem_codes() -> dict[str, tuple[int, str]]:
    """Status and title of every problem that this API tells of, by its code."""
    codes = {error.code: (error.status, error.title) for error in _errors(KawalError) if "code" in vars(error)}
    codes |= {f"case_{state}": (IllegalStep.status, IllegalStep.title) for state in CaseState} | codes
    return dict(sorted({**codes, **_OTHERS}.items()))


def _errors(kind: type[KawalError]) -> Iterator[type[KawalError]]:
    for error in kind.__subclasses__():
        if error.__module__.startswith((*_OURS, *_FROM_ALL_SERVICES)):
            yield error
        yield from _errors(error)


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    codes = problem_codes()
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code, (status, _) in codes.items():
        by_status[status].append(code)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _name(operation["operationId"], path, method)
            _tell_problems(operation, by_status)
            _show_examples(operation)
            operation["security"] = [{"service": []}] if path == LEASES else [{"bearer": []}, {"session": []}]
    components = document["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"]["Problem"] = _PROBLEM
    components["examples"] = {code: _example(code, status, title) for code, (status, title) in codes.items()}
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An agent's API token"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "From the console's sign-in"},
        "service": {"type": "http", "scheme": "bearer", "description": "The token of the services"},
    }
    return document


def _name(generated: str, path: str, method: str) -> str:
    """The handler's name: FastAPI puts path and method behind it, so that an id changes with its path."""
    return generated.removesuffix(re.sub(r"\W", "_", f"{path}_{method}"))


def _tell_problems(operation: dict[str, Any], by_status: dict[int, list[str]]) -> None:
    responses = operation["responses"]
    body, values = "requestBody" in operation, "requestBody" in operation or "parameters" in operation
    told = _ANYWHERE | (_WITH_A_BODY if body else {}) | (_WITH_VALUES if values else {})
    for status, description in told.items():
        if MEDIA_TYPE not in responses.get(str(status), {}).get("content", {}):
            responses[str(status)] = {"description": description, "content": {MEDIA_TYPE: {}}}
    for status, response in sorted(responses.items()):
        if MEDIA_TYPE in response.get("content", {}):
            examples = {code: {"$ref": f"#/components/examples/{code}"} for code in by_status[int(status)]}
            content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
            response["content"] = content


def _show_examples(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [response.get("content", {}) for response in operation["responses"].values()]
    for content in contents:
        media = content.get("application/json")
        if media is not None and (example := _example_of(media["schema"])) is not None:
            media["example"] = example


def _example_of(schema: dict[str, Any]) -> Any:
    if schema.get("type") == "array":
        return [_example_of(schema["items"])]
    (named, *_) = [one for one in (schema, *schema.get("anyOf", ())) if "$ref" in one] or [{}]
    return EXAMPLES.get(named.get("$ref", "").rpartition("/")[2])


def _example(code: str, status: int, title: str) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code}
    return {"summary": title, "value": value | _MEMBERS.get(code, {})}


_MEMBERS: dict[str, dict[str, Any]] = {
    "invalid_request": {
        "errors": [{"in": "body", "field": "text", "type": "missing", "detail": "Field required"}],
    },
    "case_changed": {
        "etag": '"4829130574.8"',
        "changes": [
            {"seq": 8, "kind": "message", "at": "2026-11-24T03:10:00Z", "author": "participant", "author_name": "Siti"}
        ],
    },
    "internal_error": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"},
}
