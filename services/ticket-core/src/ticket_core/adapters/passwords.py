"""Passwords of agents: Argon2id with the parameters of RFC 9106, section 4, second recommendation.

Hashing takes tens of milliseconds and 64 MiB on purpose, so it runs in a thread, and only two at a time.
"""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from kawal.errors import KawalError

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_NOBODY = _HASHER.hash("nobody has this password")
_AT_A_TIME = 2
MOST_WAITING = 20
"""About half a second's work; whoever would come after them is told to come back."""


class TooManyPasswords(KawalError):
    status, code, title = 503, "too_many_passwords", "Too many people are signing in at this moment"
    retry_after_s = 1


class Passwords:
    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_A_TIME)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, password: str, *, hashed: str | None) -> bool:
        """Whether `password` is the one; takes as long when there is no hash, so that nobody learns who is an agent.

        Raises:
            TooManyPasswords: it was not looked at.
        """
        if self._waiting >= _AT_A_TIME + MOST_WAITING:
            raise TooManyPasswords("Try again in a moment")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(_verify, password, hashed or _NOBODY) and hashed is not None
        finally:
            self._waiting -= 1


def _verify(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
