"""Gives out case numbers: to edges in blocks, and to the cases that bring none along."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.domain.errors import CaseNumbersExhausted
from ticket_core.domain.numbers import CAPACITY, NumberSpace

_TAKE = text("""
    INSERT INTO core.number_counter (given) VALUES (:count)
    ON CONFLICT (id) DO UPDATE SET given = number_counter.given + :count
    WHERE number_counter.given + :count <= :capacity
    RETURNING given
""")


class NoNumbers:
    """For a process that opens no cases."""

    async def take(self, count: int) -> list[str]:
        raise CaseNumbersExhausted(f"Nobody here has {count} numbers to give")

    def put(self, unused: list[str]) -> None:
        """There are none."""


class CaseNumbers:
    """Every number is given out once, whoever asks; those of a process that ends are lost, which is cheap."""

    def __init__(self, engine: AsyncEngine, *, space: NumberSpace, block: int = 1000) -> None:
        self._engine = engine
        self._space = space
        self._block = block
        self._spare: list[str] = []
        self._filling = asyncio.Lock()

    async def lease(self, count: int) -> list[str]:
        """`count` numbers for good, in a transaction of its own.

        Raises:
            CaseNumbersExhausted: fewer are left.
        """
        async with self._engine.begin() as connection:
            parameters = {"count": count, "capacity": CAPACITY}
            given = (await connection.execute(_TAKE, parameters)).scalar_one_or_none()
        if given is None:
            raise CaseNumbersExhausted("All case numbers were given out")
        return list(self._space.numbers(start=given - count, count=count))

    async def take(self, count: int) -> list[str]:
        """`count` numbers from the block at hand; what a batch does not use, it `put`s back."""
        async with self._filling:
            while len(self._spare) < count:
                self._spare += await self.lease(max(self._block, count))
            taken, self._spare = self._spare[:count], self._spare[count:]
            return taken

    def put(self, unused: list[str]) -> None:
        self._spare += unused
