"""Fills a database with existing cases, quickly and realistically; see `seed.sql`."""

import time
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from kawal import database
from ticket_core.domain.numbers import NumberSpace
from ticket_core.store.search_index import SearchIndex

TABLES = ("participants", "identities", "cases", "case_numbers", "conversations", "timeline")
_SEARCHED = {"case_search_words_idx": "words", "case_search_who_idx": "who public.gin_trgm_ops"}
_RESERVED = """
    INSERT INTO core.number_counter (given) VALUES ($1)
    ON CONFLICT (id) DO UPDATE SET given = number_counter.given + $1 RETURNING given
"""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is there now: the numbers of the cases, `number[i]` of case `i`, and a case with fifty entries.

    To make their search documents took `documents_s` seconds, without the indexes on them.
    """

    numbers: list[str]
    documents_s: float

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


async def seed(dsn: str, *, cases: int, number_key: str, lifelike: bool = False) -> Seeded:
    """Add `cases` cases, once for each database; case numbers come from the installation's own sequence.

    With `lifelike` texts (`search_words.sql`, slow) no two cases say the same.
    """
    connection = await asyncpg.connect(dsn)
    try:
        numbers = await reserve(connection, count=cases, number_key=number_key)
        async with connection.transaction():
            await connection.execute("CREATE TEMPORARY TABLE seed_number (i int, number text) ON COMMIT DROP")
            await connection.copy_records_to_table("seed_number", records=list(enumerate(numbers)))
            await connection.execute(_statements("seed.sql"))
            if lifelike:
                await connection.execute(_statements("search_words.sql"))
        for table in TABLES:
            await connection.execute(f"VACUUM ANALYZE core.{table}")
        documents_s = await _index(connection, dsn)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return Seeded(numbers, documents_s)


async def _index(connection: "asyncpg.Connection", dsn: str) -> float:
    """Make the search documents of all cases, or whatever is measured next pays for them; in seconds."""
    for name in _SEARCHED:  # bulk loading: they are made once, at the end
        await connection.execute(f"DROP INDEX core.{name}")
    began = time.perf_counter()
    async with database.opened(dsn) as engine:
        await SearchIndex(engine).rebuild()
    took = time.perf_counter() - began
    for name, column in _SEARCHED.items():
        await connection.execute(
            f"CREATE INDEX {name} ON core.case_search USING gin ({column}) WITH (fastupdate = off)"
        )
    await connection.execute("VACUUM ANALYZE core.case_search")
    return took


def _statements(name: str) -> str:
    return files("kawal_bench").joinpath(name).read_text(encoding="utf-8")


async def reserve(connection: "asyncpg.Connection", *, count: int, number_key: str) -> list[str]:
    """Numbers that ticket-core will not give out any more."""
    given = await connection.fetchval(_RESERVED, count)
    return list(NumberSpace(number_key).numbers(start=given - count, count=count))
