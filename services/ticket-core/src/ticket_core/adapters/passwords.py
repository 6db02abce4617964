"""Passwords of agents: Argon2id with the parameters of RFC 9106, section 4, second recommendation.

Hashing takes tens of milliseconds and 64 MiB on purpose, so it runs in a thread, and only two at a time.
"""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_NOBODY = _HASHER.hash("nobody has this password")
_AT_A_TIME = 2


class Passwords:
    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_A_TIME)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, password: str, *, hashed: str | None) -> bool:
        """Whether `password` is the one; takes as long when there is no hash, so that nobody learns who is an agent."""
        async with self._slots:
            return await asyncio.to_thread(_verify, password, hashed or _NOBODY) and hashed is not None


def _verify(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
