"""Sending what is due, with a provider that fails as told; the mail itself goes to a real SMTP server below."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from kawal.contracts.deliveries import delivery_adapter
from kawal.contracts.words import Channel
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

    async def send(self, delivery: Delivery) -> None:
        if self.problems:
            raise self.problems.pop(0)
        self.sent.append(delivery.id)

    async def was_sent(self, delivery: Delivery, *, since: datetime) -> bool:
        return delivery.id in self.knows


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def sender(engine, provider) -> Sender:
    return Sender(engine=engine, providers={Channel.EMAIL: provider, Channel.SMS: provider}, reported=lambda: None)


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

    async def test_refusal_fails_and_the_next_channel_takes_over(self, engine, sender, provider):
        sms = delivery(id="case-1/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, sms, delivery(after=sms.id))
        provider.problems = [ProviderRefusedError("twilio_21211")]
        await sender.send_next()
        await make_due(engine)
        await sender.send_next()
        assert provider.sent == ["case-1/2/email"]
        said = [(r.channel, r.state, r.detail) for r in await reports(engine)]
        assert said == [(Channel.SMS, "failed", "twilio_21211"), (Channel.EMAIL, "sent", None)]

    async def test_what_breaks_the_provider_fails_alone(self, engine, sender, provider):
        sms = delivery(id="case-1/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, sms, delivery(after=sms.id))
        provider.problems = [ZeroDivisionError() for _ in range(BROKEN_AFTER)]
        for _ in range(BROKEN_AFTER + 1):
            await sender.send_next()
            await make_due(engine)
        assert provider.sent == ["case-1/2/email"]
        said = [(r.channel, r.state, r.detail) for r in await reports(engine)]
        assert said == [(Channel.SMS, "failed", "unexpected"), (Channel.EMAIL, "sent", None)]

    async def test_after_a_crash_the_provider_is_asked_first(self, engine, sender, provider):
        await insert(engine, delivery())
        async with engine.begin() as connection:
            await deliveries.claim(connection, now=datetime.now(UTC))
        provider.knows = {"case-1/2/email"}
        await make_due(engine)
        await sender.send_next()
        assert provider.sent == []
        assert [r.state for r in await reports(engine)] == ["sent"]
