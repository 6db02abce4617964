import asyncio
from collections import defaultdict

import pytest
from sqlalchemy import text

from kawal.outbox import append
from kawal.outbox.queue import Queue, ShardLocks
from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestRun:
    async def test_publishes_in_order_and_marks(self, box, run):
        await box.append(*((f"key{number % 5}", number) for number in range(3000)))
        async with run(box.relay()):
            await eventually(lambda: _done(box))
        assert _by_key(await box.published()) == {f"key{key}": list(range(key, 3000, 5)) for key in range(5)}

    async def test_a_woken_relay_does_not_wait_for_the_poll(self, box, run, monkeypatch):
        monkeypatch.setattr("kawal.outbox.relay.IDLE_S", 60.0)
        relay = box.relay()
        async with run(relay):
            await box.append(("a", 1))
            relay.wake()
            await eventually(lambda: _done(box))
            await box.append(("a", 2))
            relay.wake()
            await eventually(lambda: _done(box))
        assert relay.alive()

    async def test_keeps_the_order_of_concurrent_transactions(self, box, run):
        """Ids are handed out in another order than that of the commits; the key's lock keeps the key's order."""
        async with run(box.relay()):
            async with box.engine.connect() as slow:
                await append(slow, box.table, [box.message("slow", 0)])
                await asyncio.gather(*(_write_in_turn(box, f"key{key}", writers=6) for key in range(4)))
                await eventually(lambda: _is(box.unpublished(), 0))
                await slow.commit()
            await eventually(lambda: _done(box))
        published = _by_key(await box.published())
        assert published.pop("slow") == [0]
        assert published == {f"key{key}": list(range(6)) for key in range(4)}

    async def test_sends_again_after_a_crash_between_sending_and_marking(self, box, run, monkeypatch):
        marked = Queue.mark_published

        async def crash(_self, _ids):
            raise asyncio.CancelledError

        await box.append(*(("a", number) for number in range(5)))
        monkeypatch.setattr(Queue, "mark_published", crash)
        async with run(box.relay()) as tasks:
            await asyncio.wait(tasks)
        assert await box.unpublished() == 5
        monkeypatch.setattr(Queue, "mark_published", marked)
        async with run(box.relay()):
            await eventually(lambda: _done(box))
        numbers = [number for _, number in await box.published()]
        assert numbers == [*range(5), *range(5)]

    async def test_goes_on_after_its_connection_was_cut(self, box, run):
        async with run(box.relay()) as tasks:
            await box.append(("a", 1))
            await eventually(lambda: _done(box))
            await _cut_connections(box)
            await box.append(("a", 2))
            await eventually(lambda: _done(box))
            assert not tasks[0].done()
        assert await box.published() == [("a", 1), ("a", 2)]

    async def test_goes_on_when_the_broker_comes(self, box, run):
        relay = box.relay()
        reachable, relay._producer._bootstrap_servers = relay._producer._bootstrap_servers, "127.0.0.1:1"
        await box.append(("a", 1))
        async with run(relay) as tasks:
            await eventually(lambda: relay._next_depth > 0)
            assert await box.unpublished() == 1
            relay._producer._bootstrap_servers = reachable
            await eventually(lambda: _done(box))
            assert not tasks[0].done()
        assert await box.published() == [("a", 1)]

    async def test_leaves_no_lock_behind(self, box, run):
        async with run(box.relay()):
            await eventually(lambda: _holders(box, 1))
        await eventually(lambda: _holders(box, 0))


class TestSharing:
    async def test_two_relays_share_the_shards_in_order(self, box, run):
        async with run(box.relay(shards=4), box.relay(shards=4)):
            await eventually(lambda: _holders(box, 2))
            for start in range(0, 1000, 100):
                await box.append(*((f"key{number % 8}", number) for number in range(start, start + 100)))
            await eventually(lambda: _done(box))
        assert _by_key(await box.published()) == {f"key{key}": list(range(key, 1000, 8)) for key in range(8)}

    async def test_who_is_left_takes_over(self, box, run):
        async with run(box.relay()):
            async with run(box.relay()):
                await eventually(lambda: _holders(box, 2))
            await box.append(*((f"key{number}", number) for number in range(40)))
            await eventually(lambda: _done(box))

    async def test_a_share_is_fair(self, box):
        async with box.engine.connect() as one, box.engine.connect() as two:
            first, second = [
                ShardLocks((await held.get_raw_connection()).driver_connection, box.table, shards=5)
                for held in (one, two)
            ]
            await first.join()
            await first.balance()
            assert len(first.held) == 5
            await second.join()
            await second.balance()
            assert second.held == set()
            await first.balance()
            await second.balance()
            assert (len(first.held), len(second.held)) == (3, 2)
            assert not first.held & second.held
            await one.invalidate()
            await two.invalidate()


class TestRound:
    async def test_is_bounded_in_bytes(self, box, run, monkeypatch):
        monkeypatch.setattr("kawal.outbox.relay.ROUND_BYTES", 1)
        await box.append(*(("a", number) for number in range(4)))
        async with run(box.relay()):
            await eventually(lambda: _done(box))
        assert [number for _, number in await box.published()] == [0, 1, 2, 3]


async def _write_in_turn(box, key: str, *, writers: int) -> None:
    """Many transactions write one key, each under the key's lock, with its number counted under the lock."""
    counter = iter(range(writers))

    async def write() -> None:
        async with box.engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})
            await append(connection, box.table, [box.message(key, next(counter))])

    await asyncio.gather(*(write() for _ in range(writers)))


async def _cut_connections(box) -> None:
    async with box.engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )


async def _holders(box, count: int) -> bool:
    query = text("""
        SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND objid > 0 AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """)
    async with box.engine.connect() as connection:
        return (await connection.execute(query)).scalar_one() == count


async def _done(box) -> bool:
    return await box.unpublished() == 0


async def _is(awaited, wanted) -> bool:
    return await awaited == wanted


def _by_key(published):
    found = defaultdict(list)
    for key, number in published:
        found[key].append(number)
    return dict(found)
