import asyncio

import httpx
import pytest

from kawal.observability import operations
from kawal.observability.operations import LoopWatch, NotReady, Operations


@pytest.fixture
def served():
    return Operations()


@pytest.fixture
async def client(served):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://test") as made:
        yield made


class TestReadiness:
    async def test_red_while_starting(self, client):
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["failing"]) == (503, {"service": "NotReady: starting"})

    async def test_green(self, served, client):
        async def fine() -> None:
            await asyncio.sleep(0)

        served.ready = {"postgres": fine, "spool": lambda: None}
        assert (await client.get("/readyz")).status_code == 200

    async def test_names_each_part(self, served, client, monkeypatch):
        monkeypatch.setattr(operations, "READY_WITHIN_S", 0.01)

        def full() -> None:
            raise NotReady("full")

        async def silent() -> None:
            await asyncio.Event().wait()

        served.ready = {"spool": full, "postgres": silent, "kafka": lambda: None}
        assert (await client.get("/readyz")).json() == {
            "status": "failing",
            "failing": {"spool": "NotReady: full", "postgres": "no answer within 0 s"},
        }


class TestHealth:
    async def test_green_while_starting(self, client):
        assert (await client.get("/healthz")).status_code == 200

    async def test_part_without_progress(self, served, client):
        served.alive = {"consumer": lambda: False, "relay": lambda: True}
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()["failing"]) == (503, {"consumer": "no progress"})


class TestMetrics:
    async def test_exposition(self, client):
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "# TYPE kawal_http_requests_total counter" in answer.text

    async def test_unknown_path(self, client):
        assert (await client.get("/nowhere")).status_code == 404


class TestLoopWatch:
    def test_stalled(self):
        now = [0.0]
        watch = LoopWatch(clock=lambda: now[0])
        assert watch.alive()
        now[0] = operations.LOOP_STALLED_S
        assert not watch.alive()
