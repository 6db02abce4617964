"""The process that sends webhooks is killed again and again, while requests are under way."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import DEWI, contact, message, number
from core_tables import rows
from kawal.testing.waiting import eventually
from ticket_core.domain.webhooks import event_id
from ticket_core.store.store import CaseStore
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks
from webhook_receiver import SENDER, Receiver

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).parent / "webhooks_until_killed.py"
KILLS = 3


@asynccontextmanager
async def killed_at_the_end(dsn: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), dsn, cwd=SCRIPT.parent)
    try:
        yield
        assert process.returncode is None
    finally:
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL


async def leases_end(engine: AsyncEngine) -> None:
    """What a minute does after a crash, and an hour after failures."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE core.webhooks SET leased_until = now(), retry_at = NULL"))
        await connection.execute(text("UPDATE core.webhook_deliveries SET next_at = now() WHERE state = 'pending'"))


class TestKilled:
    async def test_nothing_is_lost(
        self,
        dsn: str,
        engine: AsyncEngine,
        store: CaseStore,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        """Each kill meets requests that have arrived and were not answered; of the others every third is refused."""
        await subscriptions.add(url=receiver.url, kinds=[], description="", agent_id=DEWI.id)
        receiver.answers = lambda place: 204 if place % 3 else 503
        for kill in range(KILLS):
            await store.apply(
                [
                    contact(message(conversation=f"chat:{kill}{place:07d}", reference=number(10 * kill + place)))
                    for place in range(5)
                ]
            )
            receiver.go_on.clear()
            async with killed_at_the_end(dsn):
                begun = len(receiver.bodies)
                await eventually(lambda: len(receiver.bodies) > begun, timeout=60)  # noqa: B023 it is awaited here
            receiver.go_on.set()
            await leases_end(engine)

        wanted = {event_id(*row) for row in await rows(engine, "SELECT case_id::text, seq FROM core.timeline")}
        assert len(wanted) == 3 * 5 * KILLS

        webhooks = Webhooks(engine, subscriptions=subscriptions, sender=SENDER)

        async def complete() -> bool:
            await leases_end(engine)
            await webhooks.step()
            return await rows(engine, "SELECT count(*) FROM core.webhook_deliveries WHERE state = 'delivered'") == [
                (len(wanted),)
            ]

        receiver.answers = lambda _: 204
        await eventually(complete, timeout=60)
        assert set(receiver.ids) == wanted
        assert len(receiver.ids) > len(wanted), "what was not noted was sent again"
        assert len(set(zip(receiver.ids, receiver.bodies, strict=True))) == len(wanted), "and with the same words"
