"""A service's task that works in rounds for as long as the service lives, and waits while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from kawal.database.outages import is_outage
from kawal.errors import TransientError
from kawal.observability.logging import get_logger

AFTER_OUTAGE_S = 5.0

log = get_logger()


async def rounds(name: str, one: Callable[[], Awaitable[float]], *, after_outage_s: float = AFTER_OUTAGE_S) -> NoReturn:
    """Call `one` again and again; it returns how many seconds to rest before the next time.

    What passes by itself is logged, and the round is made again after `after_outage_s`. Any other error ends the task.
    """
    while True:
        try:
            pause_s = await one()
        except Exception as error:
            if not (isinstance(error, TransientError) or is_outage(error)):
                raise
            log.warning("task_interrupted", task=name, error=error)
            pause_s = after_outage_s
        await asyncio.sleep(pause_s)
