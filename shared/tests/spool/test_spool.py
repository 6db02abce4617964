import asyncio
import resource
import sqlite3
import stat
from contextlib import closing, contextmanager

import pytest

from kawal.observability import metrics
from kawal.spool import (
    Accepted,
    CaseNumberNotLeased,
    IdempotencyConflict,
    MessageTooLarge,
    Spool,
    SpoolFull,
    SpoolInUse,
    SpoolLimits,
    SpoolUnavailable,
)
from kawal.spool.model import MAX_MESSAGE_BYTES, Acknowledged, Mark, Sent
from spool_factories import ROOMY, message, opened, receipt, waiting_ids


def stored(path):
    """The event ids that another process would find in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return [event_id for (event_id,) in connection.execute("SELECT event_id FROM message ORDER BY seq")]


async def append(spool, *event_ids, **options):
    for event_id in event_ids:
        await spool.append(message(event_id), event_id=event_id, **options)


def sent(*seqs, topic="interactions", partition=0):
    return [
        Sent(seq=seq, topic=topic, partition=partition, offset=seq + 100, headers=(("seq", str(seq).encode()),))
        for seq in seqs
    ]


def mark(event_id, *, offset):
    return Mark(offset, message(event_id).headers)


@contextmanager
def files_end_at(size):
    """Every write beyond `size` bytes of a file fails with EFBIG, as a broken disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestOpen:
    async def test_private(self, spool, path):
        await append(spool, "a")
        modes = {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
        assert modes == {0o600}

    async def test_in_use(self, path):
        async with opened(path):
            with pytest.raises(SpoolInUse):
                await Spool.open(path, limits=ROOMY)
        async with opened(path):
            pass

    async def test_finds_what_waits(self, path):
        async with opened(path) as spool:
            await append(spool, "a", "b", "c")
            await spool.mark_sent(sent(2))
        async with opened(path) as spool:
            assert await waiting_ids(spool) == ["a", "c"]
            assert spool.drained == 0
            assert spool.end(("interactions", 0)) == 102
            assert spool.oldest_age_s() > 0

    async def test_never_reuses_a_place(self, path):
        async with opened(path, limits=SpoolLimits(retention_s=0)) as spool:
            await append(spool, "a", "b")
            await spool.mark_sent(sent(1, 2))
            assert await spool.delete_expired() == 2
        async with opened(path) as spool:
            await append(spool, "c")
            assert await waiting_ids(spool) == ["c"]


class TestAppend:
    async def test_durable_when_it_returns(self, spool, path):
        outcome = await spool.append(message("a"), event_id="a")
        assert outcome == Accepted(replayed=False, receipt=None)
        assert stored(path) == ["a"]

    async def test_keeps_the_message_as_it_is(self, spool):
        original = message("a", key="k\u00e9y", value=bytes(range(256)))
        await spool.append(original, event_id="a")
        rows = await spool.unsent(after=0, max_rows=10, max_bytes=10_000)
        assert [row.message for row in rows] == [original]

    async def test_many_at_once_keep_their_order(self, spool, path):
        names = [f"{n}" for n in range(2_500)]
        await asyncio.gather(*(append(spool, name) for name in names))
        assert stored(path) == names

    async def test_wakes_the_drain(self, spool):
        await append(spool, "a")
        assert spool.appended.is_set()

    async def test_counts(self, spool):
        before = metrics.SPOOL_APPENDED._value.get()
        await append(spool, "a", "b")
        assert metrics.SPOOL_APPENDED._value.get() == before + 2
        assert metrics.SPOOL_DEPTH_ROWS.collect()[0].samples[0].value == 2

    async def test_too_large(self, spool, path):
        with pytest.raises(MessageTooLarge):
            await spool.append(message(value=b"x" * MAX_MESSAGE_BYTES), event_id="a")
        assert stored(path) == []

    async def test_faulty_one_fails_alone(self, spool, path):
        spool._file.add_case_numbers(["4829130574"])
        outcomes = await asyncio.gather(
            append(spool, "before"),
            spool.append(message(), event_id="\ud800", case_number="4829130574"),
            append(spool, "after"),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), UnicodeEncodeError, type(None)]
        assert stored(path) == ["before", "after"]
        await append(spool, "number is still there", case_number="4829130574")

    async def test_cancelled_caller_does_not_withdraw(self, spool, path):
        task = asyncio.create_task(append(spool, "a"))
        await asyncio.sleep(0)
        task.cancel()
        await append(spool, "b")
        assert stored(path) == ["a", "b"]
        assert await waiting_ids(spool) == ["a", "b"]

    async def test_closed(self, spool):
        await spool.close()
        with pytest.raises(SpoolUnavailable):
            await append(spool, "a")


