"""What is asked for with each page and may be some seconds old."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lately(Generic[T]):
    """Answers what `read` answered at most `for_s` ago; however many ask at once, it is read once."""

    def __init__(self, read: Callable[[], Awaitable[T]], *, for_s: float) -> None:
        self._read = read
        self._for_s = for_s
        self._known: tuple[T, float] | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        async with self._lock:
            if self._known is None or time.monotonic() >= self._known[1]:
                self._known = (await self._read(), time.monotonic() + self._for_s)
            return self._known[0]
