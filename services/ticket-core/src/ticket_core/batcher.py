"""Brings agents' commands to the one write path, many in one transaction.

While a batch is being applied, commands gather and become the next one; when nothing is under way, a command goes at
once. So eight agents share one commit, and one agent waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn, overload

from kawal.errors import KawalError
from kawal.http import Unavailable
from ticket_core.domain.fold import Applied, Skipped
from ticket_core.domain.inputs import AgentCommand, JoinCommand, PersonCommand, UseMacro
from ticket_core.domain.persons import PersonChanged
from ticket_core.domain.register import Imported
from ticket_core.domain.ruling import RulesRan

Command = AgentCommand | JoinCommand | UseMacro | PersonCommand
Done = Applied | PersonChanged
Outcome = Done | RulesRan | Imported | Skipped | KawalError
Apply = Callable[[Sequence[Command]], Awaitable[Sequence[Outcome]]]

MOST_WAITING = 1_000
MOST_AT_ONCE = 64
DEADLINE_S = 10.0

_Waiting = tuple[Command, "asyncio.Future[Done]"]


class TooManyCommands(KawalError):
    status, code, title = 503, "too_many_commands", "Too many commands are waiting"
    retry_after_s = 1


class Batcher:
    """`run` is a task of the service; `submit` works while it runs."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(MOST_WAITING)

    @overload
    async def submit(self, command: AgentCommand | JoinCommand | UseMacro) -> Applied: ...

    @overload
    async def submit(self, command: PersonCommand) -> PersonChanged: ...

    async def submit(self, command: Command) -> Done:
        """Apply `command`; returns what the case, or the person, is afterwards.

        Raises:
            KawalError: the command was refused; `TooManyCommands` and `Unavailable` (503) can be tried again, with
                the same idempotency key, since its effect is not known.
        """
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((command, done))
        except asyncio.QueueFull as full:
            raise TooManyCommands("Try again in a moment") from full
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await done
        except TimeoutError as late:
            raise Unavailable("It takes too long; try again with the same key") from late

    async def run(self) -> NoReturn:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MOST_AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            waited_for = [one for one in batch if not one[1].done()]
            if waited_for:
                await self._settle(waited_for)

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Apply `batch` and tell everybody.

        What is known to fail for all is told to all; whatever else fails is the fault of one of them, and his alone.
        """
        try:
            outcomes: Sequence[Outcome | Exception] = await self._apply([command for command, _ in batch])
        except Exception as error:  # noqa: BLE001 each caller gets it, and its request answers and logs it
            if len(batch) > 1 and not isinstance(error, KawalError):
                for one in batch:
                    await self._settle([one])
                return
            outcomes = [error] * len(batch)
        except BaseException:
            for _, done in batch:
                done.cancel()
            raise
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            _tell(done, outcome)


def _tell(done: "asyncio.Future[Done]", outcome: Outcome | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Done):
        done.set_result(outcome)
    else:
        done.set_exception(outcome if isinstance(outcome, Exception) else TypeError("commands are never skipped"))
