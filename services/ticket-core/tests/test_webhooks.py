import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from core_factories import DEWI
from core_tables import rows
from kawal.testing.waiting import eventually
from ticket_core import webhooks as module
from ticket_core.domain.inputs import ChangeTags, Resolve, WriteNote
from ticket_core.domain.webhooks import MOST_ATTEMPTS, event_id
from ticket_core.store import webhook_queue
from ticket_core.store.store import CaseStore
from ticket_core.store.webhook_queue import WebhookQueue, keep_marks
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks
from webhook_receiver import SENDER, Receiver, opened, run, sent, subscribed

pytestmark = pytest.mark.integration


async def states(engine: AsyncEngine) -> list[str]:
    return [row[0] for row in await rows(engine, "SELECT state FROM core.webhook_deliveries ORDER BY case_id, seq")]


async def due_now(engine: AsyncEngine) -> None:
    """Let all pauses be over."""
    await run(engine, "UPDATE core.webhooks SET retry_at = NULL")
    await run(engine, "UPDATE core.webhook_deliveries SET next_at = now() WHERE state = 'pending'")


class TestDelivery:
    async def test_everything_from_then_on(
        self, store: CaseStore, webhooks: Webhooks, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        await opened(store, 1)
        await asyncio.sleep(0)
        _, secret = await subscribed(subscriptions, receiver)
        case = await opened(store, 2)
        await sent(webhooks, receiver, 3)
        events = {one["data"]["seq"]: one for one in receiver.events if one["data"]["case_id"] == case.case_id}
        assert [events[seq]["type"] for seq in (1, 2, 3)] == ["case.opened", "case.message", "case.notice"]
        assert b"Halo" not in b"".join(receiver.bodies)
        for headers, body in zip(receiver.headers, receiver.bodies, strict=True):
            Webhook(secret).verify(body, headers)

    async def test_only_the_kinds_that_are_wanted(
        self, store: CaseStore, webhooks: Webhooks, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        await subscribed(subscriptions, receiver, "opened", "state")
        case = await opened(store)
        await store.apply(
            [WriteNote(number=case.number, agent=DEWI, text="x"), Resolve(number=case.number, agent=DEWI)]
        )
        await sent(webhooks, receiver, 2)
        assert not await webhooks.step()
        assert sorted(one["type"] for one in receiver.events) == ["case.opened", "case.state"]

    async def test_many_writers_and_several_replicas(
        self, store: CaseStore, engine: AsyncEngine, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        """Workers are cancelled in the middle, and leases run out; everything arrives, each with its id."""
        await subscribed(subscriptions, receiver)
        receiver.answers = lambda place: 204 if place % 3 else 503
        leases = "UPDATE core.webhooks SET leased_until = now() - interval '1 second', retry_at = NULL"

        async def working() -> None:
            while True:
                one = asyncio.create_task(Webhooks(engine, subscriptions=subscriptions, sender=SENDER).run())
                try:
                    await asyncio.sleep(0.15)
                finally:
                    one.cancel()
                    await asyncio.gather(one, return_exceptions=True)
                await run(engine, leases)
                await run(engine, "UPDATE core.webhook_deliveries SET next_at = now() WHERE state = 'pending'")

        replicas = [asyncio.create_task(working()) for _ in range(2)]
        await asyncio.gather(*(opened(store, index) for index in range(20)))
        wanted = {
            event_id(case_id, seq)
            for case_id, seq in await rows(engine, "SELECT case_id::text, seq FROM core.timeline")
        }
        assert len(wanted) == 60

        async def complete() -> bool:
            settled = await rows(engine, "SELECT count(*) FROM core.webhook_deliveries WHERE state = 'delivered'")
            return settled == [(60,)]

        try:
            await eventually(complete, timeout=60)
        finally:
            for one in replicas:
                one.cancel()
            await asyncio.gather(*replicas, return_exceptions=True)
        assert set(receiver.ids) == wanted

    async def test_one_replica_at_a_time(
        self, store: CaseStore, engine: AsyncEngine, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        await subscribed(subscriptions, receiver)
        await opened(store)
        one, other = WebhookQueue(engine), WebhookQueue(engine)
        held = await eventually(one.claim, timeout=30)
        assert await other.claim() is None
        await run(engine, "UPDATE core.webhooks SET leased_until = now() - interval '1 second'")
        assert await other.claim() is not None, "a lease that is over is taken by the next"
        assert await one.take(held) == 0, "and its former holder can do nothing more"


class TestFailure:
    async def test_is_tried_again_with_the_same_id(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        await subscribed(subscriptions, receiver, "opened")
        receiver.answers = lambda place: 503 if place == 0 else 204
        await opened(store)
        await sent(webhooks, receiver, 1)
        (view,) = await subscriptions.all()
        assert (view.state, await states(engine)) == ("failing", ["pending"])
        assert not await webhooks.step(), "not before its time"
        await due_now(engine)
        await sent(webhooks, receiver, 2)
        assert (receiver.ids[0], receiver.bodies[0]) == (receiver.ids[1], receiver.bodies[1])
        (view,) = await subscriptions.all()
        assert (view.state, await states(engine)) == ("active", ["delivered"])

    async def test_of_who_does_not_answer_one_is_tried(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        await subscribed(subscriptions, receiver)
        receiver.answers = lambda _: 500
        await opened(store)
        await sent(webhooks, receiver, 3)
        await due_now(engine)
        await sent(webhooks, receiver, 4)
        await due_now(engine)
        await webhooks.step()
        assert len(receiver.bodies) == 5
        receiver.answers = lambda _: 200
        await run(engine, "UPDATE core.webhooks SET retry_at = NULL")
        await run(engine, "UPDATE core.webhook_deliveries SET next_at = now() WHERE seq = 1")
        await sent(webhooks, receiver, 8)
        assert await states(engine) == ["delivered"] * 3, "the others are not left waiting for hours"

    async def test_what_alone_is_refused_is_given_up(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        webhook_id, _ = await subscribed(subscriptions, receiver)
        await opened(store)
        await sent(webhooks, receiver, 3)
        await run(
            engine,
            "UPDATE core.webhook_deliveries SET state = 'pending', settled_at = NULL,"
            f" attempts = {MOST_ATTEMPTS - 1} WHERE seq = 2",
        )
        receiver.answers = lambda _: 400
        await due_now(engine)
        await sent(webhooks, receiver, 4)
        assert await states(engine) == ["delivered", "failed", "delivered"]
        page = await subscriptions.deliveries(webhook_id, state="failed", cursor=None, limit=10)
        assert [(one.seq, one.last_status, one.last_error) for one in page.items] == [(2, 400, "status")]

    async def test_what_nobody_takes_is_not_given_up(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        await subscribed(subscriptions, receiver, "opened")
        receiver.answers = lambda _: 503
        await opened(store)
        await sent(webhooks, receiver, 1)
        await run(engine, "UPDATE core.webhook_deliveries SET attempts = 100")
        await due_now(engine)
        await sent(webhooks, receiver, 2)
        assert await states(engine) == ["pending"]

    async def test_a_long_one_disables(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        webhook_id, _ = await subscribed(subscriptions, receiver, "opened")
        receiver.answers = lambda _: 503
        await opened(store, 1)
        await sent(webhooks, receiver, 1)
        await run(engine, "UPDATE core.webhooks SET failing_since = now() - interval '4 days'")
        await due_now(engine)
        await sent(webhooks, receiver, 2)
        view = await subscriptions.get(webhook_id)
        assert (view.state, view.disabled_reason) == ("disabled", "status 503")
        await opened(store, 2)
        await due_now(engine)
        assert not await webhooks.step()
        receiver.answers = lambda _: 204
        await subscriptions.enable(webhook_id)
        await sent(webhooks, receiver, 4)
        assert await states(engine) == ["delivered"] * 2, "what happened meanwhile is not lost"

    async def test_who_says_gone_is_asked_no_more(
        self, store: CaseStore, webhooks: Webhooks, subscriptions: WebhookSubscriptions, receiver: Receiver
    ) -> None:
        webhook_id, _ = await subscribed(subscriptions, receiver, "opened")
        receiver.answers = lambda _: 410
        await opened(store)
        await sent(webhooks, receiver, 1)
        assert (await subscriptions.get(webhook_id)).disabled_reason == "gone"


class TestBacklog:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhook_queue, "MOST_PENDING", 3)

    async def test_is_bounded_and_the_rest_stays_in_the_timelines(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        await subscribed(subscriptions, receiver)
        receiver.answers = lambda _: 503
        await opened(store, 1)
        await sent(webhooks, receiver, 3)
        await opened(store, 2)
        await due_now(engine)
        await sent(webhooks, receiver, 4)
        assert len(await states(engine)) == 3
        receiver.answers = lambda _: 204
        await due_now(engine)

        async def all_there() -> bool:
            await webhooks.step()
            await due_now(engine)
            return await states(engine) == ["delivered"] * 6

        await eventually(all_there, timeout=30)


class TestReplay:
    async def test_sends_again_what_came_since(
        self,
        store: CaseStore,
        engine: AsyncEngine,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
    ) -> None:
        webhook_id, _ = await subscribed(subscriptions, receiver)
        await opened(store, 1)
        await sent(webhooks, receiver, 3)

        async def marked() -> bool:
            """Until nobody else's transaction keeps the stream behind what was sent."""
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM core.webhook_marks"))
                await keep_marks(connection, None)
            behind = await rows(
                engine, "SELECT (SELECT stamp FROM core.webhook_marks) >= max(stamp) FROM core.timeline"
            )
            return bool(behind[0][0])

        await eventually(marked, timeout=30)
        ((since,),) = await rows(engine, "SELECT clock_timestamp()")
        case = await opened(store, 2)
        await store.apply([ChangeTags(number=case.number, agent=DEWI, add=("vip",))])
        await sent(webhooks, receiver, 7)
        await subscriptions.replay(webhook_id, since=since)
        await sent(webhooks, receiver, 11)
        assert sorted(receiver.ids[7:]) == sorted(receiver.ids[3:7])
        assert not await webhooks.step()

    async def test_from_before_everything(
        self,
        store: CaseStore,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
        engine: AsyncEngine,
    ) -> None:
        await opened(store, 1)
        webhook_id, _ = await subscribed(subscriptions, receiver)
        ((long_ago,),) = await rows(engine, "SELECT now() - interval '99 days'")
        await subscriptions.replay(webhook_id, since=long_ago)
        await sent(webhooks, receiver, 3)
        assert {one["data"]["seq"] for one in receiver.events} == {1, 2, 3}


class TestRun:
    async def test_is_a_task(
        self,
        store: CaseStore,
        webhooks: Webhooks,
        subscriptions: WebhookSubscriptions,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "POLL_S", 0.02)
        await subscribed(subscriptions, receiver)
        running = asyncio.create_task(webhooks.run())
        await opened(store)
        await eventually(lambda: len(receiver.bodies) == 3, timeout=30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
