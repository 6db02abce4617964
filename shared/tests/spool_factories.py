"""Messages and spools for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kawal.contracts.envelope import KafkaMessage
from kawal.spool import Receipt, Spool, SpoolLimits

ROOMY = SpoolLimits(max_rows=10_000, max_bytes=100_000_000, retention_s=3600)


def message(
    event_id: str = "chat/1", *, topic: str = "interactions", key: str = "chat:1", value: bytes = b"{}"
) -> KafkaMessage:
    return KafkaMessage(topic=topic, key=key.encode(), value=value, headers=(("ce_id", event_id.encode()),))


def receipt(key: str = "key", *, fingerprint: str = "f", body: bytes = b"answer") -> Receipt:
    return Receipt(key=key, fingerprint=fingerprint, body=body)


@asynccontextmanager
async def opened(path: Path, *, limits: SpoolLimits = ROOMY) -> AsyncIterator[Spool]:
    spool = await Spool.open(path, limits=limits)
    try:
        yield spool
    finally:
        await spool.close()


async def waiting_ids(spool: Spool) -> list[str]:
    """The event ids that wait for the broker, in order."""
    rows = await spool.unsent(after=spool.drained, max_rows=100_000, max_bytes=1_000_000_000)
    return [dict(row.message.headers)["ce_id"].decode() for row in rows]
