from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kawal.observability import tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def exported():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use_provider(provider)
    yield exporter
    tracing.use_provider(None)


class TestNewTraceparent:
    def test_child(self):
        child = tracing.new_traceparent(PARENT)
        assert child.startswith(f"00-{TRACE}-")
        assert child != PARENT
        assert child.endswith("-01")

    @pytest.mark.parametrize(
        "malformed",
        [None, "", "nonsense", f"01-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", PARENT + "\n"],
    )
    def test_malformed_starts_a_new_trace(self, malformed):
        started = tracing.new_traceparent(malformed)
        assert TRACE not in started
        assert tracing.new_traceparent(started)[3:35] == started[3:35]


class TestSpan:
    def test_nothing_outside(self):
        assert tracing.current_traceparent() is None
        assert tracing.current_trace_id() is None

    def test_nested(self):
        with tracing.span("outer", traceparent=PARENT):
            outer = tracing.current_traceparent()
            with tracing.span("inner"):
                inner = tracing.current_traceparent()
            assert tracing.current_traceparent() == outer
        assert outer is not None
        assert inner is not None
        assert outer[3:35] == inner[3:35] == TRACE
        assert len({PARENT, outer, inner}) == 3
        assert tracing.current_traceparent() is None

    def test_recorded(self, exported):
        with tracing.span("outer", traceparent=PARENT), tracing.span("inner", attributes={"batch_size": 3}):
            envelope = tracing.current_traceparent()
        inner, outer = exported.get_finished_spans()
        assert (inner.name, outer.name) == ("inner", "outer")
        assert f"{outer.context.trace_id:032x}" == TRACE
        assert inner.parent.span_id == outer.context.span_id
        assert envelope == f"00-{TRACE}-{inner.context.span_id:016x}-01"
        assert inner.attributes == {"batch_size": 3}

    def test_annotated(self, exported):
        with tracing.span("outer"):
            with tracing.span("inner"):
                tracing.annotate({"records": 2})
            tracing.annotate({"batches": 1})
        inner, outer = exported.get_finished_spans()
        assert (inner.attributes, outer.attributes) == ({"records": 2}, {"batches": 1})

    def test_annotated_without_recording(self):
        with tracing.span("step"):
            tracing.annotate({"records": 2})

    def test_failure_is_its_class_only(self, exported):
        with pytest.raises(ValueError, match="siti"), tracing.span("step"):
            raise ValueError("siti@example.com")
        (span,) = exported.get_finished_spans()
        assert (span.status.is_ok, span.status.description, list(span.events)) == (False, "ValueError", [])

    def test_unsampled_parent_is_not_exported(self, exported):
        with tracing.span("step", traceparent=PARENT[:-1] + "0"):
            assert tracing.current_trace_id() == TRACE
        assert exported.get_finished_spans() == ()


class TestConfigure:
    def test_off_without_endpoint(self, exported):
        tracing.configure("example", endpoint=None)
        with tracing.span("step"):
            assert tracing.current_trace_id()
        assert exported.get_finished_spans() == ()

    @pytest.mark.integration
    def test_exports_to_a_collector(self):
        received: list[tuple[str, bytes]] = []

        class Collector(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with HTTPServer(("127.0.0.1", 0), Collector) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            tracing.configure("example", endpoint=f"http://127.0.0.1:{server.server_port}/")
            with tracing.span("a_step_to_be_seen"):
                pass
            tracing.shutdown()
            server.shutdown()
        ((path, body),) = received
        assert path == "/v1/traces"
        assert b"a_step_to_be_seen" in body
        assert b"example" in body
