"""How a consumer ends: with the batch in hand, and without a client that goes on by itself."""

import asyncio

import pytest

from kawal.kafka import clients
from kawal.kafka.drain import Drain
from kawal.testing import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def made_clients(monkeypatch):
    """The clients that consumers make from now on."""
    made, make = [], clients.group_consumer

    def noted(**given):
        made.append(make(**given))
        return made[-1]

    monkeypatch.setattr(clients, "group_consumer", noted)
    return made


def running_for(consumers):
    """What runs of these clients of aiokafka."""
    parts = {id(part) for one in consumers for part in (one._client, one._fetcher, one._coordinator)}
    frames = [task.get_coro().cr_frame for task in asyncio.all_tasks()]
    return [frame for frame in frames if frame is not None and id(frame.f_locals.get("self")) in parts]


class TestEnd:
    async def test_leaves_nothing_behind_when_cancelled_while_it_ends(self, stream, applied, made_clients, monkeypatch):
        ending, finish = asyncio.Event(), Drain.finish

        async def noted(drain):
            ending.set()
            await finish(drain)

        monkeypatch.setattr(Drain, "finish", noted)
        await stream.send(("a", 1))
        applied.gate.clear()
        task = asyncio.create_task(stream.consumer(applied).run())
        await applied.entered.wait()
        task.cancel()
        await ending.wait()
        task.cancel()  # while it waits for the batch in hand
        applied.gate.set()
        await asyncio.wait({task})
        assert applied.ids == ["a/1"]
        assert await stream.committed() == 1
        await eventually(lambda: not running_for(made_clients))

    async def test_leaves_nothing_behind_when_the_client_does_not_stop(
        self, stream, applied, run, made_clients, monkeypatch
    ):
        monkeypatch.setattr(clients, "STOP_TIMEOUT_S", 0.0)
        await stream.send(("a", 1))
        async with run(stream.consumer(applied)):
            await eventually(lambda: applied.ids)
            assert running_for(made_clients)
        await eventually(lambda: not running_for(made_clients))
