import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from kawal.database import day_partitions
from kawal.inbox import insert_new, maintain
from kawal.testing import eventually

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(hour=12)
A, B, C = ("/chat", "a"), ("/chat", "b"), ("/web", "a")


async def insert(engine, inbox, *events, now=NOW):
    async with engine.begin() as connection:
        return await insert_new(connection, inbox, events=events, now=now)


class TestInsertNew:
    async def test_returns_what_was_not_there(self, engine, inbox):
        assert await insert(engine, inbox, A, B) == {A, B}
        assert await insert(engine, inbox, B, C) == {C}
        assert await insert(engine, inbox, A, B, C) == set()

    async def test_an_event_twice_in_a_batch_is_one(self, engine, inbox):
        assert await insert(engine, inbox, A, A) == {A}

    async def test_no_events_are_no_statement(self, engine, inbox):
        assert await insert(engine, inbox) == set()

    async def test_an_event_of_yesterday_is_a_duplicate(self, engine, inbox):
        await insert(engine, inbox, A, now=NOW - timedelta(days=1))
        assert await insert(engine, inbox, A, B) == {B}

    async def test_an_event_of_a_clock_that_is_ahead_is_a_duplicate(self, engine, inbox):
        await insert(engine, inbox, A, now=NOW + timedelta(days=1))
        assert await insert(engine, inbox, A, B) == {B}

    async def test_what_was_rolled_back_is_new_again(self, engine, inbox):
        async with engine.connect() as connection:
            await insert_new(connection, inbox, events=[A], now=NOW)
            await connection.rollback()
        assert await insert(engine, inbox, A) == {A}

    async def test_of_two_at_once_only_one_finds_it_new(self, engine, inbox):
        async with engine.begin() as first:
            assert await insert_new(first, inbox, events=[A, B], now=NOW) == {A, B}
            second = asyncio.create_task(insert(engine, inbox, B, A, C))
            await eventually(lambda: _waits_for_lock(engine))
        assert await second == {C}


class TestMaintain:
    async def test_drops_what_is_older_than_the_retention(self, engine, inbox):
        await insert(engine, inbox, A)
        later = NOW + timedelta(days=5)
        await _maintain(engine, inbox, now=later, keep_days=4)
        assert await _count(engine, inbox) == 0
        names = await _partitions(engine, inbox)
        assert names[0] == f"inbox_p{later - timedelta(days=4):%Y%m%d}"
        assert await insert(engine, inbox, A, now=later) == {A}

    async def test_makes_partitions_ahead_and_is_idempotent(self, engine, inbox):
        later = NOW + timedelta(days=3)
        for _ in range(2):
            await _maintain(engine, inbox, now=later, keep_days=30)
        names = await _partitions(engine, inbox)
        assert names[-1] == f"inbox_p{later + timedelta(days=day_partitions.AHEAD_DAYS):%Y%m%d}"

    async def test_replicas_may_do_it_at_once(self, engine, inbox):
        later = NOW + timedelta(days=20)
        await asyncio.gather(*(_maintain(engine, inbox, now=later, keep_days=4) for _ in range(4)))
        assert len(await _partitions(engine, inbox)) == 1 + day_partitions.AHEAD_DAYS + 1

    async def test_keeps_what_is_within_the_retention(self, engine, inbox):
        await insert(engine, inbox, A)
        await _maintain(engine, inbox, now=NOW + timedelta(days=4), keep_days=4)
        assert await insert(engine, inbox, A, now=NOW + timedelta(days=4)) == set()


class TestMigration:
    async def test_agrees_with_the_table(self, engine, inbox):
        def differences(connection):
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_schemas": True,
                    "include_name": lambda name, kind, _: name in {inbox.schema, "inbox"} or kind == "column",
                    "compare_server_default": True,
                },
            )
            return compare_metadata(context, inbox.metadata)

        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def _maintain(engine, inbox, **options) -> None:
    async with engine.begin() as connection:
        await maintain(connection, inbox, **options)


async def _partitions(engine, inbox) -> list[str]:
    async with engine.connect() as connection:
        return await day_partitions.partitions(connection, inbox)


async def _count(engine, inbox) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(inbox))).scalar_one()


async def _waits_for_lock(engine) -> bool:
    async with engine.connect() as connection:
        waiting = await connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(waiting.scalar_one())
