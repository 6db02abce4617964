"""Fills a database with existing cases, quickly and realistically; see `seed.sql`."""

from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from ticket_core.domain.numbers import NumberSpace

TABLES = ("participants", "identities", "cases", "case_numbers", "conversations", "timeline")
_RESERVED = """
    INSERT INTO core.number_counter (given) VALUES ($1)
    ON CONFLICT (id) DO UPDATE SET given = number_counter.given + $1 RETURNING given
"""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is there now: the numbers of the cases, `number[i]` of case `i`, and a case with fifty entries."""

    numbers: list[str]

    @property
    def long_case(self) -> str:
        return self.numbers[0]

    @property
    def active(self) -> list[str]:
        """Those in which agents have something to do; see `state` in `seed.sql`."""
        return self.numbers[1::20]

    @staticmethod
    def conversation_id(case: int) -> str:
        return f"chat:seed{case:012d}"


async def seed(dsn: str, *, cases: int, number_key: str) -> Seeded:
    """Add `cases` cases, once for each database; case numbers come from the installation's own sequence."""
    connection = await asyncpg.connect(dsn)
    try:
        numbers = await reserve(connection, count=cases, number_key=number_key)
        async with connection.transaction():
            await connection.execute("CREATE TEMPORARY TABLE seed_number (i int, number text) ON COMMIT DROP")
            await connection.copy_records_to_table("seed_number", records=list(enumerate(numbers)))
            await connection.execute(files("kawal_bench").joinpath("seed.sql").read_text(encoding="utf-8"))
        for table in TABLES:
            await connection.execute(f"VACUUM ANALYZE core.{table}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return Seeded(numbers)


async def reserve(connection: "asyncpg.Connection", *, count: int, number_key: str) -> list[str]:
    """Numbers that ticket-core will not give out any more."""
    given = await connection.fetchval(_RESERVED, count)
    return list(NumberSpace(number_key).numbers(start=given - count, count=count))