class TestAppendWithReceipt:
    async def test_same_request_again(self, spool, path):
        await append(spool, "a", receipt=receipt(body=b"first"))
        outcome = await spool.append(message("b"), event_id="b", receipt=receipt(body=b"second"))
        assert outcome == Accepted(replayed=True, receipt=receipt(body=b"first"))
        assert stored(path) == ["a"]

    async def test_both_at_the_same_moment(self, spool, path):
        outcomes = await asyncio.gather(
            *(spool.append(message(name), event_id=name, receipt=receipt()) for name in "ab")
        )
        assert [outcome.replayed for outcome in outcomes] == [False, True]
        assert stored(path) == ["a"]

    async def test_other_request(self, spool, path):
        await append(spool, "a", receipt=receipt())
        with pytest.raises(IdempotencyConflict) as raised:
            await append(spool, "b", receipt=receipt(fingerprint="other"))
        assert raised.value.status == 409
        assert stored(path) == ["a"]

    async def test_replay_takes_no_room(self, path):
        async with opened(path, limits=SpoolLimits(max_rows=2)) as spool:
            for _ in range(5):
                await append(spool, "a", receipt=receipt())
            await append(spool, "b")

    async def test_survives_a_restart(self, path):
        async with opened(path) as spool:
            await append(spool, "a", receipt=receipt())
        async with opened(path) as spool:
            assert await spool.receipt("key") == receipt()
            assert await spool.receipt("other") is None


class TestAppendWithCaseNumber:
    async def test_used_once(self, spool):
        await spool.add_case_numbers(["4829130574"])
        await append(spool, "a", case_number="4829130574")
        with pytest.raises(CaseNumberNotLeased):
            await append(spool, "b", case_number="4829130574")

    async def test_used_up_over_a_restart(self, path):
        async with opened(path) as spool:
            await spool.add_case_numbers(["1", "2"])
            await append(spool, "a", case_number="1")
        async with opened(path) as spool:
            assert spool.unused_case_numbers == ("2",)

    async def test_replay_does_not_use_it(self, spool):
        await spool.add_case_numbers(["1", "2"])
        await append(spool, "a", receipt=receipt(), case_number="1")
        await append(spool, "b", receipt=receipt(), case_number="2")
        await append(spool, "c", case_number="2")


class TestAppendWhenFull:
    async def test_by_rows(self, path):
        async with opened(path, limits=SpoolLimits(max_rows=2)) as spool:
            await append(spool, "a", "b")
            with pytest.raises(SpoolFull) as raised:
                await append(spool, "c")
            assert (raised.value.status, raised.value.code) == (503, "spool_full")
            assert raised.value.retry_after_s
            assert stored(path) == ["a", "b"]

    async def test_by_bytes(self, path):
        async with opened(path, limits=SpoolLimits(max_bytes=1_000)) as spool:
            await spool.append(message(value=b"x" * 600), event_id="a")
            with pytest.raises(SpoolFull):
                await spool.append(message(value=b"x" * 600), event_id="b")

    async def test_by_appends_that_wait(self, path):
        async with opened(path, limits=SpoolLimits(max_waiting=3)) as spool:
            outcomes = await asyncio.gather(*(append(spool, n) for n in "abcde"), return_exceptions=True)
            assert [type(outcome) for outcome in outcomes[3:]] == [SpoolFull, SpoolFull]
            assert stored(path) == ["a", "b", "c"]

    async def test_room_again_after_the_ack(self, path):
        async with opened(path, limits=SpoolLimits(max_rows=1)) as spool:
            await append(spool, "a")
            await spool.mark_sent(sent(1))
            await append(spool, "b")

    async def test_full_over_a_restart(self, path):
        async with opened(path) as spool:
            await append(spool, "a", "b")
        async with opened(path, limits=SpoolLimits(max_rows=2)) as spool:
            with pytest.raises(SpoolFull):
                await append(spool, "c")


class TestAppendWhenTheDiskRefuses:
    async def test_full_disk(self, spool, path):
        await append(spool, "a")
        pages = spool._file._connection.execute("PRAGMA page_count").fetchone()[0]
        spool._file._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SpoolUnavailable) as raised:
            await spool.append(message(value=b"x" * 100_000), event_id="b")
        assert raised.value.status == 503
        assert stored(path) == ["a"]
        spool._file._connection.execute("PRAGMA max_page_count = 100000")
        await append(spool, "c")
        assert await waiting_ids(spool) == ["a", "c"]

    async def test_write_error(self, spool, path):
        await spool.add_case_numbers(["1"])
        await append(spool, "a")
        with files_end_at(100_000), pytest.raises(SpoolUnavailable):
            await spool.append(message(value=b"x" * 200_000), event_id="b", case_number="1")
        assert stored(path) == ["a"]
        await append(spool, "c", case_number="1")
        assert await waiting_ids(spool) == ["a", "c"]
        assert spool.alive()


