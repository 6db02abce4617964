import asyncio
from dataclasses import replace

import pytest
from aiokafka.errors import KafkaError

from kawal.kafka import Broadcast, headers
from kawal.testing import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def broadcast_of(stream, decode):
    def make(handle) -> Broadcast:
        return Broadcast(
            topics=[stream.topic], decode=decode, handle=handle, bootstrap_servers=stream.bootstrap_servers
        )

    return make


class TestRun:
    async def test_every_replica_gets_all_that_is_new(self, stream, applied, broadcast_of, run):
        await stream.send(("old", 1))
        other = replace(applied, ids=[])
        first, second = broadcast_of(applied), broadcast_of(other)
        async with run(first, second):
            await asyncio.wait_for(asyncio.gather(first.ready.wait(), second.ready.wait()), timeout=10)
            await stream.send(("a", 1), ("b", 1), ("a", 2))
            await eventually(lambda: len(applied.ids) == len(other.ids) == 3)
        assert applied.ids == other.ids == ["a/1", "b/1", "a/2"]

    async def test_goes_on_where_it_was_after_an_interruption(self, stream, applied, broadcast_of, run, monkeypatch):
        broadcast = broadcast_of(applied)
        poll = Broadcast._poll
        async with run(broadcast):
            await broadcast.ready.wait()
            await stream.send(("a", 1))
            await eventually(lambda: applied.of("a") == [1])
            interrupted = asyncio.Event()

            async def fail(_self, _client):
                interrupted.set()
                raise KafkaError

            monkeypatch.setattr(Broadcast, "_poll", fail)
            await asyncio.wait_for(interrupted.wait(), timeout=10)
            await stream.send(("a", 2))
            monkeypatch.setattr(Broadcast, "_poll", poll)
            await eventually(lambda: applied.of("a") == [1, 2])
            assert broadcast.alive()

    async def test_passes_over_what_fails(self, stream, applied, broadcast_of, run):
        applied.trouble = lambda record: ValueError() if record.envelope.id == "a/1" else None
        broadcast = broadcast_of(applied)
        async with run(broadcast):
            await broadcast.ready.wait()
            await stream.producer.send(replace(stream.message("a", 0), value=b"not json"))
            await stream.send(("a", 1))
            await eventually(lambda: applied.calls["a/1"])
            await stream.send(("a", 2))
            await eventually(lambda: applied.of("a") == [2])

    async def test_ignores_replays(self, stream, applied, broadcast_of, run):
        broadcast = broadcast_of(applied)
        async with run(broadcast):
            await broadcast.ready.wait()
            replayed = stream.message("a", 1)
            added = ((headers.REPLAY_GROUP, b"some group"), (headers.REPLAYED_FROM, b"0"))
            await stream.producer.send(replace(replayed, headers=replayed.headers + added))
            await stream.send(("a", 2))
            await eventually(lambda: applied.of("a") == [2])
