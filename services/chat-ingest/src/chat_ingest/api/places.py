"""How many clients this replica holds."""

from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """Open sockets and polls that wait: each keeps a file open and a reader in its room, for as long as it stays."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def full(self) -> bool:
        return self._taken >= self._limit

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place, whether or not there is one: who asks has looked."""
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
