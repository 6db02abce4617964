"""What the programs print, each line with its program's name in front."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

WIDTH = 15


class PrefixedOutput:
    """Writes whole lines to `target`, so that programs do not cut into one another's lines."""

    def __init__(self, target: TextIO | None = None) -> None:
        self._target = target or sys.stdout

    def say(self, line: str) -> None:
        self.write("kawal", line)

    def write(self, name: str, line: str) -> None:
        self.plain(f"{name:<{WIDTH}} | {line}")

    def plain(self, line: str) -> None:
        with suppress(OSError):  # the terminal is closed, or nobody reads the pipe: no reason to leave programs alone
            self._target.write(f"{line}\n")
            self._target.flush()

    def stream(self, name: str) -> Callable[[dict[str, Any]], None]:
        """A Circus stream: called with `{"data": bytes, …}` for each piece of output."""
        pending = bytearray()

        def receive(piece: dict[str, Any]) -> None:
            pending.extend(piece["data"])
            *lines, rest = pending.split(b"\n")
            pending[:] = rest
            for line in lines:
                self.write(name, line.decode(errors="replace").rstrip("\r"))

        return receive
