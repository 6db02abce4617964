"""Dead letters, read and replayed.

A replay sends the letters back to their topic, in their order, with their own headers (so `ce_id` too: what was
applied before is a duplicate) and two of ours: the group that they are meant for, and their place among the dead
letters. Behind them, a mark for each key lets the consumer unpark it; the consumer alone decides, in the order of
the log, so nothing can slip in between. See docs/adr/0008-dead-letters-keep-their-order.md.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from kawal.contracts.envelope import KafkaMessage
from kawal.kafka import clients, headers
from kawal.kafka.producer import Producer
from kawal.kafka.record import Raw

SUFFIX = ".dlq"
# Its committed offsets are where the next replay of each dead-letter topic begins.
REPLAY_GROUP = "dlq-replay"
READ_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `offset` is its place among the dead letters, `was_at` where it failed."""

    dead_letter_topic: str
    offset: int
    topic: str
    group: str
    reason: str
    at: str
    was_at: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Summary:
    """A dead-letter topic: all letters that are kept, and how many of them were never replayed."""

    topic: str
    letters: int = 0
    waiting: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Replayed:
    letters: int
    keys: int


class DeadLetterReader:
    """Reads the dead-letter topics of a cluster. See `opened`."""

    def __init__(self, client: AIOKafkaConsumer, *, bootstrap_servers: str) -> None:
        self._client = client
        self._bootstrap_servers = bootstrap_servers

    async def topics(self) -> list[str]:
        return sorted(topic for topic in await self._client.topics() if topic.endswith(SUFFIX))

    async def summary(self, topic: str) -> Summary:
        made = Summary(topic)
        replayed_to = await self._position(topic)
        async for letter in self.letters(topic):
            made.letters += 1
            made.waiting += letter.offset >= replayed_to
            made.reasons[letter.reason] += 1
        return made

    async def letters(self, topic: str, *, start: int = 0) -> AsyncIterator[Letter]:
        """The letters from offset `start` to what is the end now, in order."""
        async for raw in self._read(topic, start=start):
            yield _letter(raw)

    async def replay(self, topic: str, *, from_start: bool = False) -> Replayed:
        """Send the letters that were not replayed yet (or all) to their topic again, then unpark their keys.

        Interrupted or done twice, it sends letters again that were handled already: their ids are known. What fails
        again comes back to the dead letters, and its key stays parked.
        """
        start = 0 if from_start else await self._position(topic)
        producer = Producer(bootstrap_servers=self._bootstrap_servers)
        keys: dict[tuple[str, str, bytes], int] = {}
        sent = 0
        end = start
        try:
            async for chunk in _chunks(self.letters(topic, start=start)):
                await producer.send_all([_again(letter) for letter in chunk])
                keys |= {(letter.topic, letter.group, letter.key): 0 for letter in chunk if letter.key}
                sent += len(chunk)
                end = chunk[-1].offset + 1
            await producer.send_all([_mark(*key, through=end - 1) for key in keys])
        finally:
            await producer.stop()
        if sent:
            await self._commit(topic, end)
        return Replayed(letters=sent, keys=len(keys))

    async def _position(self, topic: str) -> int:
        partition = self._assign(topic)
        async with asyncio.timeout(READ_WITHIN_S):
            return await self._client.committed(partition) or 0

    async def _commit(self, topic: str, offset: int) -> None:
        partition = self._assign(topic)
        async with asyncio.timeout(READ_WITHIN_S):
            await self._client.commit({partition: offset})

    async def _read(self, topic: str, *, start: int) -> AsyncIterator[Raw]:
        partition = self._assign(topic)
        async with asyncio.timeout(READ_WITHIN_S):
            end = (await self._client.end_offsets([partition]))[partition]
            first = (await self._client.beginning_offsets([partition]))[partition]
        place = max(start, first)
        self._client.seek(partition, place)
        while place < end:
            async with asyncio.timeout(READ_WITHIN_S):
                polled = await self._client.getmany(partition, timeout_ms=1000)
            for raw in polled.get(partition, []):
                place = raw.offset + 1
                if raw.offset < end:
                    yield raw

    def _assign(self, topic: str) -> Any:
        # One partition, see kawal.contracts.topics.dead_letters.
        partition = TopicPartition(topic, 0)
        if self._client.assignment() != {partition}:
            self._client.assign([partition])
        return partition


@asynccontextmanager
async def opened(bootstrap_servers: str) -> AsyncIterator[DeadLetterReader]:
    client = clients.lone_consumer(bootstrap_servers=bootstrap_servers, from_end=False, group=REPLAY_GROUP)
    try:
        await clients.started(client, topics=())
        yield DeadLetterReader(client, bootstrap_servers=bootstrap_servers)
    finally:
        await clients.stopped(client)


async def _chunks(letters: AsyncIterator[Letter], *, size: int = 500) -> AsyncIterator[list[Letter]]:
    chunk: list[Letter] = []
    async for letter in letters:
        chunk.append(letter)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _letter(raw: Raw) -> Letter:
    found = dict(raw.headers)

    def text(name: str) -> str:
        return found.get(name, b"").decode(errors="replace")

    return Letter(
        dead_letter_topic=raw.topic,
        offset=raw.offset,
        topic=text(headers.TOPIC),
        group=text(headers.GROUP),
        reason=text(headers.REASON),
        at=text(headers.AT),
        was_at=f"{text(headers.TOPIC)}/{text(headers.PARTITION)}/{text(headers.OFFSET)}",
        key=raw.key or b"",
        value=raw.value or b"",
        headers=tuple((name, value) for name, value in raw.headers if name not in headers.ADDED),
    )


def _again(letter: Letter) -> KafkaMessage:
    added = (
        (headers.REPLAY_GROUP, letter.group.encode()),
        (headers.REPLAYED_FROM, str(letter.offset).encode()),
    )
    return KafkaMessage(topic=letter.topic, key=letter.key, value=letter.value, headers=letter.headers + added)


def _mark(topic: str, group: str, key: bytes, *, through: int) -> KafkaMessage:
    added = (
        (headers.REPLAY_GROUP, group.encode()),
        (headers.UNPARK_THROUGH, str(through).encode()),
    )
    return KafkaMessage(topic=topic, key=key, value=b"", headers=added)


def most_waiting_first(summaries: Sequence[Summary]) -> list[Summary]:
    """Those with letters that wait for somebody come first."""
    return sorted(summaries, key=lambda one: (-one.waiting, one.topic))
