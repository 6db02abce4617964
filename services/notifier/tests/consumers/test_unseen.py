"""Chat answers that lie unseen, on the real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from kawal.contracts.words import Channel
from notifier.consumers.unseen import UnseenWatch
from notifier.store import deliveries
from notifier_factories import delivery

pytestmark = pytest.mark.integration


class TestRun:
    async def test_wakes_the_senders_for_what_lies_unseen(self, engine):
        chat = delivery(id="a/2/chat", channel=Channel.CHAT, address="")
        async with engine.begin() as connection:
            six_minutes_ago = datetime.now(UTC) - timedelta(minutes=6)
            await deliveries.insert(connection, [chat, delivery(id="a/2/email", after=chat.id)], now=six_minutes_ago)
            await connection.execute(text("UPDATE notify.delivery SET state = 'sent' WHERE channel = 'chat'"))
        found = asyncio.Event()
        watch = asyncio.create_task(UnseenWatch(engine=engine, unseen_for=timedelta(minutes=5), found=found.set).run())
        await asyncio.wait_for(found.wait(), 10)
        watch.cancel()
        async with engine.begin() as connection:
            due = await deliveries.claim(connection, channel=Channel.EMAIL, now=datetime.now(UTC))
        assert due is not None
        assert due.delivery.id == "a/2/email"
