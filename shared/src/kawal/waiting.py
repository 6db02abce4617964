"""Waiting for what may not come, and ending what must not be cut off."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def comes(event: asyncio.Event, *, within_s: float) -> bool:
    """Wait for `event`, but only so long; says whether it came."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def undisturbed(work: Coroutine[Any, Any, None], *, within_s: float | None = None) -> None:
    """Bring `work` to its end before a cancellation goes on.

    From the cancellation on it has `within_s`, and is cut off then; without that it must bound itself.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        _, late = await asyncio.wait({task}, timeout=within_s)
        if late:
            task.cancel()
            await asyncio.wait({task})
        raise
    task.result()
