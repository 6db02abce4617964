"""Sending what is due, with a provider that fails as told; the mail itself goes to a real SMTP server below."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from kawal import database as databases
from kawal.contracts.deliveries import delivery_adapter
from kawal.contracts.words import Channel
from kawal.observability import metrics
from notifier.consumers.backlog import CHANNELS, BacklogWatch
from notifier.consumers.sender import BROKEN_AFTER, Sender
from notifier.domain.deliveries import Delivery
from notifier.domain.providers import ProviderAwayError, ProviderRefusedError
from notifier.store import deliveries
from notifier_factories import delivery

pytestmark = pytest.mark.integration


class FakeProvider:
    """Takes what it is sent, unless told otherwise."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.problems: list[Exception] = []
        self.knows: set[str] = set()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def send(self, delivery: Delivery) -> None:
        if self.problems:
            raise self.problems.pop(0)
        self.sent.append(delivery.id)
        if self.meanwhile is not None:
            await self.meanwhile()

    async def was_sent(self, delivery: Delivery, *, since: datetime) -> bool:
        return delivery.id in self.knows


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def sender_of(engine, provider, channel: Channel) -> Sender:
    return Sender(engine=engine, channel=channel, provider=provider, reported=lambda: None)


@pytest.fixture
def sender(engine, provider) -> Sender:
    return sender_of(engine, provider, Channel.EMAIL)


@pytest.fixture
def texter(engine, provider) -> Sender:
    return sender_of(engine, provider, Channel.SMS)


async def insert(engine, *new: Delivery) -> None:
    async with engine.begin() as connection:
        await deliveries.insert(connection, new, now=datetime.now(UTC) - timedelta(seconds=1))


async def reports(engine):
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT value FROM notify.outbox ORDER BY id"))
        return [delivery_adapter.validate_json(row.value) for row in rows]


async def make_due(engine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE notify.delivery SET due_at = now() WHERE due_at IS NOT NULL"))


class TestSender:
    async def test_sent_is_reported_once(self, engine, sender, provider):
        await insert(engine, delivery())
        assert await sender.send_next()
        assert not await sender.send_next()
        assert provider.sent == ["case-1/2/email"]
        assert [(r.delivery_id, r.state) for r in await reports(engine)] == [("case-1/2/email", "sent")]

    async def test_provider_away_is_tried_again_and_nothing_fails(self, engine, sender, provider):
        await insert(engine, delivery())
        provider.problems = [ProviderAwayError("smtp_away")]
        await sender.send_next()
        assert provider.sent == []
        assert await reports(engine) == []
        await make_due(engine)
        await sender.send_next()
        assert provider.sent == ["case-1/2/email"]

    async def test_refusal_fails_and_the_next_channel_takes_over(self, engine, sender, texter, provider):
        sms = delivery(id="case-1/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, sms, delivery(after=sms.id))
        provider.problems = [ProviderRefusedError("twilio_21211")]
        await texter.send_next()
        await make_due(engine)
        await sender.send_next()
        assert provider.sent == ["case-1/2/email"]
        said = [(r.channel, r.state, r.detail) for r in await reports(engine)]
        assert said == [(Channel.SMS, "failed", "twilio_21211"), (Channel.EMAIL, "sent", None)]

    async def test_what_breaks_the_provider_fails_alone(self, engine, sender, texter, provider):
        sms = delivery(id="case-1/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, sms, delivery(after=sms.id))
        provider.problems = [ZeroDivisionError() for _ in range(BROKEN_AFTER)]
        for _ in range(BROKEN_AFTER):
            await texter.send_next()
            await make_due(engine)
        await sender.send_next()
        assert provider.sent == ["case-1/2/email"]
        said = [(r.channel, r.state, r.detail) for r in await reports(engine)]
        assert said == [(Channel.SMS, "failed", "unexpected"), (Channel.EMAIL, "sent", None)]

    async def test_after_a_crash_the_provider_is_asked_first(self, engine, sender, provider):
        await insert(engine, delivery())
        async with engine.begin() as connection:
            await deliveries.claim(connection, channel=Channel.EMAIL, now=datetime.now(UTC))
        provider.knows = {"case-1/2/email"}
        await make_due(engine)
        await sender.send_next()
        assert provider.sent == []
        assert [r.state for r in await reports(engine)] == ["sent"]

    async def test_a_stop_in_order_waits_for_the_mail_in_hand_and_begins_no_other(self, engine, sender, provider):
        await insert(engine, delivery(), delivery(id="b/3/email", conversation_id="web:zyxwvuts87654321"))
        taking, taken = asyncio.Event(), asyncio.Event()

        async def take_time() -> None:
            taking.set()
            await taken.wait()

        provider.meanwhile = take_time
        running = asyncio.create_task(sender.run())
        await asyncio.wait_for(taking.wait(), 10)
        running.cancel()
        await asyncio.sleep(0)
        taken.set()
        await asyncio.wait({running}, timeout=10)
        assert running.cancelled()
        assert provider.sent == ["case-1/2/email"]
        assert [r.state for r in await reports(engine)] == ["sent"]

    async def test_an_outage_between_the_provider_and_the_commit_sends_nothing_twice(self, engine, sender, provider):
        await insert(engine, delivery())

        async def cut_off() -> None:
            dsn = engine.url.render_as_string(hide_password=False)
            async with databases.opened(dsn) as other, other.connect() as connection:
                await connection.execute(_CUT_OFF)

        provider.meanwhile = cut_off
        await sender.send_next()
        assert [r.state for r in await reports(engine)] == ["sent"]
        assert not await sender.send_next()


_CUT_OFF = text(
    """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
)


class TestBacklog:
    async def test_is_shown_by_channel(self, engine, sender, provider):
        await insert(engine, delivery(), delivery(id="b/2/email"), delivery(id="c/2/sms", channel=Channel.SMS))
        await sender.send_next()
        await BacklogWatch(engine=engine).count()
        waiting = {channel: metrics.DELIVERIES_WAITING.labels(channel)._value.get() for channel in CHANNELS}
        assert waiting == {Channel.EMAIL: 1, Channel.SMS: 1}
        assert metrics.DELIVERIES_OLDEST_SECONDS.labels(Channel.SMS)._value.get() >= 1
