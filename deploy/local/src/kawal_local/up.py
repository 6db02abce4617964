"""`kawal up`: the whole stack on this machine, until Ctrl-C, SIGTERM or the end of the terminal."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import typer

from kawal_local import services
from kawal_local.layout import MAIL_PAGES_PORT, Layout
from kawal_local.output import PrefixedOutput
from kawal_local.stack import Stack

_REASONS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "asked to by SIGTERM",
    signal.SIGHUP: "the terminal was closed",
}


def up() -> None:
    """Run everything on this machine: PostgreSQL, Kafka, mail and the five services."""
    if not run(Layout.from_environment()):
        raise typer.Exit(1)


def run(layout: Layout, **stack_options: Any) -> bool:
    """Run a stack until SIGINT, SIGTERM or SIGHUP; False if it did not come up. Options as for `Stack`."""
    os.umask(0o077)  # spools, logs and vault hold what people wrote; nobody else on this machine shall read it
    output = PrefixedOutput()
    with _alone(layout):
        began = monotonic()
        stack = Stack(layout, output=output, **stack_options)
        stack.fetch()
        return asyncio.run(_run(stack, layout, output=output, began=began))


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """One run at a time for a state folder; the lock goes with the process, however it ends."""
    layout.state.mkdir(parents=True, exist_ok=True)
    with (layout.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo(f"Another `kawal up` is running with the state in {layout.state}.", err=True)
            raise typer.Exit(1) from None
        yield


async def _run(stack: Stack, layout: Layout, *, output: PrefixedOutput, began: float) -> bool:
    """Run until we are told to stop; False if the stack did not come up."""
    told, reasons = asyncio.Event(), list[str]()
    stays_behind = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # started by `nohup`
    starting = asyncio.create_task(stack.start())
    await asyncio.sleep(0)  # the supervisor is made, and has let go of the signals
    for number, reason in _REASONS.items():
        asyncio.get_running_loop().add_signal_handler(number, _end, told, reasons, reason)
    if stays_behind:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    started = await _started(starting, told, output=output)
    if started:
        output.plain(_welcome(stack, layout, seconds=monotonic() - began))
        await told.wait()
    output.say(f"stopping: {reasons[0] if reasons else 'it did not come up'}")
    await stack.stop()
    output.say("stopped")
    return started or told.is_set()


def _end(told: asyncio.Event, reasons: list[str], reason: str) -> None:
    reasons.append(reason)
    told.set()


async def _started(starting: asyncio.Task[None], told: asyncio.Event, *, output: PrefixedOutput) -> bool:
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait((starting,))
        return False
    failure = starting.exception()
    if failure is not None:
        output.say(f"could not start: {failure}")
    return failure is None


def _welcome(stack: Stack, layout: Layout, *, seconds: float) -> str:
    credentials = stack.credentials
    lines = [
        f"Kawal is ready after {seconds:.0f} s. Ctrl-C ends it; the data stays in {layout.state}.",
        "",
        f"  Participants' portal  {services.WEB.url(layout)}/",
        f"  Chat widget           {services.CHAT.url(layout)}/",
        f"  Telephone             {services.VOICE.url(layout)}/phone",
        f"  Agents' console       {services.CORE.url(layout)}/console/",
        f"  Mail                  {layout.url(MAIL_PAGES_PORT)}/",
        "",
        f"  Sign in as {credentials.agent_email} with {credentials.agent_password}",
        f"  Everything else: {layout.run_file}",
        "",
    ]
    return "\n" + "\n".join(lines)
