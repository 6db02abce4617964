"""How long to leave a transcript alone that does not have yet what is missing."""

import random
from collections.abc import Iterator

FIRST_S, LAST_S = 0.05, 5.0


def pauses() -> Iterator[float]:
    """Seconds between attempts: doubling, spread, so that all readers do not ask a recovering database at once."""
    pause_s = FIRST_S
    while True:
        yield pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - spread, not secrecy
        pause_s = min(pause_s * 2, LAST_S)
