"""Creates the topics that `kawal.contracts.topics` declares, with the dead letters of every group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from kawal.contracts.topics import ALL, DAY_MS, READERS, Topic, dead_letters
from kawal.errors import TransientError

# A dead letter carries a few headers more than the largest record of its topic (the broker's default, 1 MiB).
DEAD_LETTER_BYTES = 2 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """`min_insync` replicas have a message before it counts as sent."""

    factor: int = 1
    min_insync: int = 1


def declared() -> list[Topic]:
    """Every topic there has to be."""
    buried = [dead_letters(topic=topic, group=group) for topic, groups in READERS.items() for group in groups]
    return [*ALL, *buried]


async def create(
    topics: Sequence[Topic], *, bootstrap_servers: str, replication: Replication = Replication()
) -> list[str]:
    """Create those of `topics` that do not exist; returns their names. Existing ones are left as they are.

    Raises:
        TransientError: no broker answers.
        KafkaError: the broker refuses, for example too large a replication factor.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        answer = await admin.create_topics([_new(topic, replication) for topic in topics])
    except OSError as error:
        raise TransientError(f"Kafka is away: {type(error).__name__}") from error
    except KafkaError as error:
        raise TransientError(f"Kafka is away: {type(error).__name__}") if error.retriable else error from error
    finally:
        await admin.close()
    return [name for name, code, *_ in answer.topic_errors if _was_created(name, code)]


def _new(topic: Topic, replication: Replication) -> Any:
    config = {
        "retention.ms": str(topic.retention_ms),
        "min.insync.replicas": str(replication.min_insync),
        "cleanup.policy": "delete",
        # Only whole segments are deleted, and a quiet topic fills one in years: then nothing would ever be.
        "segment.ms": str(DAY_MS),
    }
    if topic.name.endswith(".dlq"):
        config["max.message.bytes"] = str(DEAD_LETTER_BYTES)
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication.factor,
        topic_configs=config,
    )


def _was_created(name: str, code: int) -> bool:
    kind = for_code(code)
    if kind is TopicAlreadyExistsError:
        return False
    if code:
        raise kind(f"topic {name} could not be created")
    return True
