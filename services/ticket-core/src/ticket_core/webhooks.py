"""Sends webhooks, as a task of the service. A subscription is worked by one replica at a time: who has its lease."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import rounds
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.adapters.webhook_sender import Post, WebhookSender
from ticket_core.domain.webhooks import document, event_id, signed
from ticket_core.store.store import utc_now
from ticket_core.store.webhook_queue import LEASE_S, Due, Held, Result, WebhookQueue
from ticket_core.store.webhooks import WebhookSubscriptions

WORKERS = 4
"""So many subscriptions at a time: one whose receiver is slow holds up no other."""
POLL_S = 1.0
ROUND_S = LEASE_S / 2

log = get_logger()


class Webhooks:
    """`run` is a task of the service; any number of replicas may run it."""

    def __init__(self, engine: AsyncEngine, *, subscriptions: WebhookSubscriptions, sender: WebhookSender) -> None:
        self._queue = WebhookQueue(engine)
        self._subscriptions = subscriptions
        self._sender = sender

    async def run(self) -> NoReturn:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(rounds("webhooks", self._round))
        raise AssertionError("unreachable")

    async def _round(self) -> float:
        return 0.0 if await self.step() else POLL_S

    async def step(self) -> bool:
        """Work one subscription that has something to do; returns whether there was one."""
        held = await self._queue.claim()
        if held is None:
            return False
        try:
            await self._serve(held)
        finally:
            await self._queue.release(held)
        return True

    async def _serve(self, held: Held) -> None:
        """Send what there is, for as long as it is delivered and the lease is sure to be ours."""
        until = time.monotonic() + ROUND_S
        secrets = await self._subscriptions.secrets(held.id)
        if not secrets:
            return  # removed meanwhile
        still: Held | None = held
        async with AsyncExitStack() as stack:
            post: Post | None = None
            while still is not None and time.monotonic() < until:
                taken = await self._queue.take(still)
                due = await self._queue.due(still)
                if not due and not taken:
                    return
                if not due:
                    continue
                if post is None:
                    post = await stack.enter_async_context(self._sender.to(held.url))
                still = await self._send(still, due, post=post, secrets=secrets)

    async def _send(self, held: Held, due: list[Due], *, post: Post, secrets: Sequence[str]) -> Held | None:
        results = await asyncio.gather(*(_sent(one, post=post, secrets=secrets) for one in due))
        still = await self._queue.note(held, results)
        failed = sum(result.error is not None for result in results)
        log.info("webhooks_sent", webhook_id=held.id, delivered=len(results) - failed, failed=failed)
        return still


async def _sent(due: Due, *, post: Post, secrets: Sequence[str]) -> Result:
    body, message_id = document(due.told), event_id(due.told.case_id, due.told.seq)
    begun = time.perf_counter()
    answer = await post(signed(body, message_id=message_id, secrets=secrets, now=utc_now()), body)
    metrics.WEBHOOK_SECONDS.observe(time.perf_counter() - begun)
    metrics.WEBHOOKS_SENT.labels(answer.failure or "delivered").inc()
    return Result(due, answer.status, answer.failure)
