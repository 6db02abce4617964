"""One browser phone as the network sees it: frames to it, what its owner does, and who holds it just now."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Frame = Mapping[str, Any]
PENDING_FRAMES = 100


@dataclass(slots=True, eq=False)
class Connection:
    """One socket of a phone. `frames` is bounded: a browser that does not read is dropped."""

    frames: asyncio.Queue[Frame | None] = field(default_factory=lambda: asyncio.Queue(PENDING_FRAMES))

    def send(self, frame: Frame) -> None:
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """End the socket once what was sent before is written; at once when it does not read."""
        if self.frames.full():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


class Handset:
    """A number. It exists as soon as anybody opens or calls it, and holds at most one call."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.connected = asyncio.Event()
        self._connection: Connection | None = None

    def attach(self, connection: Connection) -> None:
        """The newest socket holds the phone; the one before is told and closed."""
        if self._connection is not None:
            self._connection.send({"type": "error", "code": "opened_elsewhere"})
            self._connection.close()
        self._connection = connection
        self.connected.set()

    def detach(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
            self.connected.clear()

    def send(self, frame: Frame) -> None:
        """Show something; lost when nobody holds the phone, who gets the whole state on opening it."""
        if self._connection is not None:
            self._connection.send(frame)
