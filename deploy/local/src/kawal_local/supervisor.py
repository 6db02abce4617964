"""Runs programs and keeps them running; Circus does the work, in our own process (ADR 0006)."""

import asyncio
import itertools
import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from circus.arbiter import Arbiter
from circus.watcher import Watcher
from tornado.ioloop import IOLoop

from kawal_local.output import PrefixedOutput
from kawal_local.program import Program, signal_group
from kawal_local.restarts import Restarts

CHECK_DELAY_S = 0.5
_serials = itertools.count()


class ProgramFailedError(RuntimeError):
    """A program that had to finish well did not."""


class Supervisor:
    """Starts programs, restarts what dies (see `Restarts`), stops them within bounds.

    `on_spawn(program, pid)` is called at each start, restarts included. Use it within a running event loop.
    Circus reaps every child of this process, so start no other subprocess between `open` and `close`.
    """

    def __init__(self, *, output: PrefixedOutput, on_spawn: Callable[[Program, int], None]) -> None:
        self._output = output
        self._on_spawn = on_spawn
        self._exits: dict[str, asyncio.Future[int]] = {}
        self._restarts: dict[str, Restarts] = {}
        self._pids: dict[str, int] = {}
        # Circus wants sockets, and must open no port for them. It lets go of their names late, so each has its own.
        place = f"inproc://kawal-{next(_serials)}"
        self._arbiter = Arbiter(
            [],
            endpoint=f"{place}-control",
            pubsub_endpoint=f"{place}-events",
            check_delay=CHECK_DELAY_S,
            loop=IOLoop.current(),
        )
        # Circus has put its own signal handlers in; ours decide in which order things end.
        self._arbiter.ctrl.sys_hdl.stop()

    async def open(self) -> None:
        await self._arbiter.start()

    async def close(self) -> None:
        """Stop whatever still runs, and Circus itself."""
        self._arbiter.ctrl.caller.stop()  # else Circus goes on looking after what it stops, and refuses itself
        await self._quietly(self._arbiter.stop)

    async def start(self, program: Program) -> None:
        """Start `program` and keep it running from now on."""
        watcher = self._watcher(program, respawn=True)
        await self._quietly(watcher.start)

    async def run(self, program: Program) -> None:
        """Run `program` to its end; raises `ProgramFailedError` unless it exits with 0."""
        done = self._exits[program.name] = asyncio.get_running_loop().create_future()
        watcher = self._watcher(program, respawn=False)
        await self._quietly(watcher.start)
        code = await done
        if code:
            raise ProgramFailedError(f"{program.name} ended with exit code {code}")

    async def stop(self, *names: str) -> None:
        """Stop these programs together: each has its own grace, then it is killed with all its children."""
        watchers = [watcher for watcher in self._arbiter.watchers if watcher.name in names]
        # Not the public `stop`, of which Circus allows only one at a time.
        await asyncio.gather(*(watcher._stop(close_output_streams=True) for watcher in watchers))  # noqa: SLF001
        for name in names:
            self._end_of(name)

    def _watcher(self, program: Program, *, respawn: bool) -> Watcher:
        self._restarts[program.name] = Restarts()
        command, *arguments = program.command
        self._arbiter.add_watcher(
            program.name,
            shlex.quote(command),
            args=[_literal(word) for word in arguments],
            env=dict(program.env),
            working_dir=str(program.directory.absolute()),
            uid=program.uid,
            gid=program.gid,
            respawn=respawn,
            autostart=False,
            max_retry=-1,
            stop_signal=getattr(signal, program.stop_signal),
            graceful_timeout=program.grace_s,
            stdout_stream={"stream": self._output.stream(program.name)},
            stderr_stream={"stream": self._output.stream(program.name)},
            hooks={
                "after_spawn": (self._spawned(program), False),
                "before_reap": (_heard_out, True),
                "after_reap": (self._reaped(program), True),
            },
        )
        watcher: Watcher = self._arbiter.get_watcher(program.name)
        return watcher

    def _spawned(self, program: Program) -> Callable[..., bool]:
        def hook(*, pid: int, **_: Any) -> bool:
            self._end_of(program.name)
            self._pids[program.name] = pid
            self._restarts[program.name].started()
            self._on_spawn(program, pid)
            return True

        return hook

    def _reaped(self, program: Program) -> Callable[..., bool]:
        def hook(*, process_pid: int, exit_code: int, **_: Any) -> bool:
            self._end_of(program.name)
            waiting = self._exits.get(program.name)
            if waiting is not None and not waiting.done():
                waiting.set_result(exit_code)
            elif not self._arbiter.get_watcher(program.name).is_stopping():
                self._start_again(program, f"{program.name} (pid {process_pid}) died with {exit_code}")
            return True

        return hook

    def _end_of(self, name: str) -> None:
        """End what is left of the last process of a program and of its children.

        Circus looks for them after its end, when they are nobody's children any more. And who dies between its look for
        the dead and its count of the living is never reported, so this is done after a stop and at a new start too.
        """
        pid = self._pids.pop(name, None)
        if pid is not None:
            signal_group(pid, signal.SIGKILL)

    def _start_again(self, program: Program, what: str) -> None:
        """Circus starts what is missing at its next look, so none is missing until the delay is over."""
        delay_s = self._restarts[program.name].delay_s()
        self._output.say(f"{what}, starting it again{f' in {delay_s:g} s' if delay_s else ''}")
        watcher = self._arbiter.get_watcher(program.name)
        watcher.numprocesses = 0
        asyncio.get_running_loop().call_later(delay_s, setattr, watcher, "numprocesses", 1)

    async def _quietly(self, command: Callable[[], Awaitable[Any]]) -> None:
        """Circus refuses a command while it looks after its children, so ask again a moment later."""
        while self._arbiter._exclusive_running_command is not None:  # noqa: SLF001, ASYNC110 - has no event
            await asyncio.sleep(0.01)
        await command()


def _heard_out(*, watcher: Watcher, process_pid: int, **_: Any) -> bool:
    """Read what a dead process has left in its pipes, and let go of them, before Circus closes them.

    Circus goes on believing that it reads them. The next program whose pipes get the same descriptors would be cut off
    when it notices: nobody reads, and the program stands still in the middle of a log line.
    """
    redirector, process = watcher.stream_redirector, watcher.processes.get(process_pid)
    if redirector is not None and process is not None:
        open_pipes = [(name, pipe) for name, pipe in redirector.get_process_pipes(process) if not pipe.closed]
        for name, pipe in open_pipes:  # none after a stop in order, which lets go of them itself
            os.set_blocking(pipe.fileno(), False)  # a child of its own may still hold the other end
            redirector.redirect[name]({"data": pipe.read() or b"", "pid": process_pid, "name": name})
        redirector.remove_redirections(process)
    return True


def _literal(word: str) -> str:
    """Circus replaces `$(…)` and `((…))` in arguments; ours are meant as they are written."""
    if "$(" in word or "((" in word:
        raise ValueError(f"Circus would read {word!r} as a template")
    return word
