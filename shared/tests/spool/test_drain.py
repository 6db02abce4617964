"""The drain against the real broker."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.partitioner import murmur2

from kawal.observability import metrics
from kawal.spool import Spool, SpoolDrain, SpoolLimits
from kawal.spool.drain import STOP_TIMEOUT_S
from kawal.testing import eventually
from spool_factories import message, opened, waiting_ids

pytestmark = pytest.mark.integration

NEVER_S = 3600.0


@asynccontextmanager
async def draining(spool: Spool, bootstrap: str, *, log_check_s: float = NEVER_S) -> AsyncIterator[SpoolDrain]:
    drain = SpoolDrain(spool, bootstrap_servers=bootstrap, log_check_s=log_check_s)
    task = asyncio.create_task(drain.run())
    try:
        yield drain
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.wait({task}, timeout=STOP_TIMEOUT_S)
        assert task.cancelled()


async def append(spool, topic, *event_ids, keys=1):
    for n, event_id in enumerate(event_ids):
        await spool.append(message(event_id, topic=topic, key=f"chat:{n % keys}"), event_id=event_id)


async def drained(spool):
    async def nothing_waits():
        return not await waiting_ids(spool)

    await eventually(nothing_waits, timeout=20)


async def read_all(bootstrap, topic):
    """The event ids in the topic by key, in the order of the log."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        found = defaultdict(list)
        partitions = [TopicPartition(topic, n) for n in range(4)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning()
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    found[record.key.decode()].append(dict(record.headers)["ce_id"].decode())
        return dict(found)
    finally:
        await consumer.stop()


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def delete(bootstrap, topic):
    """Delete it and wait until the broker has forgotten it: until then it takes, and loses, what it is sent."""
    async with admin(bootstrap) as client:
        await client.delete_topics([topic])

        async def forgotten():
            return topic not in await client.list_topics()

        await eventually(forgotten)


async def create(bootstrap, topic):
    """Create it once the broker has forgotten the earlier one of this name."""
    async with admin(bootstrap) as client:

        async def created():
            answer = await client.create_topics([NewTopic(topic, 4, 1)])
            return all(error[1] == 0 for error in answer.topic_errors)

        await eventually(created)


async def recreate(bootstrap, topic):
    await delete(bootstrap, topic)
    await create(bootstrap, topic)


async def regrow(bootstrap, topic, *, records):
    """Another edge goes on writing to the topic that was made anew, under the same key."""
    await recreate(bootstrap, topic)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for n in range(records):
            await producer.send_and_wait(topic, key=b"chat:0", value=b"{}", headers=[("ce_id", f"other/{n}".encode())])


async def forget_all(bootstrap, topic):
    """Let the broker delete all that is in the topic, as if it had become too old."""
    async with admin(bootstrap) as client:
        await client.delete_records({TopicPartition(topic, n): RecordsToDelete(before_offset=-1) for n in range(4)})


async def ours(bootstrap, topic):
    """What this edge has written to the topic, each once."""
    found = (await read_all(bootstrap, topic)).get("chat:0", [])
    return list(dict.fromkeys(name for name in found if not name.startswith("other/")))


@asynccontextmanager
async def forwarding(port: int, target: str) -> AsyncIterator[None]:
    """Something that listens on `port` and passes everything on to `target`."""
    host, target_port = target.rsplit(":", 1)

    async def copy(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader, writer):
        far_reader, far_writer = await asyncio.open_connection(host, int(target_port))
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def topic(topic_name):
    return topic_name("spool", partitions=4)


class TestRun:
    async def test_order_of_each_key(self, spool, topic, kafka_bootstrap):
        first, second = [f"{n}" for n in range(500)], [f"{n}" for n in range(500, 1000)]
        await append(spool, topic, *first, keys=10)
        async with draining(spool, kafka_bootstrap):
            await append(spool, topic, *second, keys=10)
            await drained(spool)
        expected = {f"chat:{k}": [f"{n}" for n in range(k, 1000, 10)] for k in range(10)}
        assert await read_all(kafka_bootstrap, topic) == expected

    async def test_marks_where_the_broker_put_it(self, spool, topic, kafka_bootstrap):
        await append(spool, topic, "a", "b", "c")
        async with draining(spool, kafka_bootstrap):
            await drained(spool)
        assert [known.last.offset for known in spool.acknowledged.values()] == [2]
        assert spool.drained == 3

    async def test_key_goes_where_other_producers_send_it(self, spool, topic, kafka_bootstrap):
        """The partition of Kafka's default partitioner (murmur2) for this key and four partitions."""
        await append(spool, topic, "a")
        async with draining(spool, kafka_bootstrap):
            await drained(spool)
        assert list(spool.acknowledged) == [(topic, (murmur2(b"chat:0") & 0x7FFFFFFF) % 4)]

    async def test_stopped_in_the_middle(self, path, topic, kafka_bootstrap):
        names = [f"{n}" for n in range(3_000)]
        async with opened(path) as spool:
            await asyncio.gather(*(append(spool, topic, name) for name in names))
            sent = metrics.SPOOL_SENT._value.get()
            async with draining(spool, kafka_bootstrap):
                await eventually(lambda: metrics.SPOOL_SENT._value.get() > sent, interval=0.001)
        async with opened(path) as spool, draining(spool, kafka_bootstrap):
            await drained(spool)
        found = (await read_all(kafka_bootstrap, topic))["chat:0"]
        assert list(dict.fromkeys(found)) == names

    async def test_large_messages(self, spool, topic, kafka_bootstrap):
        for n in range(8):
            large = message(f"{n}", topic=topic, value=b"x" * 800_000)
            await spool.append(large, event_id=f"{n}")
        async with draining(spool, kafka_bootstrap):
            await drained(spool)
        assert (await read_all(kafka_bootstrap, topic))["chat:1"] == [f"{n}" for n in range(8)]

    async def test_sweeps(self, topic, kafka_bootstrap, path):
        async with opened(path, limits=SpoolLimits(retention_s=0)) as spool, draining(spool, kafka_bootstrap):
            await append(spool, topic, "a", "b")
            await drained(spool)
            await eventually(lambda: spool._retained_bytes == 0)


class TestRunWithoutBroker:
    async def test_goes_on_when_it_comes(self, spool, topic, kafka_bootstrap):
        port = free_port()
        await append(spool, topic, "a", "b")
        async with draining(spool, f"127.0.0.1:{port}") as drain:
            await eventually(lambda: drain._backoff._attempt > 2)
            assert drain.alive()
            assert await waiting_ids(spool) == ["a", "b"]
            async with forwarding(port, kafka_bootstrap):
                await drained(spool)
        assert await read_all(kafka_bootstrap, topic) == {"chat:0": ["a", "b"]}

    async def test_goes_on_when_the_topic_comes(self, spool, topic, kafka_bootstrap):
        await delete(kafka_bootstrap, topic)
        await append(spool, topic, "a", "b")
        beat = asyncio.get_running_loop().time()
        async with draining(spool, kafka_bootstrap) as drain:
            await eventually(lambda: drain._heard_at > beat)
            assert await waiting_ids(spool) == ["a", "b"]
            await create(kafka_bootstrap, topic)
            await drained(spool)
        assert await read_all(kafka_bootstrap, topic) == {"chat:0": ["a", "b"]}

    async def test_other_topics_do_not_wait_for_one_that_is_missing(self, spool, topic, kafka_bootstrap):
        missing = f"{topic}.missing"
        await append(spool, missing, "a", "b")
        await append(spool, topic, "c")
        async with draining(spool, kafka_bootstrap):
            await eventually(lambda: _is(waiting_ids(spool), ["a", "b"]), timeout=30)
            await append(spool, missing, "d")
            await append(spool, topic, "e")
            await eventually(lambda: _is(waiting_ids(spool), ["a", "b", "d"]))
            try:
                await create(kafka_bootstrap, missing)
                await drained(spool)
                assert await read_all(kafka_bootstrap, missing) == {"chat:0": ["a", "b", "d"]}
            finally:
                await delete(kafka_bootstrap, missing)
        assert await read_all(kafka_bootstrap, topic) == {"chat:0": ["c", "e"]}


async def _is(found, expected) -> bool:
    return await found == expected


class TestRunAfterLogLoss:
    async def test_seen_at_the_start(self, path, topic, kafka_bootstrap):
        async with opened(path) as spool:
            await append(spool, topic, "a", "b", "c")
            async with draining(spool, kafka_bootstrap):
                await drained(spool)
        await recreate(kafka_bootstrap, topic)
        resent = metrics.SPOOL_RESENT._value.get()
        async with opened(path) as spool, draining(spool, kafka_bootstrap):
            await eventually(lambda: metrics.SPOOL_RESENT._value.get() == resent + 3)
            await drained(spool)
        assert await read_all(kafka_bootstrap, topic) == {"chat:0": ["a", "b", "c"]}

    async def test_seen_while_idle(self, spool, topic, kafka_bootstrap):
        async with draining(spool, kafka_bootstrap, log_check_s=0.2):
            await append(spool, topic, *"abcdef", keys=2)
            await drained(spool)
            await recreate(kafka_bootstrap, topic)

            async def all_there():
                return await read_all(kafka_bootstrap, topic) == {"chat:0": list("ace"), "chat:1": list("bdf")}

            await eventually(all_there)

    async def test_seen_by_an_ack_that_goes_back(self, spool, topic, kafka_bootstrap):
        async with draining(spool, kafka_bootstrap):
            await append(spool, topic, "a", "b", "c")
            await drained(spool)
            await recreate(kafka_bootstrap, topic)
            await append(spool, topic, "d")

            async def all_there():
                found = (await read_all(kafka_bootstrap, topic)).get("chat:0", [])
                return set(found) == set("abcd")

            await eventually(all_there, timeout=20)

    async def test_seen_although_the_log_has_grown_past_it(self, path, topic, kafka_bootstrap):
        async with opened(path) as spool:
            await append(spool, topic, "a", "b", "c")
            async with draining(spool, kafka_bootstrap):
                await drained(spool)
        await regrow(kafka_bootstrap, topic, records=10)
        async with opened(path) as spool, draining(spool, kafka_bootstrap):
            await eventually(lambda: _is(ours(kafka_bootstrap, topic), ["a", "b", "c"]), timeout=20)

    @pytest.mark.parametrize("restarted", [False, True])
    async def test_seen_although_the_new_log_took_something_before_the_look(
        self, path, topic, kafka_bootstrap, restarted
    ):
        async with opened(path) as spool:
            async with draining(spool, kafka_bootstrap):
                await append(spool, topic, "a", "b", "c")
                await drained(spool)
                await regrow(kafka_bootstrap, topic, records=10)
                await append(spool, topic, "d")
                await drained(spool)
            if not restarted:
                async with draining(spool, kafka_bootstrap):
                    await eventually(lambda: _is(ours(kafka_bootstrap, topic), ["d", "a", "b", "c"]), timeout=20)
        async with opened(path) as spool, draining(spool, kafka_bootstrap):
            await eventually(lambda: _is(ours(kafka_bootstrap, topic), ["d", "a", "b", "c"]), timeout=20)

    async def test_what_became_too_old_is_no_loss(self, path, topic, kafka_bootstrap):
        async with opened(path) as spool:
            await append(spool, topic, "a", "b", "c")
            async with draining(spool, kafka_bootstrap):
                await drained(spool)
        await forget_all(kafka_bootstrap, topic)
        resent = metrics.SPOOL_RESENT._value.get()
        async with opened(path) as spool, draining(spool, kafka_bootstrap):
            await append(spool, topic, "d")
            await drained(spool)
        assert metrics.SPOOL_RESENT._value.get() == resent
        assert await ours(kafka_bootstrap, topic) == ["d"]
