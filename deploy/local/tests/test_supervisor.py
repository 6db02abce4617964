"""The supervisor with programs as small as can be."""

import asyncio
import io
import os
import re
import signal
import sys
import time

import pytest
from circus.process import DEAD_OR_ZOMBIE

from kawal.testing import eventually
from kawal.testing.stack import is_alive
from kawal_local.output import PrefixedOutput
from kawal_local.program import Program
from kawal_local.supervisor import CHECK_DELAY_S, Supervisor

pytestmark = pytest.mark.integration


@pytest.fixture
def printed():
    return io.StringIO()


@pytest.fixture
def spawned():
    return []


@pytest.fixture
async def supervisor(printed, spawned):
    supervisor = Supervisor(output=PrefixedOutput(printed), on_spawn=lambda program, pid: spawned.append(pid))
    await supervisor.open()
    yield supervisor
    await supervisor.close()


# When one is killed, there is still something of it to be read; when nobody reads it, it stands still.
CHATTER = """
import itertools, os, time
for line in itertools.count():
    print(os.getpid(), "line", line, "x" * 4_000, flush=True)
    time.sleep(0.002)
"""


def errors_of_circus(caplog):
    """What it, or tornado for it, complained about; other tests' services may be complaining too."""
    its = [record for record in caplog.records if record.name in ("circus", "tornado.application")]
    return [record.getMessage() for record in its if record.levelname == "ERROR"]


class TestOutput:
    async def test_is_read_of_those_that_died_together(self, supervisor, printed, spawned):
        """The second is started at once and gets the first one's descriptors, the first one half a second later."""
        for name in ("first", "second"):
            await supervisor.start(Program(name=name, command=(sys.executable, "-c", CHATTER)))
        os.kill(spawned[0], signal.SIGKILL)
        await eventually(lambda: len(spawned) == 3, timeout=20)
        await eventually(lambda: f"{spawned[2]} line 100 " in printed.getvalue(), timeout=20)
        time.sleep(0.5)  # noqa: ASYNC251 - the supervisor is held up, so their pipes fill
        os.kill(spawned[2], signal.SIGKILL)
        os.kill(spawned[1], signal.SIGKILL)
        time.sleep(1)  # noqa: ASYNC251 - and it is late to see that they have died
        await eventually(lambda: len(spawned) == 5, timeout=20)
        for pid in spawned[3:]:
            await eventually(lambda pid=pid: f"{pid} line 1000 " in printed.getvalue(), timeout=20)


class TestStart:
    async def test_what_keeps_dying_is_started_again_ever_later(self, supervisor, printed, spawned):
        await supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
        await eventually(lambda: "died with 3, starting it again in 1 s" in printed.getvalue(), timeout=20)
        said = [line.partition("died with 3, ")[2] for line in printed.getvalue().splitlines()]
        assert said == ["starting it again", "starting it again in 0.5 s", "starting it again in 1 s"]
        assert len(spawned) == 3

    async def test_stopping_in_order_is_no_failure(self, supervisor, printed, spawned, caplog):
        await supervisor.start(Program(name="one", command=(sys.executable, "-c", CHATTER)))
        await eventually(lambda: f"{spawned[0]} line 10 " in printed.getvalue(), timeout=20)
        await supervisor.stop("one")
        await supervisor.close()
        assert errors_of_circus(caplog) == []

    async def test_what_waits_to_be_started_again_can_be_stopped(self, supervisor, printed, spawned):
        await supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
        await eventually(lambda: "again in 0.5 s" in printed.getvalue(), timeout=20)
        await supervisor.stop("broken")
        assert len(spawned) == 2


STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("there", flush=True)
while True:
    signal.pause()
"""


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""


class TestStop:
    async def test_also_ends_the_children_of_one_that_circus_lost(self, supervisor, printed, spawned):
        """Who dies between its look for the dead and its count of the living is forgotten without a word."""
        await supervisor.start(Program(name="parent", command=(sys.executable, "-c", PARENT)))
        found = await eventually(lambda: re.search(r"child (\d+)\n", printed.getvalue()), timeout=20)
        child = int(found[1])
        (watcher,) = supervisor._arbiter.watchers
        supervisor._arbiter.ctrl.caller.stop()
        os.kill(spawned[0], signal.SIGKILL)
        watcher.numprocesses = 0
        lost = watcher.processes[spawned[0]]
        await eventually(lambda: lost.status == DEAD_OR_ZOMBIE)
        await watcher.manage_processes()
        await supervisor.stop("parent")
        await eventually(lambda: not is_alive(child))
        lost.stop()
        assert lost._worker.wait() == -signal.SIGKILL


class TestClose:
    async def test_while_something_takes_its_time_to_end(self, supervisor, printed, spawned, caplog):
        """Circus looks after its programs meanwhile, and must not trip over its own stopping."""
        program = Program(name="slow", command=(sys.executable, "-c", STUBBORN), grace_s=3 * CHECK_DELAY_S)
        await supervisor.start(program)
        await eventually(lambda: "there" in printed.getvalue(), timeout=20)
        await supervisor.close()
        assert not is_alive(spawned[0])
        assert errors_of_circus(caplog) == []

    async def test_while_circus_is_busy(self, supervisor, spawned):
        await supervisor.start(Program(name="one", command=(sys.executable, "-c", CHATTER)))
        busy = asyncio.get_running_loop().create_future()
        supervisor._arbiter._exclusive_running_command = "manage_watchers"
        busy.add_done_callback(lambda _: setattr(supervisor._arbiter, "_exclusive_running_command", None))
        closing = asyncio.create_task(supervisor.close())
        await asyncio.sleep(0)
        busy.set_result(None)
        await closing
        assert not is_alive(spawned[0])
