import asyncio

import pytest

from kawal.waiting import comes, undisturbed


class TestComes:
    async def test_it_does(self):
        event = asyncio.Event()
        waiting = asyncio.create_task(comes(event, within_s=60))
        await asyncio.sleep(0)
        event.set()
        assert await waiting

    async def test_it_does_not(self):
        assert not await comes(asyncio.Event(), within_s=0.01)


class TestUndisturbed:
    async def test_ends_before_the_cancellation_goes_on(self):
        started, gate, done = asyncio.Event(), asyncio.Event(), []

        async def work() -> None:
            started.set()
            await gate.wait()
            done.append(1)

        task = asyncio.create_task(undisturbed(work(), within_s=60))
        await started.wait()
        task.cancel()
        await asyncio.sleep(0.01)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == [1]

    async def test_is_cut_off_in_the_end(self):
        started, cut = asyncio.Event(), []

        async def work() -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cut.append(1)
                raise

        task = asyncio.create_task(undisturbed(work(), within_s=0.01))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cut == [1]

    async def test_raises_what_went_wrong(self):
        async def work() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await undisturbed(work())
