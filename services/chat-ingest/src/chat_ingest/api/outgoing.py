"""What waits to be written to one socket."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import Send

from kawal.contracts.outbound import OutboundMessage


class Outgoing:
    """Writes frames in order. A reader that is too slow is cut: by the count of frames, or by the time of one.

    There is a task only while something waits, so an idle connection costs none. `written` is told what was handed
    to the socket, also when what follows it could not be; `cut` is told the reason when the reader must go.
    """

    __slots__ = ("_cut", "_limit", "_send", "_task", "_waiting", "_within_s", "_written")

    def __init__(
        self,
        send: Send,
        *,
        limit: int,
        within_s: float,
        written: Callable[[Sequence[OutboundMessage]], Awaitable[None]],
        cut: Callable[[str], None],
    ) -> None:
        self._send = send
        self._limit = limit
        self._within_s = within_s
        self._written = written
        self._cut = cut
        self._waiting: deque[tuple[str, OutboundMessage | None]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, frame: str, message: OutboundMessage | None = None) -> None:
        """Write `frame` as soon as possible; `message` is what it tells."""
        if len(self._waiting) >= self._limit:
            self._cut("queue_full")
            return
        self._waiting.append((frame, message))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def drained(self) -> None:
        """Wait until all that was put is written, or the reader is cut."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Write nothing more."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._write()
        except TimeoutError:
            self._cut("write_deadline")
        except (OSError, RuntimeError):  # how servers say that the socket is closed
            self._cut("socket_closed")
        finally:
            self._task = None

    async def _write(self) -> None:
        written: list[OutboundMessage] = []
        try:
            while self._waiting:
                frame, message = self._waiting.popleft()
                async with asyncio.timeout(self._within_s):
                    await self._send({"type": "websocket.send", "text": frame})
                if message is not None:
                    written.append(message)
        finally:
            if written:
                await self._written(written)
