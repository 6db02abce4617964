"""The end of a client that does not end by itself. The one place that looks inside of aiokafka's, which have no way."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator

from kawal.observability.logging import get_logger

WITHIN_S = 5.0
ATTEMPTS = 10

log = get_logger()


async def abort(producer: AIOKafkaProducer) -> None:
    """Close `producer` within `WITHIN_S`; what it had in flight has an unknown fate.

    Its own `stop()` flushes, also what comes after a batch that failed; and an idempotent producer never gives a
    batch up, so `stop()` waits for an absent broker for ever.
    """
    producer._closed = True  # noqa: SLF001 - see above
    ending = {asyncio.ensure_future(producer.client.close())}
    sender: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001 - see above
    if sender is not None:
        ending.add(sender)
    for _ in range(ATTEMPTS):
        if sender is not None:
            sender.cancel()  # once is not enough: it then waits for its requests, which may never be answered
        _, late = await asyncio.wait(ending, timeout=WITHIN_S / ATTEMPTS)
        if not late:
            return
    log.warning("producer_stops_late")


async def abandon(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer whose `stop()` was cut off: what it left running asks for metadata for ever."""
    parts = [consumer._client.close()]  # noqa: SLF001 - see above
    if consumer._fetcher is not None:  # noqa: SLF001
        parts.append(consumer._fetcher.close())  # noqa: SLF001
    group = consumer._coordinator  # noqa: SLF001
    if isinstance(group, GroupCoordinator):
        parts += [group._stop_heartbeat_task(), group._stop_commit_offsets_refresh_task()]  # noqa: SLF001
    _, late = await asyncio.wait({asyncio.ensure_future(part) for part in parts}, timeout=WITHIN_S)
    if late:
        log.warning("consumer_stops_late")
