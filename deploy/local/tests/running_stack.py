"""Runs a `kawal up` for the tests, and asks it things."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

TESTS = Path(__file__).parent
SPAN = range(20_000, 30_000, 500)
STOP_S = 15


class RunningStack:
    """A `kawal up` in a process of its own, with stand-ins for the services."""

    def __init__(self, state: Path, *, offset: int) -> None:
        self.state = state
        self.offset = offset
        self.log = state.parent / f"{state.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {"KAWAL_STATE": str(self.state), "KAWAL_PORT_OFFSET": str(self.offset)}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "standin_up.py"], cwd=TESTS, env=environment, stdout=output, stderr=output
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def facts(self) -> dict[str, Any] | None:
        """What `run.json` says; None while it is not there. Fails at once if the process has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"`kawal up` ended with {self.process.returncode}:\n{self.output}")
        path = self.state / "run.json"
        return json.loads(path.read_text()) if path.exists() else None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as Ctrl-C does, and return its exit code; fails if that takes longer than promised."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S)


def alive(pids: Sequence[int]) -> list[int]:
    return [pid for pid in pids if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def descendants(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def offsets() -> Iterator[int]:
    """Port offsets at which nothing of a stack listens now."""
    taken = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    bases = (8101, 8102, 8125, 8126, 8132, 8192, 8193, 9101, 9102)
    return (offset for offset in SPAN if not any(base + offset in taken for base in bases))
