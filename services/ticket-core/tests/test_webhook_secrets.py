from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook, WebhookVerificationError

from core_tables import rows
from ticket_core.store.store import CaseStore, utc_now
from ticket_core.store.webhook_queue import keep_marks
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks
from webhook_receiver import Receiver, opened, run, sent, subscribed

pytestmark = pytest.mark.integration


class TestRotate:
    async def test_a_secret_that_changes_without_a_gap(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        """The receiver checks with either while both hold, with the new one alone afterwards."""
        webhook_id, first = await subscribed(subscriptions, receiver)
        _, second = await subscriptions.rotate(webhook_id, overlap=timedelta(hours=1))
        await opened(store, 1)
        await sent(webhooks, receiver, 3)
        for secret in (first, second):
            Webhook(secret).verify(receiver.bodies[0], receiver.headers[0])
        await run(engine, "UPDATE core.webhook_former_secrets SET valid_until = now()")
        await opened(store, 2)
        await sent(webhooks, receiver, 6)
        Webhook(second).verify(receiver.bodies[-1], receiver.headers[-1])
        with pytest.raises(WebhookVerificationError):
            Webhook(first).verify(receiver.bodies[-1], receiver.headers[-1])
        async with engine.begin() as connection:
            await keep_marks(connection, utc_now())
        assert await rows(engine, "SELECT * FROM core.webhook_former_secrets") == []

    async def test_whoever_asks_for_it_again_and_again_leaves_no_gap(
        self, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        webhook_id, first = await subscribed(subscriptions, receiver)
        others = [(await subscriptions.rotate(webhook_id, overlap=timedelta(hours=1)))[1] for _ in range(3)]
        assert await subscriptions.secrets(webhook_id) == [*reversed(others), first]
        last = (await subscriptions.rotate(webhook_id, overlap=timedelta(hours=1)))[1]
        assert await subscriptions.secrets(webhook_id) == [last, *reversed(others)]
