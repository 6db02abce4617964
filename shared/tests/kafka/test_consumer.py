"""The consumer against the real broker and the real PostgreSQL."""

import asyncio
import json
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text

from kawal.errors import PermanentError, TransientError
from kawal.kafka import InvalidRecords
from kawal.kafka.poll import Poll
from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestRun:
    async def test_keeps_the_order_of_each_key(self, stream_of, applied, run):
        stream = await stream_of(partitions=4)
        await stream.send(*((f"key{number % 7}", number) for number in range(700)))
        async with run(stream.consumer(applied, max_records=50)):
            await eventually(lambda: len(applied.ids) == 700)
        for key in range(7):
            assert applied.of(f"key{key}") == list(range(key, 700, 7))
        assert max(applied.batches) <= 50

    async def test_hands_over_the_envelope_and_its_trace(self, stream, run):
        seen = []
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        async def handle(records):
            seen.extend(records)

        message = stream.message("a", 1)
        await stream.producer.send(replace(message, headers=(*message.headers, ("traceparent", trace.encode()))))
        async with run(stream.consumer(handle)):
            await eventually(lambda: seen)
        assert seen[0].envelope.traceparent == trace
        assert (seen[0].envelope.id, seen[0].key, seen[0].data) == ("a/1", b"a", {"number": 1})

    async def test_commits_only_after_handle(self, stream, applied, run):
        await stream.send(("a", 1))
        applied.gate.clear()
        async with run(stream.consumer(applied)):
            await applied.entered.wait()
            assert await stream.committed() == 0
            applied.gate.set()
            await eventually(lambda: applied.ids)
            await eventually(lambda: _is(stream.committed(), 1))

    async def test_goes_on_after_what_was_committed(self, stream, applied, applied_of, run):
        await stream.send(("a", 1))
        async with run(stream.consumer(applied)):
            await eventually(lambda: applied.ids)
        await stream.send(("a", 2))
        second = applied_of()
        async with run(stream.consumer(second)):
            await eventually(lambda: second.ids)
        assert second.ids == ["a/2"]

    async def test_brings_a_batch_again_that_was_cut_off(self, stream, applied, applied_of, run):
        await stream.send(("a", 1), ("a", 2))
        applied.gate.clear()
        async with run(stream.consumer(applied, drain_s=0.05, cancel_s=0.5)):
            await applied.entered.wait()
        assert await stream.committed() == 0
        second = applied_of()
        async with run(stream.consumer(second)):
            await eventually(lambda: second.of("a") == [1, 2])

    async def test_skips_a_type_that_it_does_not_know(self, stream, applied, run):
        unknown = replace(stream.message("a", 1), value=json.dumps({"kind": "from the future"}).encode())
        await stream.producer.send_all([unknown, stream.message("a", 2)])
        async with run(stream.consumer(applied)):
            await eventually(lambda: applied.of("a") == [2])
            await eventually(lambda: _is(stream.committed(), 2))
        assert await stream.buried() == []

    async def test_waits_for_its_topics(self, stream_of, applied, run):
        stream = await stream_of(with_dead_letters=False)
        await stream.send(("a", 1))
        consumer = stream.consumer(applied)
        async with run(consumer):
            await eventually(lambda: stream.restarts() > 0)
            assert consumer.alive()
            assert applied.calls == {}
            await stream.create_dead_letters()
            await eventually(lambda: applied.of("a") == [1])


