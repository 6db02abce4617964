"""A program to run: what the supervisor, and the test fixtures, need to know of it."""

import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Program:
    """A long-running program. `env` is the whole environment; `uid` and `gid` as in `Account`."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path()
    uid: int | None = None
    gid: int | None = None
    stop_signal: str = "SIGTERM"
    grace_s: float = 8.0


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that the program `pid` leads (or led), if anything is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has at this moment, below those that systems give to connections."""
    while True:
        port = secrets.choice(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
