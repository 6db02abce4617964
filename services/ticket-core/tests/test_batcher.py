import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from core_factories import BUDI, number
from kawal.contracts.case_events import CaseState
from kawal.errors import TransientError
from kawal.http import Unavailable
from ticket_core import batcher as module
from ticket_core.batcher import Batcher, Outcome, TooManyCommands
from ticket_core.domain.errors import CaseNotFound
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import AgentCommand, Resolve


def command(index: int) -> Resolve:
    return Resolve(number=number(index), agent=BUDI)


class Applies:
    """Records batches; holds each until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, commands: Sequence[AgentCommand]) -> list[Outcome]:
        self.batches.append([one.number for one in commands])
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return [self._outcome(one) for one in commands]

    def _outcome(self, given: AgentCommand) -> Outcome:
        if given.number == number(13):
            return CaseNotFound("none")
        return Applied(given.number, given.number, CaseState.RESOLVED, 1, 2)


@asynccontextmanager
async def running(applies: Applies) -> AsyncIterator[Batcher]:
    batcher = Batcher(applies)
    task = asyncio.create_task(batcher.run())
    yield batcher
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestSubmit:
    async def test_one_goes_at_once(self) -> None:
        applies = Applies()
        applies.go_on.set()
        async with running(applies) as batcher:
            assert (await batcher.submit(command(1))).number == number(1)
        assert applies.batches == [[number(1)]]

    async def test_others_gather_meanwhile(self) -> None:
        applies = Applies()
        async with running(applies) as batcher:
            asked = [asyncio.create_task(batcher.submit(command(index))) for index in range(5)]
            await turns()
            more = [asyncio.create_task(batcher.submit(command(index))) for index in range(5, 8)]
            await turns()
            applies.go_on.set()
            await asyncio.gather(*asked, *more)
        assert [len(batch) for batch in applies.batches] == [5, 3]

    async def test_one_that_is_refused_fails_alone(self) -> None:
        applies = Applies()
        applies.go_on.set()
        async with running(applies) as batcher:
            asked = (batcher.submit(command(index)) for index in (12, 13, 14))
            answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Applied, CaseNotFound, Applied]

    async def test_what_fails_for_all_is_told_to_all(self) -> None:
        applies = Applies()
        applies.error = TransientError("away")
        applies.go_on.set()
        async with running(applies) as batcher:
            answers = await asyncio.gather(*(batcher.submit(command(one)) for one in (1, 2)), return_exceptions=True)
            applies.error = None
            assert (await batcher.submit(command(3))).number == number(3)
        assert [type(answer) for answer in answers] == [TransientError, TransientError]

    async def test_one_that_breaks_something_fails_alone(self) -> None:
        async def apply(commands: Sequence[AgentCommand]) -> list[Outcome]:
            if any(one.number == number(13) for one in commands):
                raise OverflowError
            return [Applied(one.number, one.number, CaseState.RESOLVED, 1, 2) for one in commands]

        batcher = Batcher(apply)
        asked = [asyncio.create_task(batcher.submit(command(index))) for index in (12, 13, 14)]
        await turns()
        task = asyncio.create_task(batcher.run())
        answers = await asyncio.gather(*asked, return_exceptions=True)
        task.cancel()
        assert [type(answer) for answer in answers] == [Applied, OverflowError, Applied]

    async def test_there_is_a_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_WAITING", 2)
        batcher = Batcher(Applies())
        asked = [asyncio.create_task(batcher.submit(command(index))) for index in range(2)]
        await turns()
        with pytest.raises(TooManyCommands):
            await batcher.submit(command(3))
        for one in asked:
            one.cancel()

    async def test_there_is_a_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "DEADLINE_S", 0.01)
        with pytest.raises(Unavailable):
            await Batcher(Applies()).submit(command(1))

    async def test_who_has_left_is_not_waited_for(self) -> None:
        applies = Applies()
        async with running(applies) as batcher:
            first = asyncio.create_task(batcher.submit(command(1)))
            await turns()
            gone = asyncio.create_task(batcher.submit(command(2)))
            await turns()
            gone.cancel()
            applies.go_on.set()
            await first
            await batcher.submit(command(3))
        assert applies.batches == [[number(1)], [number(3)]]