class TestTransientError:
    async def test_pauses_and_goes_on(self, stream, applied, run):
        away = True
        applied.trouble = lambda _record: TransientError("away") if away else None
        await stream.send(*(("a", number) for number in range(10)))
        async with run(stream.consumer(applied)) as tasks:
            await eventually(lambda: applied.calls["a/0"] >= 5)
            assert await stream.committed() == 0
            await stream.send(("a", 10))
            away = False
            await eventually(lambda: applied.of("a") == list(range(11)))
            assert not tasks[0].done()
        assert await stream.buried() == []

    async def test_stays_in_the_group_while_it_pauses(self, stream, applied, run):
        away = True
        applied.trouble = lambda _record: TransientError("away") if away else None
        await stream.send(("a", 1))
        consumer = stream.consumer(applied, stall_s=1.0, backoff_max_s=0.3)
        async with run(consumer):
            # Longer than two bounds of the watchdog.
            await eventually(lambda: applied.calls["a/1"] >= 12)
            assert consumer.alive()
            assert stream.rebalances() == 0
            away = False
            await eventually(lambda: applied.of("a") == [1])


class TestTooSlow:
    async def test_is_handled_in_parts(self, stream, applied, run):
        """Seven records are more than the handler manages in time, ever."""
        sizes = []

        async def handle(records):
            sizes.append(len(records))
            await asyncio.sleep(60 if len(records) > 2 else 0)
            await applied(records)

        await stream.send(*(("a", number) for number in range(7)))
        async with run(stream.consumer(handle, handle_timeout_s=0.1, handle_attempts=2)):
            await eventually(lambda: applied.of("a") == list(range(7)))
            await eventually(lambda: _is(stream.committed(), 7))
        assert sizes[:4] == [7, 7, 4, 2]
        assert await stream.buried() == []

    async def test_statements_too(self, stream, applied, run):
        async def handle(records):
            async with stream.engine.begin() as connection:
                await connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
                await connection.execute(text("SELECT pg_sleep(:s)"), {"s": 5 if len(records) > 1 else 0})
            await applied(records)

        await stream.send(*(("a", number) for number in range(4)))
        async with run(stream.consumer(handle, handle_attempts=2)):
            await eventually(lambda: applied.of("a") == list(range(4)))


class TestRebalance:
    async def test_loses_nothing_when_another_joins_and_leaves(self, stream_of, applied, run):
        stream = await stream_of(partitions=4)
        numbers = range(2000)
        await stream.send(*((f"key{number % 16}", number) for number in numbers[:1000]))
        async with run(stream.consumer(applied, max_records=20)):
            await eventually(lambda: len(applied.ids) >= 100)
            async with run(stream.consumer(applied, max_records=20)):
                await stream.send(*((f"key{number % 16}", number) for number in numbers[1000:]))
                await eventually(lambda: stream.rebalances() >= 1)
                await eventually(lambda: len(applied.ids) >= 1500)
            await eventually(lambda: len(applied.ids) == len(numbers), timeout=30)
        for key in range(16):
            assert applied.of(f"key{key}") == list(range(key, 2000, 16))

    async def test_commits_the_batch_in_hand_before_the_partitions_go(self, stream_of, applied, applied_of, run):
        stream = await stream_of(partitions=2)
        await stream.send(*((f"key{number}", number) for number in range(20)))
        applied.gate.clear()
        other = applied_of()
        async with run(stream.consumer(applied)):
            await applied.entered.wait()
            async with run(stream.consumer(other)):
                await eventually(lambda: stream.rebalances() >= 1)
                applied.gate.set()
                await eventually(lambda: len(applied.ids) + len(other.ids) == 20)
        assert applied.repeated == other.repeated == 0
        assert not set(applied.ids) & set(other.ids)

    async def test_cancels_a_batch_that_takes_too_long(self, stream_of, applied, applied_of, run):
        stream = await stream_of(partitions=2)
        await stream.send(*((f"key{number}", number) for number in range(20)))
        applied.gate.clear()
        other = applied_of()
        async with run(stream.consumer(applied, drain_s=0.1, cancel_s=1)):
            await applied.entered.wait()
            async with run(stream.consumer(other)):
                await eventually(lambda: other.ids)
                applied.gate.set()
                await eventually(lambda: len({*applied.ids, *other.ids}) == 20)


