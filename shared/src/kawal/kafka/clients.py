"""aiokafka's consumer with defaults that lose nothing (its own are unsafe, see shared/DESIGN.md, "Known traps")."""

import asyncio
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from kawal.errors import TransientError
from kawal.kafka.aborting import abandon
from kawal.kafka.settings import ConsumerSettings
from kawal.observability.logging import get_logger
from kawal.waiting import undisturbed

log = get_logger()

STOP_TIMEOUT_S = 10.0
START_TIMEOUT_S = 30.0


def group_consumer(*, group: str, settings: ConsumerSettings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        group_id=group,
        auto_offset_reset="earliest",
        session_timeout_ms=_ms(settings.session_timeout_s),
        heartbeat_interval_ms=_ms(settings.heartbeat_s),
        rebalance_timeout_ms=_ms(settings.rebalance_timeout_s),
        **_common(settings.bootstrap_servers),
    )


def lone_consumer(*topics: str, bootstrap_servers: str, from_end: bool) -> AIOKafkaConsumer:
    """A consumer that shares with nobody: all of `topics`, or what it assigns to itself."""
    return AIOKafkaConsumer(
        *topics,
        group_id=None,
        auto_offset_reset="latest" if from_end else "earliest",
        **_common(bootstrap_servers),
    )


def _common(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": bootstrap_servers,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        # A fetch that leaves out a partition whose records are still in hand delays that partition by so much.
        "fetch_max_wait_ms": 250,
        # How long a fetch waits rather than leave such a partition out.
        "consumer_timeout_ms": 1_000,
        "request_timeout_ms": 30_000,
        "metadata_max_age_ms": 60_000,
    }


async def started(client: AIOKafkaConsumer, *, topics: Collection[str]) -> None:
    """Connect and make sure that `topics` exist.

    Raises:
        TransientError: no broker answers, or a topic is missing (`kawal topics` creates them).
    """
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await client.start()
            missing = set(topics) - await client.topics()
    except (KafkaError, TimeoutError, OSError) as error:
        raise TransientError(f"Kafka is away: {type(error).__name__}") from error
    if missing:
        raise TransientError(f"topics are missing: {', '.join(sorted(missing))}")


async def stopped(client: AIOKafkaConsumer) -> None:
    """Leave the group and close, within a bound; also when cancelled meanwhile."""
    await undisturbed(_stop(client))


async def _stop(client: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await client.stop()
    except (KafkaError, TimeoutError, OSError) as error:
        log.warning("consumer_stopped_late", error=error)
        await abandon(client)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