class TestMarkSent:
    async def test_in_any_order(self, spool):
        await append(spool, "a", "b", "c")
        await spool.mark_sent(sent(3, 1))
        assert (await waiting_ids(spool), spool.drained) == (["b"], 1)
        await spool.mark_sent(sent(2))
        assert (await waiting_ids(spool), spool.drained) == ([], 3)
        assert spool.oldest_age_s() == 0

    async def test_twice_counts_once(self, path):
        async with opened(path, limits=SpoolLimits(max_rows=2)) as spool:
            await append(spool, "a", "b")
            await spool.mark_sent(sent(1))
            await spool.mark_sent(sent(1))
            await append(spool, "c")
            with pytest.raises(SpoolFull):
                await append(spool, "d")


class TestAcknowledged:
    async def test_first_and_last_of_what_is_retained(self, path):
        async with opened(path) as spool:
            await append(spool, "a", "b", "c", "d")
            await spool.mark_sent([*sent(3, 2, 1), Sent(4, "interactions", 0, -1, ())])
        async with opened(path) as spool:
            assert spool.acknowledged == {
                ("interactions", 0): Acknowledged(mark("a", offset=101), mark("c", offset=103))
            }

    async def test_moves_on_once_it_was_checked(self, spool):
        await append(spool, "a", "b", "c")
        await spool.mark_sent(sent(1))
        seen = spool.acknowledged
        await spool.mark_sent(sent(2, 3))
        assert [known.checked.offset for known in spool.acknowledged.values()] == [101]
        spool.checked(seen)
        later = spool.acknowledged
        spool.checked(later)
        (known,) = spool.acknowledged.values()
        assert (known.checked.offset, known.last.offset) == (103, 103)

    async def test_stays_gone_when_it_was_lost_while_it_was_checked(self, spool):
        await append(spool, "a")
        await spool.mark_sent(sent(1))
        seen = spool.acknowledged
        await spool.mark_lost("interactions", 0)
        spool.checked(seen)
        assert spool.acknowledged == {}


class TestMarkLost:
    async def test_only_that_partition_waits_again(self, spool):
        await append(spool, "a", "b", "c")
        await spool.mark_sent(sent(1, 3, partition=0) + sent(2, partition=1))
        assert await spool.mark_lost("interactions", 0) == 2
        assert (await waiting_ids(spool), spool.drained) == (["a", "c"], 0)
        assert set(spool.acknowledged) == {("interactions", 1)}

    async def test_nothing_retained(self, spool):
        assert await spool.mark_lost("interactions", 0) == 0


class TestUnsent:
    async def test_bounded_by_bytes(self, spool):
        for name in "abc":
            await spool.append(message(name, value=b"x" * 1_000), event_id=name)
        assert len(await spool.unsent(after=0, max_rows=10, max_bytes=1_500)) == 2
        assert len(await spool.unsent(after=0, max_rows=10, max_bytes=1)) == 1

    async def test_goes_on_behind_a_place(self, spool):
        await append(spool, "a", "b", "c")
        rows = await spool.unsent(after=1, max_rows=1, max_bytes=10_000)
        assert [row.seq for row in rows] == [2]


class TestDeleteExpired:
    async def test_keeps_for_the_retention(self, spool, path):
        await append(spool, "a", receipt=receipt())
        await spool.mark_sent(sent(1))
        assert await spool.delete_expired() == 0
        assert stored(path) == ["a"]

    async def test_deletes_with_receipts_what_was_sent(self, path):
        async with opened(path, limits=SpoolLimits(retention_s=0)) as spool:
            await append(spool, "a", receipt=receipt())
            await append(spool, "b")
            await spool.mark_sent(sent(1))
            assert await spool.delete_expired() == 1
            assert stored(path) == ["b"]
            assert await spool.receipt("key") is None

    async def test_too_much_retained(self, path):
        async with opened(path, limits=SpoolLimits(max_bytes=5_000)) as spool:
            for n in range(10):
                await spool.append(message(value=b"x" * 1_000), event_id=f"{n}")
                await spool.mark_sent(sent(n + 1))
            while await spool.delete_expired():
                pass
            assert stored(path) == ["6", "7", "8", "9"]


class TestClose:
    async def test_writes_what_was_taken(self, path):
        spool = await Spool.open(path, limits=ROOMY)
        taken = [asyncio.create_task(append(spool, f"{n}")) for n in range(50)]
        await asyncio.sleep(0)
        await spool.close()
        await asyncio.gather(*taken)
        assert len(stored(path)) == 50

    async def test_twice(self, spool):
        await spool.close()
        await spool.close()
