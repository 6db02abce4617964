"""`kawal up` with the real PostgreSQL, Kafka and supervisor, and stand-ins for the services."""

import os
import signal
import stat

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from running_stack import RunningStack, alive, descendants, offsets

from kawal.testing import eventually

pytestmark = pytest.mark.integration


def pids(facts):
    services = [service["pid"] for service in facts["services"].values()]
    return [*services, facts["kafka"]["pid"], facts["postgres"]["pid"]]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory):
    stack = RunningStack(tmp_path_factory.mktemp("up") / "state", offset=next(offsets()))
    stack.start()
    await eventually(stack.facts, timeout=60)
    yield stack
    stack.stop()


async def restarted(stack, old):
    """The facts, once the process `old` has a successor."""

    def replaced():
        facts = stack.facts()
        return facts if facts and old not in pids(facts) and len(alive(pids(facts))) == len(pids(facts)) else None

    return await eventually(replaced, timeout=30)


async def is_ready(url):
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{url}/readyz")).is_success
    except httpx.TransportError:
        return False


class TestReady:
    async def test_run_file_says_what_was_promised(self, stack):
        facts = stack.facts()
        assert set(facts) == {
            "services", "kafka", "postgres", "mail", "agent", "api_token", "twilio", "host_site",
        }  # fmt: skip
        assert set(facts["services"]["chat-ingest"]) == {"url", "ops_url", "pid"}
        assert len(alive(pids(facts))) == 4

    def test_secrets_are_for_their_owner_only(self, stack):
        for name in ("run.json", "secrets.json"):
            assert stat.S_IMODE((stack.state / name).stat().st_mode) == 0o600

    async def test_everything_answers(self, stack):
        facts = stack.facts()
        assert await is_ready(facts["services"]["chat-ingest"]["ops_url"])
        connection = await asyncpg.connect(facts["postgres"]["dsn"].replace("/kawal", "/postgres"))
        assert connection.get_server_version().major == 18
        await connection.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=facts["kafka"]["bootstrap_servers"])
        await admin.start()
        assert len((await admin.describe_cluster())["brokers"]) == 1
        await admin.close()

    def test_output_names_the_program(self, stack):
        assert "\nchat-ingest     | the stand-in is there\n" in stack.output


class TestRestart:
    async def test_a_service(self, stack):
        old = stack.facts()["services"]["chat-ingest"]
        os.kill(old["pid"], signal.SIGKILL)
        facts = await restarted(stack, old["pid"])
        await eventually(lambda: is_ready(facts["services"]["chat-ingest"]["ops_url"]), timeout=20)
        assert f"chat-ingest (pid {old['pid']}) died with -9, starting it again" in stack.output

    async def test_postgres(self, stack):
        old = stack.facts()["postgres"]
        os.kill(old["pid"], signal.SIGKILL)
        await restarted(stack, old["pid"])

        async def answers():
            try:
                connection = await asyncpg.connect(old["dsn"].replace("/kawal", "/postgres"))
            except (OSError, asyncpg.CannotConnectNowError):
                return False
            await connection.close()
            return True

        await eventually(answers, timeout=30)

    async def test_kafka(self, stack):
        old = stack.facts()["kafka"]
        os.kill(old["pid"], signal.SIGKILL)
        await restarted(stack, old["pid"])


class TestEnd:
    async def test_all_ends_in_time_and_nothing_stays(self, tmp_path):
        stack = RunningStack(tmp_path / "state", offset=next(offsets()))
        stack.start()
        await eventually(stack.facts, timeout=60)
        children = descendants(stack.process.pid)
        assert stack.stop(signal.SIGINT) == 0  # although one stand-in and its child do not listen
        await eventually(lambda: not alive(children))
        assert not (stack.state / "run.json").exists()
        assert stack.offset in offsets()

    async def test_while_starting(self, tmp_path):
        stack = RunningStack(tmp_path / "state", offset=next(offsets()))
        stack.start()
        await eventually(lambda: "postgres " in stack.output, timeout=30)
        children = descendants(stack.process.pid)
        assert stack.stop() == 0
        await eventually(lambda: not alive(children))

    async def test_leftovers_of_a_killed_run_are_ended_and_data_stays(self, tmp_path):
        stack = RunningStack(tmp_path / "state", offset=next(offsets()))
        stack.start()
        facts = await eventually(stack.facts, timeout=60)
        dsn = facts["postgres"]["dsn"].replace("/kawal", "/postgres")
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table kept as select 7 as seven")
        await connection.close()
        left = descendants(stack.process.pid)
        stack.kill()

        (stack.state / "run.json").unlink()
        stack.start()
        await eventually(stack.facts, timeout=60)
        assert not alive(left)
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("select seven from kept") == 7
        await connection.close()
        stack.stop()

    async def test_a_second_run_with_the_same_state_is_refused(self, stack):
        second = RunningStack(stack.state, offset=stack.offset)
        second.log = stack.state.parent / "second.log"
        second.start()
        assert second.process.wait(20) == 1
        assert "Another `kawal up` is running" in second.output
        assert len(alive(pids(stack.facts()))) == 4
