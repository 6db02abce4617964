"""`kawal up` with the real PostgreSQL, Kafka and supervisor, and stand-ins for the services."""

import signal
import stat
import sys
import tempfile
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from kawal.testing import eventually
from kawal.testing.stack import StackProcess, is_alive

pytestmark = pytest.mark.integration


def standin_stack(directory):
    return StackProcess(directory / "state", command=(sys.executable, "standin_up.py"), directory=Path(__file__).parent)


def descendants(stack):
    return [child.pid for child in psutil.Process(stack.process.pid).children(recursive=True)]


def alive(pids):
    return [pid for pid in pids if is_alive(pid)]


async def query(stack, statement):
    connection = await asyncpg.connect(stack.facts["postgres"]["dsn"].replace("/kawal", "/postgres"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def stack():
    with tempfile.TemporaryDirectory() as directory:
        stack = standin_stack(Path(directory))
        await stack.start()
        yield stack
        stack.stop()


@pytest.fixture
def fresh_stack():
    with tempfile.TemporaryDirectory() as directory:
        stack = standin_stack(Path(directory))
        yield stack
        if stack.is_running:
            stack.stop()


class TestReady:
    def test_run_file_says_what_was_promised(self, stack):
        promised = {"services", "kafka", "postgres", "mail", "agent", "api_token", "twilio", "host_site"}
        assert set(stack.facts) == promised
        assert set(stack.facts["services"]["chat-ingest"]) == {"url", "ops_url", "pid"}
        assert len(alive(stack.pids())) == 4

    def test_secrets_are_for_their_owner_only(self, stack):
        for name in ("run.json", "secrets.json"):
            assert stat.S_IMODE((stack.state / name).stat().st_mode) == 0o600

    def test_state_is_for_its_owner_only(self, stack):
        # As root, PostgreSQL's own account may walk through, and nobody may look.
        assert not stat.S_IMODE(stack.state.stat().st_mode) & 0o066
        assert stat.S_IMODE((stack.state / "mail").stat().st_mode) == 0o700

    async def test_postgres_answers(self, stack):
        assert int(await query(stack, "show server_version_num")) // 10_000 == 18

    async def test_kafka_answers(self, stack):
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.facts["kafka"]["bootstrap_servers"])
        await admin.start()
        assert len((await admin.describe_cluster())["brokers"]) == 1
        await admin.close()

    def test_output_names_the_program(self, stack):
        assert "\nchat-ingest     | the stand-in is there\n" in stack.output


class TestRestart:
    async def test_a_service(self, stack):
        old = stack.kill("chat-ingest")
        await stack.restarted("chat-ingest", old_pid=old)
        assert f"chat-ingest (pid {old}) died with -9, starting it again" in stack.output

    async def test_postgres(self, stack):
        await stack.restarted("postgres", old_pid=stack.kill("postgres"))
        assert await query(stack, "select 7") == 7

    async def test_kafka(self, stack):
        await stack.restarted("kafka", old_pid=stack.kill("kafka"))


class TestEnd:
    async def test_all_ends_in_time_and_nothing_stays(self, fresh_stack):
        await fresh_stack.start()
        children = descendants(fresh_stack)
        assert fresh_stack.stop(signal.SIGINT) == 0  # although one stand-in and its child do not listen
        await eventually(lambda: not alive(children))
        assert not (fresh_stack.state / "run.json").exists()

    async def test_the_terminal_is_closed(self, fresh_stack):
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a run under `nohup` would hand its deafness down
        try:
            await fresh_stack.start()
        finally:
            signal.signal(signal.SIGHUP, before)
        children = descendants(fresh_stack)
        assert fresh_stack.stop(signal.SIGHUP) == 0
        assert "stopping: the terminal was closed" in fresh_stack.output
        await eventually(lambda: not alive(children))

    async def test_while_starting(self, fresh_stack):
        fresh_stack.launch()
        await eventually(lambda: "postgres " in fresh_stack.output, timeout=30)
        children = descendants(fresh_stack)
        assert fresh_stack.stop() == 0
        await eventually(lambda: not alive(children))

    async def test_leftovers_of_a_killed_run_are_ended_and_data_stays(self, fresh_stack):
        await fresh_stack.start()
        await query(fresh_stack, "create table kept as select 7 as seven")
        left = descendants(fresh_stack)
        fresh_stack.end()

        await fresh_stack.start()
        await eventually(lambda: not alive(left))
        assert await query(fresh_stack, "select seven from kept") == 7
        fresh_stack.stop()

    async def test_a_second_run_with_the_same_state_is_refused(self, stack):
        second = standin_stack(stack.state.parent)
        second.log = stack.state.with_name("second.log")
        second.launch()
        assert second.process.wait(20) == 1
        assert "Another `kawal up` is running" in second.output
        assert len(alive(stack.pids())) == 4
