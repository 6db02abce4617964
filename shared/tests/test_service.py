import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from http_factories import SETTINGS, make_app
from kawal.observability.operations import NotReady
from kawal.service import Parts, Service, TaskDied, running
from kawal.testing import eventually

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent


def service(**parts) -> Service:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Parts]:
        yield Parts(app=make_app(), **parts)

    return Service("example", settings=SETTINGS, port=0, opened=opened)


class TestRunning:
    async def test_answers_on_both_ports(self):
        async with running(service()) as address, httpx.AsyncClient() as client:
            assert (await client.post(f"{address.url}/v1/echo/t", json={"text": "x"})).status_code == 200
            assert (await client.get(f"{address.operations_url}/healthz")).json() == {"status": "ok"}
            assert (await client.get(f"{address.operations_url}/readyz")).json() == {"status": "ok"}
            assert "kawal_http_requests_total" in (await client.get(f"{address.operations_url}/metrics")).text

    async def test_public_port_has_no_operations(self):
        async with running(service()) as address, httpx.AsyncClient() as client:
            for path in ("/metrics", "/healthz", "/readyz"):
                assert (await client.get(f"{address.url}{path}")).status_code == 404

    async def test_part_that_is_away(self):
        def away() -> None:
            raise NotReady("no connection")

        async with running(service(ready={"postgres": away})) as address, httpx.AsyncClient() as client:
            answer = await client.get(f"{address.operations_url}/readyz")
        assert answer.status_code == 503
        assert answer.json()["failing"] == {"postgres": "NotReady: no connection"}

    async def test_part_that_hangs(self):
        async with running(service(alive={"consumer": lambda: False})) as address, httpx.AsyncClient() as client:
            answer = await client.get(f"{address.operations_url}/healthz")
        assert (answer.status_code, answer.json()["failing"]) == (503, {"consumer": "no progress"})

    async def test_dead_task_stops_the_service(self):
        async def dies() -> None:
            raise RuntimeError("the broker said no")

        async def run() -> None:
            async with running(service(tasks={"consumer": dies})) as address, httpx.AsyncClient() as client:
                await eventually(lambda: _not_ready(client, f"{address.operations_url}/readyz"))

        with pytest.raises(TaskDied, match="consumer"):
            await run()

    async def test_task_that_returns_is_dead_too(self):
        async def returns() -> None:
            return

        with pytest.raises(TaskDied):
            async with running(service(tasks={"consumer": returns})):
                pass

    async def test_task_that_was_cancelled_by_nobody_is_dead_too(self):
        async def cancelled() -> None:
            raise asyncio.CancelledError

        with pytest.raises(TaskDied):
            async with running(service(tasks={"consumer": cancelled})):
                pass

    async def test_each_request_of_a_connection_has_its_own_trace(self):
        async with running(service()) as address, httpx.AsyncClient() as client:
            ids = {(await client.get(f"{address.url}/nowhere")).json()["trace_id"] for _ in range(3)}
        assert len(ids) == 3


async def _not_ready(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.get(url)).status_code == 503


class TestBoundedHttp:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"GARBAGE\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000, b"431"),
            (b"GET /\xff HTTP/1.1\r\n\r\n", b"400"),
        ],
    )
    async def test_refused_with_a_problem(self, sent, status):
        async with running(service()) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address.url).port)
            writer.write(sent)
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.split()[1] == status
        assert json.loads(body)["status"] == int(status)

    @pytest.mark.parametrize(
        "endless",
        [b"0\r\n" + b"X: y\r\n" * 10_000, b"0\r\nX: " + b"y" * 40_000, b"1;" + b"y" * 40_000],
        ids=["trailers", "trailer", "chunk_extension"],
    )
    async def test_hangs_up_on_a_body_that_is_no_body(self, endless):
        async with running(service()) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address.url).port)
            writer.write(b"POST /v1/echo/t HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n" + endless)
            with contextlib.suppress(ConnectionError):  # it hangs up with bytes of ours unread
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()

    async def test_body_in_small_chunks(self):
        body = b'{"text":"%s"}' % (b"y" * 20_000)
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        head = b"host: test\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
        async with running(service()) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address.url).port)
            writer.write(b"POST /v1/echo/t HTTP/1.1\r\n" + head + b"\r\n\r\n" + chunks)
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
        assert answer.split()[1] == b"200"


def _free_port() -> int:
    """A base port whose operations port, 1,000 above, is free too."""
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as public:
            port = public.getsockname()[1]
            try:
                with socket.create_server(("127.0.0.1", port + 1_000)):
                    return port
            except (OSError, OverflowError):
                continue
    raise AssertionError("no two free ports")


@asynccontextmanager
async def process(mode: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, str]]:
    port = _free_port()
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "service_process.py"),
        str(port),
        mode,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1_000}"
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def _is_ready(client: httpx.AsyncClient, operations_url: str) -> bool:
    try:
        return (await client.get(f"{operations_url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


class TestProcess:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_signal_drains_and_exits_clean(self, number):
        async with process("works") as (started, url, operations_url), httpx.AsyncClient() as client:
            await eventually(lambda: _is_ready(client, operations_url))
            slow = asyncio.create_task(client.get(f"{url}/slow", timeout=20))
            assert started.stderr is not None
            assert await asyncio.wait_for(started.stderr.readline(), 10) == b"slow began\n"
            started.send_signal(number)
            assert (await slow).json() == "done"
            stdout, stderr = await asyncio.wait_for(started.communicate(), 15)
        assert started.returncode == 0
        assert stderr == b"task cleaned up\nclosed\n"
        events = [json.loads(line)["event"] for line in stdout.splitlines()]
        assert events[0] == "service_started"
        assert events[-2:] == ["request_handled", "service_stopped"]
        assert "service_draining" in events

    async def test_dead_task_ends_the_process(self):
        async with process("dies") as (started, _, _):
            stdout, stderr = await asyncio.wait_for(started.communicate(), 15)
        lines = [json.loads(line) for line in stdout.splitlines()]
        died = next(line for line in lines if line["event"] == "task_died")
        assert started.returncode == 1
        assert died["error"] == "RuntimeError: the broker said no"
        assert died["task"] == "dies"
        assert stderr == b"closed\n"

    async def test_task_that_clings_does_not_hold_the_process(self):
        async with process("clings") as (started, _, operations_url), httpx.AsyncClient() as client:
            await eventually(lambda: _is_ready(client, operations_url))
            started.terminate()
            stdout, _ = await asyncio.wait_for(started.communicate(), 15)
        events = [json.loads(line)["event"] for line in stdout.splitlines()]
        assert started.returncode == 1
        assert "task_stuck" in events

    async def test_port_in_use(self):
        async with process("works") as (_, _, operations_url), httpx.AsyncClient() as client:
            await eventually(lambda: _is_ready(client, operations_url))
            port = httpx.URL(operations_url).port
            assert port is not None
            second = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "service_process.py"),
                str(port - 1_000),
                "works",
                env=os.environ | {"PYTHONPATH": str(HERE)},
                stdout=asyncio.subprocess.PIPE,
            )
            stdout, _ = await asyncio.wait_for(second.communicate(), 15)
        assert second.returncode == 1
        assert json.loads(stdout.splitlines()[-1])["event"] == "service_died"