class TestWatchdog:
    async def test_replaces_a_client_that_does_not_come_back(self, stream, applied, run, monkeypatch):
        """As after a broker's restart (aiokafka's issue 1154)."""
        healthy = Poll._poll
        silent = True

        async def poll(self, timeout_ms, *, limit):
            if not silent:
                return await healthy(self, timeout_ms, limit=limit)
            await asyncio.sleep(timeout_ms / 1000)
            return []

        monkeypatch.setattr(Poll, "_poll", poll)
        await stream.send(("a", 1))
        consumer = stream.consumer(applied, lag_interval_s=0.1, silence_s=0.5)
        async with run(consumer):
            await eventually(lambda: stream.restarts() >= 1)
            silent = False
            await eventually(lambda: applied.of("a") == [1])


class TestPoison:
    async def test_is_isolated_and_its_key_parked(self, stream, applied, run):
        applied.trouble = _refuse("bad/2", "no such case")
        await stream.send(("bad", 1), ("good", 1), ("bad", 2), ("good", 2), ("bad", 3), ("good", 3))
        async with run(stream.consumer(applied)):
            await eventually(lambda: applied.of("good") == [1, 2, 3])
            await eventually(lambda: _is(stream.committed(), 6))
            await stream.send(("bad", 4), ("good", 4))
            await eventually(lambda: applied.of("good") == [1, 2, 3, 4])
            await eventually(lambda: _is(stream.committed(), 8))
        assert applied.of("bad") == [1]
        assert await stream.buried_ids() == ["bad/2", "bad/3", "bad/4"]
        assert await stream.parked() == {b"bad"}
        first = dict((await stream.buried())[0].headers)
        assert first["kawal_dlq_reason"] == b"no such case"
        assert (first["kawal_dlq_topic"], first["kawal_dlq_offset"]) == (stream.topic.encode(), b"2")
        assert first["ce_source"] == b"/test"

    async def test_stays_parked_for_the_next_process(self, stream, applied, applied_of, run):
        applied.trouble = _refuse("bad/1", "no")
        await stream.send(("bad", 1), ("good", 1))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 2))
        await stream.send(("bad", 2), ("good", 2))
        second = applied_of()
        async with run(stream.consumer(second)):
            await eventually(lambda: _is(stream.committed(), 4))
        assert second.ids == ["good/2"]
        assert await stream.buried_ids() == ["bad/1", "bad/2"]

    async def test_what_cannot_be_decoded_is_a_dead_letter_without_its_content_in_the_reason(
        self, stream, applied, run
    ):
        secret = replace(stream.message("a", 1), value=b'{"phone": "0812"')
        bare = replace(stream.message("b", 1), headers=())
        await stream.producer.send_all([secret, bare, stream.message("c", 1)])
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 3))
        assert applied.ids == ["c/1"]
        reasons = [dict(raw.headers)["kawal_dlq_reason"] for raw in await stream.buried()]
        assert reasons == [b"JSONDecodeError", b"malformed envelope"]

    async def test_the_culprit_of_an_unexpected_error_is_found(self, stream, applied, run):
        applied.trouble = lambda record: ZeroDivisionError() if record.envelope.id == "bad/1" else None
        await stream.send(("good", 1), ("bad", 1), ("good", 2), ("bad", 2), ("good", 3))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 5))
        assert applied.of("good") == [1, 2, 3]
        assert applied.of("bad") == []
        assert await stream.buried_ids() == ["bad/1", "bad/2"]

    async def test_a_permanent_error_needs_no_other_record_to_compare_with(self, stream, applied, run):
        applied.trouble = lambda record: PermanentError("no such form") if record.envelope.id == "bad/1" else None
        await stream.send(("bad", 1))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 1))
        assert applied.calls["bad/1"] == 2
        assert [dict(raw.headers)["kawal_dlq_reason"] for raw in await stream.buried()] == [b"no such form"]

    async def test_an_outage_of_the_database_is_transient(self, stream, applied, run):
        away = True
        applied.trouble = lambda _record: ConnectionRefusedError() if away else None
        await stream.send(("a", 1))
        async with run(stream.consumer(applied)) as tasks:
            await eventually(lambda: applied.calls["a/1"] > 5)
            away = False
            await eventually(lambda: applied.of("a") == [1])
            assert not tasks[0].done()

    async def test_a_deadlock_while_the_culprit_is_looked_for_buries_nothing(self, stream, applied, run):
        def trouble(record):
            if record.envelope.id == "a/1":
                return ValueError("a bug")
            return asyncpg.DeadlockDetectedError("deadlock") if applied.calls["b/1"] < 6 else None

        applied.trouble = trouble
        await stream.send(("a", 1), ("b", 1))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 2))
        assert applied.ids == ["b/1"]
        assert await stream.buried_ids() == ["a/1"]

    async def test_halts_when_nothing_works(self, stream, applied, run):
        applied.trouble = lambda _record: ZeroDivisionError()
        await stream.send(*((f"key{number}", number) for number in range(10)))
        async with run(stream.consumer(applied)) as tasks:
            await eventually(stream.halted)
            assert not tasks[0].done()
        assert await stream.committed() == 0
        assert await stream.buried() == []

    async def test_halts_on_a_run(self, stream, applied, run):
        applied.trouble = lambda record: InvalidRecords([(record, "no")])
        await stream.send(*((f"key{number}", number) for number in range(60)))
        async with run(stream.consumer(applied)) as tasks:
            await eventually(stream.halted)
            assert not tasks[0].done()
        assert await stream.committed() == 0
        assert await stream.buried() == []

    async def test_stays_halted_however_often_it_tries(self, stream, applied, run):
        applied.trouble = lambda record: InvalidRecords([(record, "no")])
        await stream.send(*((f"key{number}", number) for number in range(60)))
        async with run(stream.consumer(applied, halt_s=0.1)):
            await eventually(lambda: applied.calls["key0/0"] > 2)
        assert await stream.committed() == 0
        assert await stream.buried() == []

    async def test_goes_on_once_it_works_again(self, stream, applied, run):
        applied.trouble = lambda _record: ZeroDivisionError()
        await stream.send(("a", 1))
        async with run(stream.consumer(applied, halt_s=0.1)):
            await eventually(stream.halted)
            applied.trouble = lambda _record: None
            await eventually(lambda: applied.of("a") == [1])
            await eventually(lambda: not stream.halted())

    async def test_a_run_goes_on_over_a_restart(self, stream, applied, run):
        applied.trouble = lambda record: InvalidRecords([(record, "no")])
        await stream.send(*((f"key{number}", number) for number in range(30)))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 30))
        await stream.send(*((f"key{number}", number) for number in range(30, 60)))
        async with run(stream.consumer(applied)) as tasks:
            await eventually(stream.halted)
            assert not tasks[0].done()
        assert await stream.committed() == 30

    async def test_skips_nothing_while_the_dead_letters_cannot_be_written(self, stream, applied, run):
        letters = stream.letters()
        reachable, letters._producer._bootstrap_servers = letters._producer._bootstrap_servers, "127.0.0.1:1"
        applied.trouble = _refuse("bad/1", "no")
        await stream.send(("bad", 1), ("good", 1), ("bad", 2))
        async with run(stream.consumer(applied, letters=letters)):
            await eventually(lambda: applied.of("good") == [1])
            assert await stream.committed() == 0
            letters._producer._bootstrap_servers = reachable
            await eventually(lambda: _is(stream.committed(), 3))
        assert await stream.buried_ids() == ["bad/1", "bad/2"]


def _refuse(event_id: str, reason: str):
    def trouble(record):
        return InvalidRecords([(record, reason)]) if record.envelope.id == event_id else None

    return trouble


async def _is(awaited, wanted) -> bool:
    return await awaited == wanted
