"""Where poison goes: `<topic>.<group>.dlq`, and the parked keys that let later records follow it in order."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts import topics
from kawal.contracts.envelope import KafkaMessage
from kawal.database.outages import is_outage
from kawal.errors import TransientError
from kawal.kafka import headers
from kawal.kafka.parked import ParkedKeys
from kawal.kafka.plan import Burial, Parked
from kawal.kafka.producer import Producer
from kawal.kafka.record import KeyId, Raw
from kawal.kafka.topics import DEAD_LETTER_BYTES
from kawal.observability import metrics
from kawal.observability.logging import get_logger

log = get_logger()

LATELY = timedelta(minutes=1)


class DeadLetters:
    """The dead letters of one consumer group. `table` is the service's `parked_keys_table`.

    The producer connects when the first letter is written. Nothing here decides what is a dead letter.
    """

    def __init__(self, *, group: str, engine: AsyncEngine, table: Table, bootstrap_servers: str) -> None:
        self.group = group
        self.parked: dict[KeyId, Parked] = {}
        self.parked_lately = 0
        self._keys = ParkedKeys(engine=engine, table=table, group=group)
        self._producer = Producer(bootstrap_servers=bootstrap_servers, max_request_bytes=DEAD_LETTER_BYTES)

    async def refresh(self) -> None:
        """Read the parked keys again: whoever held the partitions before may have changed them.

        Raises:
            TransientError: PostgreSQL is away.
        """
        try:
            self.parked = await self._keys.load()
            self.parked_lately = await self._keys.parked_within(LATELY)
        except Exception as error:
            raise _transient_or_same(error) from error
        self._count()

    async def bury(self, burials: Sequence[Burial[Any]]) -> None:
        """Write all letters, wait for the broker, then park the keys; only afterwards may offsets move.

        Raises:
            TransientError: Kafka or PostgreSQL is away; bury the same again later (twice is harmless).
        """
        if not burials:
            return
        acks = await self._producer.send_all([_letter(burial, group=self.group) for burial in burials])
        parked, reasons = self._parked_by(burials, offsets=[ack.offset for ack in acks])
        try:
            await self._keys.park(parked, reasons=reasons)
        except Exception as error:
            raise _transient_or_same(error) from error
        self.parked.update(parked)
        self._count()
        self._report(burials)

    async def unpark(self, keys: Sequence[KeyId]) -> None:
        """Let the keys' records through again. Raises `TransientError` when PostgreSQL is away."""
        if not keys:
            return
        try:
            await self._keys.unpark(keys)
        except Exception as error:
            raise _transient_or_same(error) from error
        for key in keys:
            self.parked.pop(key, None)
        self._count()
        log.info("keys_unparked", group=self.group, keys=len(keys))

    async def close(self) -> None:
        await self._producer.stop()

    def _parked_by(
        self, burials: Sequence[Burial[Any]], *, offsets: Sequence[int]
    ) -> tuple[Mapping[KeyId, Parked], Mapping[KeyId, str]]:
        parked: dict[KeyId, Parked] = {}
        reasons: dict[KeyId, str] = {}
        for burial, offset in zip(burials, offsets, strict=True):
            key = burial.arrival.key_id
            if not key[1]:
                continue
            if burial.poison:
                parked[key] = Parked(blocked_until=offset, last_letter=offset)
                reasons[key] = burial.reason
            else:
                known = parked.get(key) or self.parked[key]
                parked[key] = Parked(blocked_until=known.blocked_until, last_letter=offset)
        return parked, reasons

    def _count(self) -> None:
        metrics.PARKED_KEYS.labels(self.group).set(len(self.parked))

    def _report(self, burials: Sequence[Burial[Any]]) -> None:
        for burial in burials:
            raw = burial.arrival.raw
            kind = "poison" if burial.poison else "parked"
            metrics.DEAD_LETTERS.labels(self.group, raw.topic, kind).inc()
            log.error(
                "dead_letter",
                group=self.group,
                topic=raw.topic,
                partition=raw.partition,
                offset=raw.offset,
                event_id=_header(raw, "ce_id"),
                event_type=_header(raw, "ce_type"),
                reason=burial.reason,
            )


def _letter(burial: Burial[Any], *, group: str) -> KafkaMessage:
    raw = burial.arrival.raw
    own = [(name, value) for name, value in raw.headers if name not in headers.ADDED]
    added = {
        headers.REASON: burial.reason,
        headers.GROUP: group,
        headers.TOPIC: raw.topic,
        headers.PARTITION: str(raw.partition),
        headers.OFFSET: str(raw.offset),
        headers.AT: datetime.now(UTC).isoformat(),
    }
    return KafkaMessage(
        topic=topics.dead_letters(topic=raw.topic, group=group).name,
        key=raw.key or b"",
        value=raw.value or b"",
        headers=(*own, *((name, value.encode()) for name, value in added.items())),
    )


def _header(raw: Raw, name: str) -> str | None:
    value = dict(raw.headers).get(name)
    return None if value is None else value.decode(errors="replace")


def _transient_or_same(error: Exception) -> Exception:
    return TransientError(f"PostgreSQL is away: {type(error).__name__}") if is_outage(error) else error
