"""The outermost layer of every app: trace, log line, metrics, security headers, and no error unanswered."""

from http import HTTPStatus
from time import perf_counter
from typing import Any

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kawal.http import problems
from kawal.http.headers import RawHeaders, add_missing
from kawal.observability import metrics, tracing
from kawal.observability.logging import get_logger

UNMATCHED = "unmatched"
_CLIENT_CLOSED = 499
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

log = get_logger()


class RequestLayer:
    """Pure ASGI, because Starlette's BaseHTTPMiddleware triples the cost of a request. WebSockets pass through."""

    def __init__(self, app: ASGIApp, *, headers: RawHeaders) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._headers)
        with (
            metrics.HTTP_REQUESTS_IN_FLIGHT.track_inprogress(),
            tracing.span("http_request", traceparent=_header(scope, b"traceparent"), kind=SpanKind.SERVER),
        ):
            try:
                await self._app(scope, receive, exchange.send)
            except Exception as error:  # noqa: BLE001 the last line of defence: it is answered and logged
                await exchange.fail(error, receive)
            finally:
                exchange.finish()


class _Exchange:
    """One request and its response."""

    __slots__ = ("_error", "_headers", "_route", "_scope", "_send", "_started_at", "_status")

    def __init__(self, scope: Scope, send: Send, headers: RawHeaders) -> None:
        self._scope = scope
        self._send = send
        self._headers = headers
        self._started_at = perf_counter()
        self._status: int | None = None
        self._route = UNMATCHED
        self._error: Exception | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._route = route_template(self._scope)
            headers = list(message.get("headers", ()))
            add_missing(headers, self._headers)
            message["headers"] = headers
        await self._send(message)

    async def fail(self, error: Exception, receive: Receive) -> None:
        self._error = error
        if self._status is None:
            await problems.from_error(error)(self._scope, receive, self.send)

    def finish(self) -> None:
        seconds = perf_counter() - self._started_at
        method = self._scope["method"] if self._scope["method"] in _METHODS else "OTHER"
        # No response and no error: the client went away, or the server is shutting down.
        status = self._status or _CLIENT_CLOSED
        _requests(method, self._route, status).inc()
        _seconds(method, self._route).observe(seconds)
        line: dict[str, Any] = {"method": method, "route": self._route, "status": status}
        line["duration_s"] = round(seconds, 6)
        if self._error is None:
            log.info("request_handled", **line)
        elif status == HTTPStatus.SERVICE_UNAVAILABLE:
            log.warning("request_refused", **line, error=self._error)
        else:
            log.error("request_failed", **line, error=self._error)
        tracing.annotate(
            {"http.request.method": method, "http.route": self._route, "http.response.status_code": status}
        )


def route_template(scope: Scope) -> str:
    """The path of the route that was found, with its placeholders: real paths hold tokens and case numbers.

    Only right while the request is being routed, FastAPI takes its notes away afterwards.
    """
    included = scope.get("fastapi", {}).get("effective_route_context")
    route = included or scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or UNMATCHED


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


_request_counters: dict[tuple[str, str, int], Counter] = {}
_duration_histograms: dict[tuple[str, str], Histogram] = {}


def _requests(method: str, route: str, status: int) -> Counter:
    """The child of the metric; looking it up by labels each time is slower than the metric itself."""
    key = (method, route, status)
    if key not in _request_counters:
        _request_counters[key] = metrics.HTTP_REQUESTS.labels(method, route, status)
    return _request_counters[key]


def _seconds(method: str, route: str) -> Histogram:
    key = (method, route)
    if key not in _duration_histograms:
        _duration_histograms[key] = metrics.HTTP_REQUEST_SECONDS.labels(method, route)
    return _duration_histograms[key]
