"""W3C Trace Context, carried from an edge's request through Kafka to the delivery.

Where spans are exported (`KAWAL_OTLP_ENDPOINT`), OpenTelemetry records them. Where they are not, only the ids are
made and passed on, so that log lines of different services can still be joined; that costs about a microsecond.

    traceparent = tracing.current_traceparent()            # into an envelope
    with tracing.span("apply_batch", traceparent=envelope.traceparent):   # and on from one
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# https://www.w3.org/TR/trace-context/#traceparent-header-field-values
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_TRACE_ID = slice(3, 35)

Attributes = Mapping[str, str | int | float | bool]

_current: ContextVar[str | None] = ContextVar("kawal_traceparent", default=None)
_recorded_span: ContextVar[trace.Span | None] = ContextVar("kawal_recorded_span", default=None)
# Our own provider, never OpenTelemetry's global one: FastAPI would record each request a second time.
_provider: "TracerProvider | None" = None


def configure(service: str, *, endpoint: str | None) -> None:
    """Export spans to `endpoint` (OTLP over HTTP, base URL); `None` switches exporting off."""
    if endpoint is None:
        use_provider(None)
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 slow to import
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    use_provider(provider)


def use_provider(provider: "TracerProvider | None") -> None:
    """Record spans with `provider` from now on; the former one is flushed and shut down."""
    global _provider
    former, _provider = _provider, provider
    if former is not None:
        former.shutdown()


def shutdown() -> None:
    """Export what is still buffered."""
    use_provider(None)


def current_traceparent() -> str | None:
    """The `traceparent` of what is going on here, for an envelope or an outgoing request."""
    return _current.get()


def current_trace_id() -> str | None:
    """The 32 hex digits that join the log lines of one story."""
    traceparent = _current.get()
    return traceparent[_TRACE_ID] if traceparent else None


def new_traceparent(parent: str | None = None) -> str:
    """A child of `parent`, or the start of a new trace when there is none or it is malformed."""
    match = _TRACEPARENT.fullmatch(parent) if parent else None
    if match is None:
        digits = os.urandom(24).hex()
        return f"00-{digits[:32]}-{digits[32:]}-01"
    return f"00-{match[1]}-{os.urandom(8).hex()}-{match[3]}"


@contextmanager
def span(
    name: str,
    *,
    traceparent: str | None = None,
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Iterator[None]:
    """One step of a trace: a child of `traceparent`, else of the current one, else the first of a new trace.

    `name` and `attributes` must hold no personal data. An exception marks the span as failed by its class only.
    """
    parent = traceparent or _current.get()
    if _provider is None:
        token = _current.set(new_traceparent(parent))
        try:
            yield
        finally:
            _current.reset(token)
        return
    with _recorded(_provider, name, parent=parent, kind=kind, attributes=attributes):
        yield


def annotate(attributes: Attributes) -> None:
    """Add what is known only later to the current span; nothing where spans are not recorded."""
    recorded = _recorded_span.get()
    if recorded is not None:
        recorded.set_attributes(attributes)


@contextmanager
def _recorded(
    provider: "TracerProvider",
    name: str,
    *,
    parent: str | None,
    kind: trace.SpanKind,
    attributes: Attributes | None,
) -> Iterator[None]:
    tracer = provider.get_tracer("kawal")
    recorded = tracer.start_span(name, context=_context(parent), kind=kind, attributes=attributes)
    token = _current.set(_traceparent_of(recorded.get_span_context()))
    span_token = _recorded_span.set(recorded)
    try:
        yield
    except BaseException as error:
        recorded.set_status(trace.StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        _recorded_span.reset(span_token)
        _current.reset(token)
        recorded.end()


def _context(parent: str | None) -> Context:
    match = _TRACEPARENT.fullmatch(parent) if parent else None
    if match is None:
        return Context()
    remote = trace.SpanContext(
        trace_id=int(match[1], 16),
        span_id=int(match[2], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(match[3], 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())


def _traceparent_of(context: trace.SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
