"""Runs a service: public server, operations server, background tasks, and an orderly end.

A service's `main.py` is its composition root, and nothing else wires things together:

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Parts]:
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(database.opened(settings.postgres_dsn))
            spool = await stack.enter_async_context(...)
            app = create_app(title="Kawal chat", settings=settings)
            app.include_router(sessions.router(spool=spool, engine=engine))
            drain = SpoolDrain(spool, bootstrap_servers=settings.kafka)
            yield Parts(app=app, tasks={"spool_drain": drain.run}, alive={"spool_drain": drain.alive})

    def service(settings: Settings | None = None) -> Service:
        chosen = settings or Settings()
        return Service("chat-ingest", settings=chosen, port=8101, opened=lambda: opened(chosen))

    def run() -> None:
        service().run()

and in a test, on free ports and within the test's own loop:

    async with running(service(settings)) as address:
        await client.get(f"{address.url}/…")

What `opened` opens must come up while PostgreSQL, Kafka or another service is away: say in `ready` what is missing.
Endless responses (event streams, long polls) must end when `app.state.draining` is set.
"""

import asyncio
import gc
import math
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.types import ASGIApp

from kawal.http.protocol import BoundedHttp
from kawal.http.websocket import BoundedWebSocket
from kawal.observability import logging, metrics, tracing
from kawal.observability.operations import Alive, LoopWatch, NotReady, Operations, Ready
from kawal.settings import ServiceSettings

Task = Callable[[], Awaitable[None]]
"""Runs until it is cancelled, and cleans up within the drain bound then."""

EXIT_DIED = 1
# Measured at 10,000 connections: p99 from 15 to 5 ms (shared/DESIGN.md, "Known traps").
_GC_THRESHOLDS = (50_000, 50, 1_000)

# Of the drain bound: this much for background tasks, the rest for requests before it.
TASKS_SHARE = 0.5
_QUIET: dict[str, Any] = {
    "lifespan": "off",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    # Else a connection's next request starts in the context, and so in the trace, of the one before.
    "reset_contextvars": True,
}

