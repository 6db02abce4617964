"""The table `delivery` on the real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.words import Channel
from notifier.domain.deliveries import Delivery
from notifier.store import deliveries
from notifier_factories import NOW, delivery

pytestmark = pytest.mark.integration
LATER = NOW + timedelta(seconds=1)


def reported(of: Delivery, state: DeliveryState) -> DeliveryReported:
    return DeliveryReported(
        delivery_id=of.id,
        case_id=of.case_id,
        case_number=of.case_number,
        case_seq=of.case_seq,
        conversation_id=of.conversation_id,
        channel=of.channel,
        state=state,
        at=NOW,
    )


async def insert(engine: AsyncEngine, *new: Delivery) -> None:
    async with engine.begin() as connection:
        await deliveries.insert(connection, new, now=NOW)


async def claim(engine: AsyncEngine, *, now=LATER) -> list[str]:
    """Claim all that can be, one after the other."""
    claimed: list[str] = []
    async with engine.begin() as connection:
        for channel in (Channel.SMS, Channel.EMAIL):
            while one := await deliveries.claim(connection, channel=channel, now=now):
                claimed.append(one.delivery.id)
    return claimed


async def state_of(engine: AsyncEngine, of: Delivery) -> str | None:
    async with engine.begin() as connection:
        query = text("SELECT state FROM notify.delivery WHERE id = :id")
        return (await connection.execute(query, {"id": of.id})).scalar_one()


class TestInsert:
    async def test_inserting_twice_keeps_the_first(self, engine):
        one = delivery()
        await insert(engine, one)
        await insert(engine, replace(one, text="other"))
        async with engine.begin() as connection:
            claimed = await deliveries.claim(connection, channel=Channel.EMAIL, now=LATER)
        assert claimed is not None
        assert claimed.delivery == one

    async def test_what_an_edge_carries_is_never_claimed(self, engine):
        await insert(engine, delivery(id="case-1/2/chat", channel=Channel.CHAT, address=""))
        assert await claim(engine) == []


class TestClaim:
    async def test_a_claimed_delivery_is_left_to_its_sender(self, engine):
        await insert(engine, delivery())
        assert await claim(engine) == ["case-1/2/email"]
        assert await claim(engine) == []

    async def test_it_comes_back_when_the_sender_died(self, engine):
        await insert(engine, delivery())
        await claim(engine)
        assert await claim(engine, now=LATER + deliveries.CLAIMED_FOR) == ["case-1/2/email"]

    async def test_one_conversation_one_at_a_time_in_order(self, engine):
        first, second = delivery(id="a/2/email"), delivery(id="a/10/email", case_seq=10)
        other = delivery(id="b/3/email", conversation_id="web:zyxwvuts87654321")
        await insert(engine, first, second, other)
        assert await claim(engine) == ["a/2/email", "b/3/email"]
        async with engine.begin() as connection:
            await deliveries.finish(connection, first.id, state=DeliveryState.SENT)
        assert await claim(engine) == ["a/10/email"]

    async def test_a_postponed_delivery_holds_up_its_successors(self, engine):
        first, second = delivery(id="a/2/email"), delivery(id="a/3/email", case_seq=3)
        await insert(engine, first, second)
        await claim(engine)
        async with engine.begin() as connection:
            await deliveries.postpone(connection, first.id, due_at=LATER + timedelta(minutes=1), detail="smtp_away")
        assert await claim(engine) == []
        assert await claim(engine, now=LATER + timedelta(minutes=2)) == ["a/2/email"]

    async def test_one_channel_does_not_wait_for_another(self, engine):
        text_message = delivery(id="a/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, text_message, delivery(id="b/3/email"))
        async with engine.begin() as connection:
            claimed = await deliveries.claim(connection, channel=Channel.EMAIL, now=LATER)
        assert claimed is not None
        assert claimed.delivery.id == "b/3/email"

    async def test_the_next_channel_has_all_of_its_time(self, engine):
        sms = delivery(id="a/2/sms", channel=Channel.SMS, address="+628111")
        await insert(engine, sms, delivery(after=sms.id))
        a_day_later = NOW + timedelta(days=1)
        async with engine.begin() as connection:
            await deliveries.fall_back(connection, [sms.id], now=a_day_later)
            claimed = await deliveries.claim(connection, channel=Channel.EMAIL, now=a_day_later)
        assert claimed is not None
        assert claimed.created_at == a_day_later


class TestFallBack:
    async def test_failure_makes_the_next_channel_due_once(self, engine):
        call = delivery(id="a/2/voice", channel=Channel.VOICE, address="+628111")
        sms = delivery(id="a/2/sms", channel=Channel.SMS, address="+628111", after=call.id)
        await insert(engine, call, sms)
        assert await claim(engine) == []
        async with engine.begin() as connection:
            await deliveries.report(connection, [reported(call, DeliveryState.FAILED)])
            assert await deliveries.fall_back(connection, [call.id], now=NOW) == 1
            assert await deliveries.fall_back(connection, [call.id], now=NOW) == 0
        assert await claim(engine) == ["a/2/sms"]

    async def test_unseen_chat_answer_is_also_mailed(self, engine):
        chat = delivery(id="a/2/chat", channel=Channel.CHAT, address="")
        mail = delivery(id="a/2/email", after=chat.id)
        await insert(engine, chat, mail)
        unseen_for = timedelta(minutes=5)
        async with engine.begin() as connection:
            await deliveries.report(connection, [reported(chat, DeliveryState.SENT)])
            assert await deliveries.fall_back_unseen(connection, now=LATER, unseen_for=unseen_for) == 0
            late = NOW + timedelta(minutes=6)
            assert await deliveries.fall_back_unseen(connection, now=late, unseen_for=unseen_for) == 1
            claimed = await deliveries.claim(connection, channel=Channel.EMAIL, now=late)
        assert claimed is not None
        assert claimed.created_at == late

    @pytest.mark.parametrize(("state", "mailed"), [(DeliveryState.DELIVERED, 1), (DeliveryState.READ, 0)])
    async def test_only_a_chat_answer_that_was_read_is_not_mailed(self, engine, state, mailed):
        """A phone without signal takes nothing in, and its socket takes everything."""
        chat = delivery(id="a/2/chat", channel=Channel.CHAT, address="")
        await insert(engine, chat, delivery(id="a/2/email", after=chat.id))
        async with engine.begin() as connection:
            await deliveries.report(connection, [reported(chat, DeliveryState.SENT)])
            await deliveries.report(connection, [reported(chat, state)])
            late = NOW + timedelta(minutes=6)
            assert await deliveries.fall_back_unseen(connection, now=late, unseen_for=timedelta(minutes=5)) == mailed


class TestReport:
    @pytest.mark.parametrize(
        ("first", "then", "stands"),
        [
            (DeliveryState.SENT, DeliveryState.READ, "read"),
            (DeliveryState.READ, DeliveryState.DELIVERED, "read"),
            (DeliveryState.DELIVERED, DeliveryState.FAILED, "delivered"),
            (DeliveryState.SENT, DeliveryState.FAILED, "failed"),
        ],
    )
    async def test_a_state_only_says_more(self, engine, first, then, stands):
        chat = delivery(id="a/2/chat", channel=Channel.CHAT, address="")
        await insert(engine, chat)
        async with engine.begin() as connection:
            await deliveries.report(connection, [reported(chat, first)])
            await deliveries.report(connection, [reported(chat, then)])
        assert await state_of(engine, chat) == stands

    async def test_of_several_in_a_batch_the_strongest_counts(self, engine):
        chat = delivery(id="a/2/chat", channel=Channel.CHAT, address="")
        await insert(engine, chat)
        async with engine.begin() as connection:
            states = (DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.SENT)
            await deliveries.report(connection, [reported(chat, state) for state in states])
        assert await state_of(engine, chat) == "read"
