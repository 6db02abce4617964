"""Waiting for other processes, which have no way to tell us but to be asked."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.05


async def until(condition: Callable[[], Awaitable[bool]], *, timeout_s: float) -> None:
    """Return once `condition` holds; raises `TimeoutError` after `timeout_s` seconds."""
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110 - another process sets no asyncio.Event
            await asyncio.sleep(POLL_S)
