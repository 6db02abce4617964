import asyncio

import pytest

from kawal.observability import metrics
from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestLag:
    async def test_what_is_in_hand_is_not_done(self, stream, applied, run):
        def lag():
            return metrics.CONSUMER_LAG_RECORDS.labels(stream.group, stream.topic)._value.get()

        await stream.send(*(("a", number) for number in range(3)))
        async with run(stream.consumer(applied, lag_interval_s=0.05)):
            await eventually(lambda: _is(stream.committed(), 3))
            await eventually(lambda: lag() == 0)
            applied.gate.clear()
            applied.entered.clear()
            await stream.send(*(("a", number) for number in range(3, 8)))
            await asyncio.wait_for(applied.entered.wait(), timeout=10)
            await eventually(lambda: lag() == 5)
            applied.gate.set()
            await eventually(lambda: lag() == 0)

    async def test_from_where_the_one_before_has_stopped(self, stream, applied, applied_of, run):
        await stream.send(*(("a", number) for number in range(3)))
        async with run(stream.consumer(applied)):
            await eventually(lambda: _is(stream.committed(), 3))
        await stream.send(("a", 3))
        second = applied_of()
        second.gate.clear()
        async with run(stream.consumer(second, lag_interval_s=0.05)):
            await eventually(lambda: metrics.CONSUMER_LAG_RECORDS.labels(stream.group, stream.topic)._value.get() == 1)
            second.gate.set()
            await eventually(lambda: metrics.CONSUMER_LAG_RECORDS.labels(stream.group, stream.topic)._value.get() == 0)


async def _is(awaited, wanted) -> bool:
    return await awaited == wanted
