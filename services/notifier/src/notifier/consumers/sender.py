"""Sends what is due over the providers without a live connection, in order per conversation, each once.

A crash between the provider's yes and our commit leaves a claimed delivery behind. Whoever claims it next sees
more than one attempt and asks the provider before it sends again. Providers of mail cannot be asked; so neither a stop
in order nor an outage of PostgreSQL may come between the two.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import outbox
from kawal.backoff import Backoff
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Channel
from kawal.database import is_outage
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.waiting import comes, undisturbed
from notifier.consumers.reporting import report_of
from notifier.domain.deliveries import Delivery, retry_at
from notifier.domain.providers import Provider, ProviderAwayError, ProviderRefusedError
from notifier.store import deliveries, tables
from notifier.store.deliveries import Claimed

log = get_logger()

POLL_S = 1.0
SEND_WITHIN_S = 30
ENDS_WITHIN_S = 3.0
"""How long a delivery in hand may take once the process ends; less than a service's tasks have."""
STALL_S = 120.0
BROKEN_AFTER = 3
"""Attempts at a delivery on which its provider's code itself breaks; then the next channel takes over."""


class Sender:
    """One of several equal workers of a channel; `wake` spares it the wait for the next poll."""

    def __init__(
        self, *, engine: AsyncEngine, channel: Channel, provider: Provider, reported: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._channel = channel
        self._provider = provider
        self._reported = reported
        self._awake = asyncio.Event()
        self._progress_at = time.monotonic()

    def wake(self) -> None:
        self._awake.set()

    def alive(self) -> bool:
        """Whether the worker works; a provider or a database that is away is no reason to be killed."""
        return time.monotonic() - self._progress_at <= STALL_S

    async def run(self) -> None:
        """Work until cancelled; while PostgreSQL is away nothing can be due."""
        while True:
            self._progress_at = time.monotonic()
            try:
                tried = await self.send_next()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("sending_interrupted", channel=self._channel, error=error)
                tried = False
            if not tried:
                self._awake.clear()
                await comes(self._awake, within_s=POLL_S)

    async def send_next(self) -> bool:
        """Try to send the delivery that is due first; says whether there was one."""
        async with self._engine.begin() as connection:
            claimed = await deliveries.claim(connection, channel=self._channel, now=datetime.now(UTC))
        if claimed is not None:
            await undisturbed(self._send(claimed), within_s=ENDS_WITHIN_S)
        return claimed is not None

    async def _send(self, claimed: Claimed) -> None:
        delivery, provider = claimed.delivery, self._provider
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                if claimed.attempts == 1 or not await provider.was_sent(delivery, since=claimed.created_at):
                    await provider.send(delivery)
        except ProviderRefusedError as refused:
            await self._finish(delivery, DeliveryState.FAILED, detail=str(refused))
        except (ProviderAwayError, TimeoutError) as away:
            await self._try_later(claimed, detail=str(away) or "timeout")
        except Exception as error:  # noqa: BLE001 - one delivery that nobody can send must not end all sending
            await self._broken(claimed, error)
        else:
            await self._finish(delivery, DeliveryState.SENT)

    async def _broken(self, claimed: Claimed, error: Exception) -> None:
        log.error("delivery_broken", channel=claimed.delivery.channel, attempt=claimed.attempts, error=error)
        if claimed.attempts < BROKEN_AFTER:
            await self._try_later(claimed, detail="unexpected")
        else:
            await self._finish(claimed.delivery, DeliveryState.FAILED, detail="unexpected")

    async def _try_later(self, claimed: Claimed, *, detail: str) -> None:
        now = datetime.now(UTC)
        due_at = retry_at(attempts=claimed.attempts, created_at=claimed.created_at, now=now)
        if due_at is None:
            await self._finish(claimed.delivery, DeliveryState.FAILED, detail=detail)
            return
        log.warning("delivery_postponed", channel=claimed.delivery.channel, attempt=claimed.attempts, error=detail)
        async with self._engine.begin() as connection:
            await deliveries.postpone(connection, claimed.delivery.id, due_at=due_at, detail=detail)

    async def _finish(self, delivery: Delivery, state: DeliveryState, *, detail: str | None = None) -> None:
        """Remember how it ended, whenever PostgreSQL is back: until then nobody else can send it either."""
        backoff = Backoff(first_s=0.1, max_s=1.0)
        while True:
            self._progress_at = time.monotonic()
            try:
                return await self._remember(delivery, state, detail=detail)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("delivery_not_remembered", channel=delivery.channel, result=state, error=error)
            await asyncio.sleep(backoff.next())

    async def _remember(self, delivery: Delivery, state: DeliveryState, *, detail: str | None) -> None:
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            if not await deliveries.finish(connection, delivery.id, state=state, detail=detail):
                return
            if state is DeliveryState.FAILED:
                await deliveries.fall_back(connection, [delivery.id], now=now)
            report = report_of(delivery, state=state, at=now, detail=detail)
            await outbox.append(connection, tables.outbox, [report])
        metrics.DELIVERIES.labels(channel=delivery.channel, result=state).inc()
        log.info(
            "delivery_finished",
            channel=delivery.channel,
            result=state,
            case_id=delivery.case_id,
            error=detail,
        )
        self._reported()