log = logging.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a service consists of once everything is open.

    `ready` says whether the service should get traffic, `alive` whether a part has hung and the process must be
    restarted; both are keyed by the part's name.
    """

    app: FastAPI
    tasks: Mapping[str, Task] = field(default_factory=dict)
    ready: Mapping[str, Ready] = field(default_factory=dict)
    alive: Mapping[str, Alive] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the public server."""

    ws_max_size: int = 64 * 1024
    ws_max_queue: int = 4
    ws_ping_interval_s: float = 20.0
    keep_alive_s: int = 15
    backlog: int = 2_048


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running service listens; base URLs without a trailing slash."""

    url: str
    operations_url: str


class TaskDied(Exception):
    """A background task ended by itself; the process follows."""


class Service:
    """One process of Kawal. `port` is the public base port; the offset of the settings is added to it."""

    def __init__(
        self,
        name: str,
        *,
        settings: ServiceSettings,
        port: int,
        opened: Callable[[], AbstractAsyncContextManager[Parts]],
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.limits = limits or Limits()
        self._opened = opened
        self._ports = (settings.port(port), settings.operations_port(port))
        self._stop = asyncio.Event()
        self._died: TaskDied | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT (exit 0) or until a task dies (exit 1)."""
        logging.configure(self.name, level=self.settings.log_level)
        tracing.configure(self.name, endpoint=self.settings.otlp_endpoint)
        try:
            uvloop.run(self._run_until_signal())
        except Exception as error:  # noqa: BLE001 the process ends with it, and says why
            log.critical("service_died", error=error)
            sys.exit(EXIT_DIED)
        finally:
            tracing.shutdown()

    def stop(self) -> None:
        """Begin to drain: readiness turns red, nothing new is accepted. Returns at once."""
        self._stop.set()

    @asynccontextmanager
    async def serving(self, port: int, operations_port: int) -> AsyncIterator[Address]:
        """Serve while the block runs, then drain; port 0 takes a free one.

        Raises:
            TaskDied: at the end, when a background task had ended by itself.
        """
        watch, operations = LoopWatch(), Operations()
        host = self.settings.host
        async with AsyncExitStack() as stack:
            operations_url = await stack.enter_async_context(
                _listening(_operations_config(operations), host, operations_port)
            )
            parts = await stack.enter_async_context(self._opened())
            parts.app.state.draining = self._stop
            await stack.enter_async_context(self._supervised({**parts.tasks, "event_loop_watch": watch.run}))
            url = await stack.enter_async_context(_listening(self._public_config(parts.app), host, port))
            operations.alive = {**parts.alive, "event_loop": watch.alive}
            operations.ready = {**parts.ready, "service": self._accepting}
            yield Address(url, operations_url)
            self.stop()
        if self._died is not None:
            raise self._died

    async def _run_until_signal(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        gc.set_threshold(*_GC_THRESHOLDS)
        async with self.serving(*self._ports) as address:
            gc.collect()
            gc.freeze()
            log.info("service_started", url=address.url, operations_url=address.operations_url)
            await self._stop.wait()
            log.info("service_draining")
            # Not cancelled at the end: it also bounds what the loop itself waits for when it closes.
            loop.call_later(self.settings.drain_s, _give_up)
        log.info("service_stopped")

    def _accepting(self) -> None:
        if self._stop.is_set():
            raise NotReady("draining")

    @asynccontextmanager
    async def _supervised(self, tasks: Mapping[str, Task]) -> AsyncIterator[None]:
        running = {asyncio.create_task(self._watched(name, run), name=name) for name, run in tasks.items()}
        try:
            yield
        finally:
            await _cancel(running, within_s=self.settings.drain_s * TASKS_SHARE)

    async def _watched(self, name: str, run: Task) -> None:
        task = asyncio.current_task()
        try:
            await run()
            error: BaseException = TaskDied(f"{name} returned")
        except asyncio.CancelledError as let_out:
            if task is None or task.cancelling():
                raise
            error = let_out  # by a library; nobody asked the task to end
        except Exception as raised:  # noqa: BLE001 whatever it is, the process must not go on without the task
            error = raised
        metrics.TASKS_DIED.labels(name).inc()
        log.error("task_died", task=name, error=error)
        self._died = TaskDied(name)
        self._died.__cause__ = error
        self.stop()

    def _public_config(self, app: ASGIApp) -> uvicorn.Config:
        limits = self.limits
        return uvicorn.Config(
            app,
            loop="none",
            http=BoundedHttp,
            ws=BoundedWebSocket,
            ws_max_size=limits.ws_max_size,
            ws_max_queue=limits.ws_max_queue,
            ws_ping_interval=limits.ws_ping_interval_s,
            ws_per_message_deflate=False,
            backlog=limits.backlog,
            timeout_keep_alive=limits.keep_alive_s,
            timeout_graceful_shutdown=math.ceil(self.settings.drain_s * (1 - TASKS_SHARE)),
            **_QUIET,
        )


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[Address]:
    """Run `service` in this event loop on free ports, for tests."""
    async with service.serving(0, 0) as address:
        yield address


def _operations_config(operations: Operations) -> uvicorn.Config:
    return uvicorn.Config(operations, loop="none", http="httptools", ws="none", timeout_graceful_shutdown=1, **_QUIET)


@asynccontextmanager
async def _listening(config: uvicorn.Config, host: str, port: int) -> AsyncIterator[str]:
    """A uvicorn server inside our own loop and signal handling; yields its base URL.

    Raises:
        OSError: the port cannot be bound.
    """
    listener = _bound(host, port)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield "http://{}:{}".format(*listener.getsockname()[:2])
    finally:
        await _cancel({ticking}, within_s=1.0)  # only asked to end, it would sleep on
        await server.shutdown(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle off for the accepted sockets; else each answer may take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


async def _cancel(tasks: set[asyncio.Task[None]], *, within_s: float) -> None:
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=within_s)
    for task in stuck:
        log.error("task_stuck", task=task.get_name())


def _give_up() -> None:
    log.critical("drain_overrun")
    os._exit(EXIT_DIED)
