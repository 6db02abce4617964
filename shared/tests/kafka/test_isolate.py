"""Records that take too long each time, told from a database in which everything does."""

import asyncpg
import pytest

from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestTooSlow:
    async def test_a_record_that_always_is_becomes_a_dead_letter_once_enough_others_pass(self, stream, applied, run):
        applied.trouble = _slow({"bad/1"})
        await stream.send(("bad", 1), ("good", 0), ("bad", 2), *((f"good{number}", 1) for number in range(10)))
        async with run(stream.consumer(applied, handle_attempts=2)):
            await eventually(lambda: _is(stream.committed(), 13))
        assert await stream.buried_ids() == ["bad/1", "bad/2"]
        assert dict((await stream.buried())[0].headers)["kawal_dlq_reason"] == b"took too long at each attempt"
        assert len(applied.ids) == 11
        assert not stream.halted()

    async def test_one_that_is_the_last_of_its_batch(self, stream, applied, run):
        applied.trouble = _slow({"bad/1"})
        await stream.send(*((f"good{number}", 1) for number in range(10)), ("bad", 1))
        async with run(stream.consumer(applied, handle_attempts=2)):
            await eventually(lambda: _is(stream.committed(), 11))
        assert await stream.buried_ids() == ["bad/1"]

    async def test_one_that_is_alone_is_tried_again_until_others_come(self, stream, applied, run):
        applied.trouble = _slow({"bad/1"})
        await stream.send(("bad", 1))
        async with run(stream.consumer(applied, handle_attempts=2, halt_s=0.1)):
            await eventually(stream.halted)
            assert await stream.buried() == []
            await stream.send(*((f"good{number}", 1) for number in range(10)))
            await eventually(lambda: _is(stream.committed(), 11))
        assert await stream.buried_ids() == ["bad/1"]

    async def test_nothing_is_buried_while_everything_is(self, stream, applied, run):
        stuck = True
        applied.trouble = lambda record: asyncpg.QueryCanceledError("statement timeout") if stuck else None
        numbers = [(f"key{number}", number) for number in range(40)]
        await stream.send(*numbers)
        async with run(stream.consumer(applied, handle_attempts=2, halt_s=0.1)):
            await eventually(lambda: applied.calls["key0/0"] > 30)
            assert await stream.committed() == 0
            stuck = False
            await eventually(lambda: _is(stream.committed(), 40))
        assert len(applied.ids) == 40
        assert await stream.buried() == []

    @pytest.mark.parametrize("passing", [39, 30])
    async def test_nothing_is_buried_when_everything_is_from_some_moment_on(self, stream, applied, run, passing):
        """However many have passed before: what passed comes again, and is as slow by now."""
        numbers = [(f"key{number}", number) for number in range(40)]
        stuck = True

        def trouble(record):
            stalled = stuck and (record.data["number"] >= passing or len(applied.ids) >= passing)
            return asyncpg.QueryCanceledError("statement timeout") if stalled else None

        applied.trouble = trouble
        await stream.send(*numbers)
        async with run(stream.consumer(applied, handle_attempts=2, halt_s=0.1)):
            await eventually(stream.halted)
            assert len(applied.ids) == passing
            assert await stream.buried() == []
            stuck = False
            await eventually(lambda: _is(stream.committed(), 40))
        assert len(applied.ids) == 40
        assert await stream.buried() == []

    async def test_many_that_are_look_like_an_outage(self, stream, applied, run):
        slow = {f"bad{number}/1" for number in range(4)}
        applied.trouble = _slow(slow)
        goods = [(f"good{number}", 1) for number in range(30)]
        bads = [(f"bad{number}", 1) for number in range(4)]
        await stream.send(*goods[:10], bads[0], *goods[10:20], bads[1], *goods[20:], bads[2], ("good", 1), bads[3])
        async with run(stream.consumer(applied, handle_attempts=2, halt_s=0.1)):
            await eventually(lambda: applied.calls["bad3/1"] > 6)
            assert await stream.buried() == []
            assert stream.halted()


def _slow(event_ids):
    def trouble(record):
        return asyncpg.QueryCanceledError("statement timeout") if record.envelope.id in event_ids else None

    return trouble


async def _is(awaited, wanted) -> bool:
    return await awaited == wanted
