"""A whole `kawal up` for tests: a state folder and a port offset of its own, and ways to hurt its parts."""

import asyncio
import atexit
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from kawal.testing.servers import die_with_parent
from kawal.testing.waiting import eventually
from kawal_local import layout
from kawal_local.services import SERVICES

# Below the range that the kernel gives to outgoing connections. In these steps no port of one stack is another's, the
# operations ports, which lie 1,000 higher, included.
OFFSETS = range(11_000, 23_500, 160)
PORTS = (
    layout.POSTGRES_PORT,
    layout.KAFKA_PORT,
    layout.KAFKA_CONTROLLER_PORT,
    layout.SMTP_PORT,
    layout.MAIL_PAGES_PORT,
    *(service.port for service in SERVICES),
    *(service.port + layout.OPERATIONS_PORT_STEP for service in SERVICES),
)
# `kawal up` promises to be ready in 20 s and gone in 15 s, on a machine of its own; tests do not judge speed.
READY_S = 120.0
STOP_S = 60.0
KAWAL_UP = (str(Path(sys.executable).with_name("kawal")), "up")


class StackProcess:
    """One `kawal up`. Parts are the names of the services, `kafka` and `postgres`.

    `settings` are variables (`KAWAL_…`) for all of its services.
    """

    def __init__(
        self,
        state: Path,
        *,
        command: Sequence[str] = KAWAL_UP,
        directory: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.state = state
        self.offset = free_offset()
        self.log = state.with_name(f"{state.name}.log")
        self._command = command
        self._directory = directory or Path.cwd()
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it, and do not wait."""
        environment = (
            os.environ | self._settings | {"KAWAL_STATE": str(self.state), "KAWAL_PORT_OFFSET": str(self.offset)}
        )
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - calls prctl and nothing else
            )

    async def start(self) -> dict[str, Any]:
        """Start it; returns `run.json` once everything is ready."""
        (self.state / "run.json").unlink(missing_ok=True)  # of an earlier run that was killed
        self.launch()
        return await eventually(self.ready_facts, timeout=READY_S)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the stack was not started")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def ready_facts(self) -> dict[str, Any] | None:
        """What `run.json` says; None while it is not there. Raises `RuntimeError` if `kawal up` has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"`kawal up` ended with {self.process.returncode}:\n{self.output[-10_000:]}")
        with contextlib.suppress(FileNotFoundError):
            facts: dict[str, Any] = json.loads((self.state / "run.json").read_text(encoding="utf-8"))
            return facts
        return None

    @property
    def facts(self) -> dict[str, Any]:
        """`run.json` as it is now."""
        facts = self.ready_facts()
        if facts is None:
            raise RuntimeError("the stack is not ready")
        return facts

    def url(self, service: str) -> str:
        return str(self.facts["services"][service]["url"])

    def pid(self, part: str) -> int:
        facts = self.facts
        return int((facts["services"].get(part) or facts[part])["pid"])

    def pids(self) -> list[int]:
        return [self.pid(part) for part in (*self.facts["services"], "kafka", "postgres")]

    def kill(self, part: str) -> int:
        """`kill -9` a part; returns the pid that it had, for `restarted`."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGKILL)
        return pid

    def freeze(self, part: str) -> None:
        """Stop a part where it stands: its connections stay, nobody answers. Undone by `thaw`."""
        os.kill(self.pid(part), signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        os.kill(self.pid(part), signal.SIGCONT)

    async def restarted(self, part: str, *, old_pid: int, timeout: float = 60.0) -> None:  # noqa: ASYNC109
        """Wait until `part` runs under another pid than `old_pid`, and everything is ready."""
        await eventually(lambda: self.pid(part) != old_pid and is_alive(self.pid(part)), timeout=timeout)
        await eventually(self._postgres_answers, timeout=timeout)
        await eventually(self._kafka_answers, timeout=timeout)
        await self.ready(timeout=timeout)

    async def _postgres_answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.facts["postgres"]["dsn"], database="postgres", timeout=2)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        await connection.close()
        return True

    async def _kafka_answers(self) -> bool:
        host, port = self.facts["kafka"]["bootstrap_servers"].split(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def ready(self, *, timeout: float = 60.0) -> None:  # noqa: ASYNC109
        """Wait until every `/readyz` answers 200."""
        for name, service in self.facts["services"].items():
            try:
                await eventually(partial(_answers, f"{service['ops_url']}/readyz"), timeout=timeout)
            except AssertionError as late:
                raise AssertionError(f"{name} was not ready again") from late

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as Ctrl-C does; returns its exit code. Raises `TimeoutExpired` if it takes longer than promised."""
        programs = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            for program in programs:
                with contextlib.suppress(psutil.NoSuchProcess):
                    program.kill()
            raise
        finally:
            self.end()

    def end(self) -> None:
        """`kill -9` it, if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            return (await client.get(url)).is_success
    except httpx.TransportError:
        return False


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def free_offset() -> int:
    """A port offset at which nothing of a stack listens, and which no other test process takes while this one lives."""
    for offset in random.sample(OFFSETS, len(OFFSETS)):
        if all(_is_free(base + offset) for base in PORTS) and _take(offset):
            return offset
    raise RuntimeError("no port offset is free")


def _take(offset: int) -> bool:
    """Mark `offset` as ours by a name that the kernel forgets with us."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0kawal-port-offset-{offset}")
    except OSError:
        mark.close()
        return False
    atexit.register(mark.close)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports of closed connections count as free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
