"""Dead letters, read and replayed.

A replay sends the letters back to their topic, in their order, with their own headers (so `ce_id` too: what was
applied before is a duplicate) and two of ours: the group that they are meant for, and their place among the dead
letters. Behind them, a mark for each key lets the consumer unpark it; the consumer alone decides, in the order of
the log, so nothing can slip in between. See docs/adr/0008-dead-letters-keep-their-order.md.

How far a topic has been replayed is told by bookmarks in itself, which live for as long as the letters do. The offsets
of a consumer group would not: a group that nobody is a member of is forgotten after some days, and with its place all
letters would be replayed again, when the inbox may have forgotten them too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from kawal.contracts.envelope import KafkaMessage
from kawal.inbox import KEEP_DAYS
from kawal.kafka import clients, headers
from kawal.kafka.producer import Producer
from kawal.kafka.record import Raw

SUFFIX = ".dlq"
READ_WITHIN_S = 60.0
# What was replayed longer ago may have been applied then and be known by no inbox any more.
KNOWN_FOR = timedelta(days=KEEP_DAYS)


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
    """What a replay has sent, and how many letters it left out because of `KNOWN_FOR`."""

    letters: int
    keys: int
    left_out: int


@dataclass(slots=True)
class _History:
    """What a dead-letter topic holds: its letters, and up to which of them it was replayed at which times."""

    letters: list[tuple[int, str]] = field(default_factory=list)
    bookmarks: list[tuple[int, datetime]] = field(default_factory=list)

    def add(self, raw: Raw) -> None:
        bookmark = _bookmark_in(raw)
        if bookmark is None:
            self.letters.append((raw.offset, _letter(raw).reason))
        else:
            self.bookmarks.append(bookmark)

    def first_after_replay(self, *, before: datetime) -> int:
        """The offset behind all that was replayed before then."""
        return max((through + 1 for through, at in self.bookmarks if at <= before), default=0)


class DeadLetterReader:
    """Reads the dead-letter topics of a cluster. See `opened`."""

    def __init__(self, client: AIOKafkaConsumer, *, bootstrap_servers: str) -> None:
        self._client = client
        self._bootstrap_servers = bootstrap_servers

    async def topics(self) -> list[str]:
        return sorted(topic for topic in await self._client.topics() if topic.endswith(SUFFIX))

    async def summary(self, topic: str) -> Summary:
        history = await self._history(topic)
        replayed_to = history.first_after_replay(before=datetime.now(UTC))
        return Summary(
            topic,
            letters=len(history.letters),
            waiting=sum(offset >= replayed_to for offset, _ in history.letters),
            reasons=Counter(reason for _, reason in history.letters),
        )

    async def letters(self, topic: str, *, start: int = 0) -> AsyncIterator[Letter]:
        """The letters from offset `start` to what is the end now, in order."""
        async for raw in self._read(topic, start=start):
            if _bookmark_in(raw) is None:
                yield _letter(raw)

    async def replay(self, topic: str, *, from_start: bool = False) -> Replayed:
        """Send the letters that were not replayed yet (or all) to their topic again, then unpark their keys.

        Interrupted or done twice, it sends letters again that were handled already: their ids are known. What fails
        again comes back to the dead letters, and its key stays parked.
        """
        history = await self._history(topic)
        now = datetime.now(UTC)
        start = history.first_after_replay(before=now - KNOWN_FOR if from_start else now)
        producer = Producer(bootstrap_servers=self._bootstrap_servers)
        keys: dict[tuple[str, str, bytes], int] = {}
        sent = 0
        through = -1
        try:
            async for chunk in _chunks(self.letters(topic, start=start)):
                await producer.send_all([_again(letter) for letter in chunk])
                keys |= {(letter.topic, letter.group, letter.key): 0 for letter in chunk if letter.key}
                sent += len(chunk)
                through = chunk[-1].offset
            await producer.send_all([_mark(*key, through=through) for key in keys])
            if sent:
                await producer.send(_bookmark(topic, through=through))
        finally:
            await producer.stop()
        left_out = sum(offset < start for offset, _ in history.letters) if from_start else 0
        return Replayed(letters=sent, keys=len(keys), left_out=left_out)

    async def _history(self, topic: str) -> _History:
        history = _History()
        async for raw in self._read(topic, start=0):
            history.add(raw)
        return history

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
    client = clients.lone_consumer(bootstrap_servers=bootstrap_servers, from_end=False)
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


def _bookmark(topic: str, *, through: int) -> KafkaMessage:
    added = (
        (headers.REPLAYED_THROUGH, str(through).encode()),
        (headers.AT, datetime.now(UTC).isoformat().encode()),
    )
    return KafkaMessage(topic=topic, key=b"", value=b"", headers=added)


def _bookmark_in(raw: Raw) -> tuple[int, datetime] | None:
    found = dict(raw.headers)
    through = headers.offset_in(found, headers.REPLAYED_THROUGH)
    return None if through is None else (through, datetime.fromisoformat(found[headers.AT].decode()))


def most_waiting_first(summaries: Sequence[Summary]) -> list[Summary]:
    """Those with letters that wait for somebody come first."""
    return sorted(summaries, key=lambda one: (-one.waiting, one.topic))
