import pytest
import structlog
from prometheus_client import REGISTRY

from http_factories import client_of, make_app

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def requests_total(**labels: str) -> float:
    return REGISTRY.get_sample_value("kawal_http_requests_total", labels) or 0


class TestLogLine:
    async def test_route_instead_of_path(self, client):
        with structlog.testing.capture_logs() as lines:
            await client.post("/v1/echo/a-secret-token?phone=081234", json={"text": "private"})
        (line,) = lines
        assert line["event"] == "request_handled"
        assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/echo/{token}", 200)
        assert line["duration_s"] > 0
        for private in ("a-secret-token", "081234", "private"):
            assert private not in str(line)

    async def test_unknown_route(self, client):
        with structlog.testing.capture_logs() as lines:
            await client.get("/private/path")
        assert [(line["route"], line["status"]) for line in lines] == [("unmatched", 404)]

    async def test_unexpected_error(self, client):
        with structlog.testing.capture_logs() as lines:
            await client.get("/broken")
        (line,) = lines
        assert (line["event"], line["log_level"], line["status"]) == ("request_failed", "error", 500)
        assert isinstance(line["error"], RuntimeError)

    async def test_outage_is_no_error_of_ours(self, client):
        with structlog.testing.capture_logs() as lines:
            await client.get("/away")
        (line,) = lines
        assert (line["event"], line["log_level"], line["status"]) == ("request_refused", "warning", 503)


class TestMetrics:
    async def test_counts_by_route(self, client):
        labels = {"method": "POST", "route": "/v1/echo/{token}", "status": "200"}
        before = requests_total(**labels)
        for token in ("one", "two"):
            await client.post(f"/v1/echo/{token}", json={"text": "x"})
        assert requests_total(**labels) == before + 2

    async def test_made_up_method(self, client):
        before = requests_total(method="OTHER", route="unmatched", status="404")
        await client.request("MADEUP", "/nowhere")
        assert requests_total(method="OTHER", route="unmatched", status="404") == before + 1


class TestHeaders:
    async def test_present(self, client):
        answer = await client.get("/guarded")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", ["/nowhere", "/broken", "/nowhere?q=%ff"])
    async def test_on_errors_too(self, client, path):
        assert "content-security-policy" in (await client.get(path)).headers

    async def test_embedding_allowed(self):
        policy = {"frame-ancestors": "https://host.example"}
        async with client_of(make_app(policy=policy)) as client:
            answer = await client.get("/nowhere")
        assert "frame-ancestors https://host.example" in answer.headers["content-security-policy"]
