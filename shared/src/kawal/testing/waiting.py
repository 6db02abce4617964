"""Waiting for something that happens elsewhere, with a deadline instead of a sleep."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, overload

T = TypeVar("T")

POLL_S = 0.03


@overload
def eventually(
    condition: Callable[[], Awaitable[T | None]], *, timeout: float = ..., interval: float = ...
) -> Coroutine[Any, Any, T]: ...


@overload
def eventually(
    condition: Callable[[], T | None], *, timeout: float = ..., interval: float = ...
) -> Coroutine[Any, Any, T]: ...


async def eventually(
    condition: Callable[[], Any],
    *,
    timeout: float = 30.0,  # noqa: ASYNC109 - the deadline is what this helper is about
    interval: float = POLL_S,
) -> Any:
    """Poll `condition` until its result is true, and return that result.

    An `AssertionError` of the condition counts as "not yet". Raises `AssertionError` with the last result (or
    from the last assertion) once `timeout` seconds are over. Any other exception passes through at once.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    while True:
        result, failure = await _attempt(condition)
        if result:
            return result
        if asyncio.get_running_loop().time() >= deadline:
            raise AssertionError(f"not within {timeout} s; the last result was {result!r}") from failure
        await asyncio.sleep(interval)


async def _attempt(condition: Callable[[], Any]) -> tuple[Any, AssertionError | None]:
    try:
        result = condition()
        return (await result if inspect.isawaitable(result) else result), None
    except AssertionError as failure:
        return None, failure


def run_apart(work: Callable[[], Any]) -> Any:
    """Run `work`, which may return an awaitable, in a thread with a loop of its own.

    So fixtures can do asynchronous set-up whether or not the test's loop is running at that moment.
    """

    def outside_any_loop() -> Any:
        # Alembic calls asyncio.run() itself, which is allowed only where no loop is running.
        result = work()
        return asyncio.run(_finish(result)) if inspect.isawaitable(result) else result

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(outside_any_loop).result()


async def _finish(result: Awaitable[Any]) -> Any:
    return await result
