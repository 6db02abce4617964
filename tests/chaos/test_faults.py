"""Parts of the running stack die under load; nothing that was accepted is lost, doubled or swapped.

`KAWAL_CHAOS_SCALE` multiplies the load: each fault meets 20,000 interactions at 1, which is what `make test` does, and
100,000 at 5, which is what `make chaos` does. The fault comes while a third of the load is accepted and on its way
through spool, Kafka, ticket-core and notifier, mails and calls included, and the rest still comes in.
"""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import httpx
import psutil
import pytest

from chaos.ledger import Ledger
from chaos.load import Load
from kawal.testing import eventually
from kawal.testing.servers import die_with_parent
from kawal.testing.stack import StackProcess

SCALE = float(os.environ.get("KAWAL_CHAOS_SCALE", "1"))
INTERACTIONS = int(20_000 * SCALE)
BROKER_AWAY_S = 60.0
FAULT_AT = 0.33
NOTIFIERS_SENDERS = 4
VOICE_LINES = 10
BACK_WITHIN_S = 90.0
SECOND_CORE_OFFSET = 137

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300 + 600 * SCALE)]

Fault = Callable[[], Awaitable[None]]


async def meet(stack: StackProcess, fault: Fault, *, repeated: float = 0.0, **in_doubt: int) -> None:
    """Load, the fault in the middle of it, and the ledger afterwards."""
    load = Load(stack, total=INTERACTIONS, repeated=repeated)
    async with load.running():
        await load.reached(FAULT_AT)
        await fault()
    await Ledger(stack, load.conversations).check(**in_doubt)


def killing(stack: StackProcess, part: str) -> Fault:
    async def kill() -> None:
        await stack.restarted(part, old_pid=stack.kill(part), timeout=BACK_WITHIN_S)

    return kill


class TestKill:
    @pytest.mark.parametrize("service", ["chat-ingest", "webform-ingest", "ticket-core"])
    async def test_service(self, stack: StackProcess, service: str) -> None:
        await meet(stack, killing(stack, service))

    async def test_voice(self, stack: StackProcess) -> None:
        await meet(stack, killing(stack, "voice-ingest"), calls_in_doubt=VOICE_LINES)

    async def test_notifier(self, stack: StackProcess) -> None:
        await meet(stack, killing(stack, "notifier"), mails_in_doubt=NOTIFIERS_SENDERS)

    async def test_broker(self, stack: StackProcess) -> None:
        await meet(stack, killing(stack, "kafka"))

    async def test_database(self, stack: StackProcess) -> None:
        await meet(stack, killing(stack, "postgres"), mails_in_doubt=NOTIFIERS_SENDERS)


class TestBrokerAway:
    async def test_participants_notice_nothing(self, stack: StackProcess) -> None:
        """The broker stands still with its connections open; meanwhile all is accepted, afterwards it comes through."""
        load = Load(stack, total=INTERACTIONS)
        async with load.running():
            await load.reached(FAULT_AT)
            stack.freeze("kafka")
            thaw_at = monotonic() + BROKER_AWAY_S
            try:
                await load.reached(1.0)
                await eventually(lambda: monotonic() >= thaw_at, timeout=BROKER_AWAY_S + 5)
            finally:
                stack.thaw("kafka")
        await Ledger(stack, load.conversations).check()


class TestDuplicates:
    async def test_a_tenth_of_everything_comes_twice(self, stack: StackProcess) -> None:
        async def nothing_else() -> None:
            """The repetition is the fault."""

        await meet(stack, nothing_else, repeated=0.1)


class TestTwoConsumers:
    async def test_a_second_one_comes_and_goes(self, stack: StackProcess) -> None:
        """Each time the partitions move while events are in hand; the second one goes by `kill -9`."""

        async def rebalance_twice() -> None:
            with second_core(stack) as second:
                await eventually(lambda: _ready(stack.offset + SECOND_CORE_OFFSET), timeout=BACK_WITHIN_S)
                second.kill()

        await meet(stack, rebalance_twice)


@contextmanager
def second_core(stack: StackProcess) -> Iterator[subprocess.Popen[bytes]]:
    """Another ticket-core on the same database and broker, with the environment of the first."""
    first = psutil.Process(stack.pid("ticket-core"))
    environment = first.environ() | {"KAWAL_PORT_OFFSET": str(stack.offset + SECOND_CORE_OFFSET)}
    with stack.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ticket_core"],
            cwd=first.cwd(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls prctl and nothing else
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _ready(offset: int) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            return (await client.get(f"http://127.0.0.1:{9104 + offset}/readyz")).is_success
    except httpx.TransportError:
        return False
