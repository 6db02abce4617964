"""Sends webhooks until it is killed: `test_webhooks_killed` starts it with a DSN."""

import asyncio
import sys

from pydantic import SecretStr

from core_service import VAULT_KEY
from kawal import database
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks
from webhook_receiver import SENDER


async def main(dsn: str) -> None:
    async with database.opened(dsn, pool_size=8) as engine:
        subscriptions = WebhookSubscriptions(engine, vault_key=SecretStr(VAULT_KEY))
        await Webhooks(engine, subscriptions=subscriptions, sender=SENDER).run()


asyncio.run(main(sys.argv[1]))
