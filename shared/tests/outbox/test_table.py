from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, update

from kawal.contracts.envelope import KafkaMessage
from kawal.database import day_partitions
from kawal.outbox import append, maintain
from kawal.outbox.table import decoded

pytestmark = pytest.mark.integration


async def written(box) -> list[KafkaMessage]:
    """All messages, in the order of their ids."""
    columns = box.table.c
    query = select(columns.topic, columns.key, columns.value, columns.headers).order_by(columns.id)
    async with box.engine.connect() as connection:
        return [KafkaMessage(row[0], row[1], row[2], decoded(row[3])) for row in await connection.execute(query)]


class TestAppend:
    async def test_keeps_order_and_every_byte(self, box):
        await box.append(*(("a", number) for number in range(50)))
        assert await written(box) == [box.message("a", number) for number in range(50)]

    async def test_headers_may_hold_any_bytes(self, box):
        message = box.message("a", 1)
        odd = KafkaMessage(message.topic, message.key, b"\x00\xff", (("x", bytes(range(256))), ("x", b"")))
        async with box.engine.begin() as connection:
            await append(connection, box.table, [odd])
        assert await written(box) == [odd]


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


async def _maintain(box, now) -> None:
    async with box.engine.begin() as connection:
        await maintain(connection, box.table, now=now, keep_days=2)


async def _partitions(box) -> list[str]:
    async with box.engine.connect() as connection:
        return await day_partitions.partitions(connection, box.table)
