"""Kafka topics of one test: made when asked for, deleted afterwards."""

from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from kawal.testing.waiting import run_apart


@dataclass(slots=True)
class Topics:
    """The topics that one test has made on `bootstrap_servers`."""

    bootstrap_servers: str
    _made: list[str] = field(default_factory=list)

    def create(self, name: str = "topic", *, partitions: int = 1) -> str:
        """Create a topic and return its name, which starts with `name` and nobody else uses."""
        topic = f"{name}.{uuid4().hex[:12]}"
        run_apart(partial(_create, self.bootstrap_servers, topic, partitions=partitions))
        self._made.append(topic)
        return topic

    def delete_all(self) -> None:
        if self._made:
            run_apart(partial(_delete, self.bootstrap_servers, self._made))
        self._made.clear()


async def _create(bootstrap_servers: str, topic: str, *, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        wanted = NewTopic(name=topic, num_partitions=partitions, replication_factor=1)
        answer = await admin.create_topics([wanted])
    finally:
        await admin.close()
    for _, code, *_ in answer.topic_errors:
        if code:
            raise for_code(code)(f"topic {topic} could not be created")


async def _delete(bootstrap_servers: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics(topics)
    finally:
        await admin.close()
