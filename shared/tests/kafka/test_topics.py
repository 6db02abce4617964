from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidReplicationFactorError

from kawal.contracts.topics import INTERACTIONS, Topic
from kawal.errors import TransientError
from kawal.kafka import topics
from kawal.kafka.topics import Replication


@pytest.fixture
async def admin(kafka_bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    yield admin
    await admin.close()


class TestDeclared:
    def test_has_the_dead_letters_of_every_reader(self):
        names = [topic.name for topic in topics.declared()]
        assert INTERACTIONS.name in names
        assert "kawal.interactions.v1.ticket-core.dlq" in names
        assert len(names) == len(set(names))


@pytest.mark.integration
class TestCreate:
    async def test_is_idempotent(self, kafka_bootstrap, admin):
        topic = Topic(f"made.{uuid4().hex[:12]}", partitions=3, retention_ms=123_000)
        try:
            assert await topics.create([topic], bootstrap_servers=kafka_bootstrap) == [topic.name]
            assert await topics.create([topic], bootstrap_servers=kafka_bootstrap) == []
            described = await admin.describe_topics([topic.name])
            assert len(described[0]["partitions"]) == 3
            assert await _config(admin, topic.name, "retention.ms") == "123000"
            assert await _config(admin, topic.name, "segment.ms") == "86400000"
        finally:
            await admin.delete_topics([topic.name])

    async def test_a_letter_may_be_larger_than_its_record(self, kafka_bootstrap, admin):
        topic = Topic(f"made.{uuid4().hex[:12]}.dlq")
        try:
            await topics.create([topic], bootstrap_servers=kafka_bootstrap)
            assert int(await _config(admin, topic.name, "max.message.bytes")) > 1_048_588
        finally:
            await admin.delete_topics([topic.name])

    async def test_what_the_broker_refuses_is_told(self, kafka_bootstrap):
        topic = Topic(f"made.{uuid4().hex[:12]}")
        with pytest.raises(InvalidReplicationFactorError):
            await topics.create([topic], bootstrap_servers=kafka_bootstrap, replication=Replication(factor=9))

    async def test_a_broker_that_is_away_is_transient(self):
        with pytest.raises(TransientError):
            await topics.create([INTERACTIONS], bootstrap_servers="127.0.0.1:1")


async def _config(admin, topic: str, name: str) -> str:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    entries = answers[0].resources[0][4]
    return next(entry[1] for entry in entries if entry[0] == name)
