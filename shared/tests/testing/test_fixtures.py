"""The fixtures against the servers that they start (or are given)."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from kawal.testing import eventually
from kawal.testing.databases import Databases
from kawal.testing.topics import Topics

pytestmark = pytest.mark.integration


class TestDatabases:
    async def test_are_empty_each_time(self, postgres_dsn):
        databases = Databases(postgres_dsn)
        dsn = databases.empty()
        connection = await asyncpg.connect(dsn)
        await connection.execute("create schema core; create table core.entry (id int generated always as identity)")
        await connection.execute("insert into core.entry default values")
        await connection.close()

        assert databases.empty() == dsn
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("select count(*) from core.entry") == 0
        assert await connection.fetchval("insert into core.entry default values returning id") == 1
        await connection.close()
        databases.drop_all()

    async def test_are_gone_afterwards(self, postgres_dsn):
        databases = Databases(postgres_dsn)
        dsn = databases.empty()
        databases.drop_all()
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(dsn)

    async def test_server_is_postgresql_18(self, database):
        connection = await asyncpg.connect(database())
        assert connection.get_server_version().major == 18
        await connection.close()


class TestTopics:
    async def test_carry_a_message(self, topic_name, group_name, kafka_bootstrap):
        topic = topic_name("greetings", partitions=2)
        async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, enable_idempotence=True) as producer:
            await producer.send_and_wait(topic, b"hello", key=b"k")
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=kafka_bootstrap, group_id=group_name(), auto_offset_reset="earliest"
        ) as consumer:
            record = await consumer.getone()
        assert (record.key, record.value) == (b"k", b"hello")

    async def test_are_gone_afterwards(self, kafka_bootstrap):
        topics = Topics(kafka_bootstrap)
        topic = topics.create("short-lived", partitions=3)
        topics.delete_all()
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()

        async def is_gone():  # the broker hears of it a moment after the controller, which answered
            return topic not in await admin.list_topics()

        await eventually(is_gone)
        await admin.close()

    def test_names_are_never_the_same(self, topic_name):
        assert topic_name("a") != topic_name("a")
