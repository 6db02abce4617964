from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import update

from kawal.database import day_partitions
from kawal.outbox import Cursor, append, committed_now, maintain, read_committed_after
from kawal.testing import eventually

pytestmark = pytest.mark.integration

START = Cursor(0, 0)


async def read(box, cursor=START, limit=100):
    async with box.engine.connect() as connection:
        return await read_committed_after(connection, box.table, cursor=cursor, limit=limit)


def numbers(rows):
    return [int(row.message.value) for row in rows]


class TestAppend:
    async def test_keeps_order_and_every_byte(self, box):
        await box.append(*(("a", number) for number in range(50)))
        await eventually(lambda: _read_all(box, 50))
        rows = await read(box)
        assert numbers(rows) == list(range(50))
        assert rows[0].message == box.message("a", 0)

    async def test_headers_may_hold_any_bytes(self, box):
        message = box.message("a", 1)
        odd = type(message)(message.topic, message.key, b"\x00\xff", (("x", bytes(range(256))), ("x", b"")))
        async with box.engine.begin() as connection:
            await append(connection, box.table, [odd])
        await eventually(lambda: _read_all(box, 1))
        assert (await read(box))[0].message == odd


class TestReadCommittedAfter:
    async def test_goes_on_after_the_cursor(self, box):
        await box.append(*(("a", number) for number in range(5)))
        await eventually(lambda: _read_all(box, 5))
        first = await read(box, limit=2)
        assert numbers(first) == [0, 1]
        assert numbers(await read(box, first[-1].cursor)) == [2, 3, 4]

    async def test_no_row_appears_before_one_that_was_read(self, box):
        async with box.engine.connect() as slow:
            await append(slow, box.table, [box.message("slow", 1)])
            await box.append(("fast", 2))
            # The later transaction has committed, but the earlier one may still show up before it.
            assert await read(box) == []
            await slow.commit()
        await eventually(lambda: _read_all(box, 2))
        assert numbers(await read(box)) == [1, 2]

    async def test_what_is_rolled_back_never_shows(self, box):
        async with box.engine.connect() as given_up:
            await append(given_up, box.table, [box.message("a", 1)])
            await given_up.rollback()
        await box.append(("a", 2))
        await eventually(lambda: _read_all(box, 1))
        assert numbers(await read(box)) == [2]

    async def test_a_reader_of_the_present_gets_what_comes(self, box):
        await box.append(("a", 1))
        await eventually(lambda: _read_all(box, 1))
        async with box.engine.connect() as connection:
            cursor = await committed_now(connection)
        await box.append(("a", 2))
        await eventually(lambda: _read_all(box, 2))
        assert numbers(await read(box, cursor)) == [2]


class TestMaintain:
    async def test_drops_old_days_only_when_all_is_published(self, box):
        await box.append(("a", 1))
        today = day_partitions.day_of(datetime.now(UTC))
        later = datetime.now(UTC) + timedelta(days=5)
        await _maintain(box, later)
        assert f"outbox_p{today:%Y%m%d}" in await _partitions(box)
        async with box.engine.begin() as connection:
            await connection.execute(update(box.table).values(published_at=later))
        await _maintain(box, later)
        assert f"outbox_p{today:%Y%m%d}" not in await _partitions(box)


class TestMigration:
    async def test_agrees_with_the_table(self, box):
        def differences(connection):
            wanted = {box.table.schema, "outbox"}
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_schemas": True,
                    "include_name": lambda name, kind, _: kind not in {"schema", "table"} or name in wanted,
                    "compare_server_default": True,
                },
            )
            return compare_metadata(context, box.table.metadata)

        async with box.engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def _read_all(box, count: int) -> bool:
    # Other transactions on the server, of other tests too, hold the horizon back for a moment.
    return len(await read(box)) == count


async def _maintain(box, now) -> None:
    async with box.engine.begin() as connection:
        await maintain(connection, box.table, now=now, keep_days=2)


async def _partitions(box) -> list[str]:
    async with box.engine.connect() as connection:
        return await day_partitions.partitions(connection, box.table)
