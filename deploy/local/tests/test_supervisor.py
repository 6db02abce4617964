"""The supervisor with programs as small as can be."""

import io
import sys

import pytest

from kawal.testing import eventually
from kawal_local.output import PrefixedOutput
from kawal_local.program import Program
from kawal_local.supervisor import Supervisor

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


class TestStart:
    async def test_what_keeps_dying_is_started_again_ever_later(self, supervisor, printed, spawned):
        await supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
        await eventually(lambda: "died with 3, starting it again in 1 s" in printed.getvalue(), timeout=20)
        said = [line.partition("died with 3, ")[2] for line in printed.getvalue().splitlines()]
        assert said == ["starting it again", "starting it again in 0.5 s", "starting it again in 1 s"]
        assert len(spawned) == 3

    async def test_what_waits_to_be_started_again_can_be_stopped(self, supervisor, printed, spawned):
        await supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
        await eventually(lambda: "again in 0.5 s" in printed.getvalue(), timeout=20)
        await supervisor.stop("broken")
        assert len(spawned) == 2
