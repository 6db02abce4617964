"""Sends what is due over the providers without a live connection, in order per conversation, each once.

A crash between the provider's yes and our commit leaves a claimed delivery behind. Whoever claims it next sees
more than one attempt and asks the provider before it sends again.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import outbox
from kawal.contracts import topics
from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.words import Channel
from kawal.database import is_outage
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from notifier.domain.deliveries import Delivery, retry_at
from notifier.domain.providers import Provider, ProviderAwayError, ProviderRefusedError
from notifier.store import deliveries, tables
from notifier.store.deliveries import Claimed

log = get_logger()

POLL_S = 1.0
SEND_WITHIN_S = 30
BROKEN_AFTER = 3
"""Attempts at a delivery on which its provider's code itself breaks; then the next channel takes over."""


class Sender:
    """One of several equal workers; `wake` spares it the wait for the next poll."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        providers: Mapping[Channel, Provider],
        reported: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._providers = providers
        self._reported = reported
        self._awake = asyncio.Event()

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """Work until cancelled; while PostgreSQL is away nothing can be due."""
        while True:
            try:
                tried = await self.send_next()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("sending_interrupted", error=error)
                tried = False
            if not tried:
                await self._rest()

    async def send_next(self) -> bool:
        """Try to send the delivery that is due first; says whether there was one."""
        async with self._engine.begin() as connection:
            claimed = await deliveries.claim(connection, now=datetime.now(UTC))
        if claimed is not None:
            await self._send(claimed)
        return claimed is not None

    async def _rest(self) -> None:
        self._awake.clear()
        try:
            async with asyncio.timeout(POLL_S):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _send(self, claimed: Claimed) -> None:
        delivery = claimed.delivery
        provider = self._providers[delivery.channel]
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
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            await deliveries.finish(connection, delivery.id, state=state, detail=detail)
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


def report_of(delivery: Delivery, *, state: DeliveryState, at: datetime, detail: str | None) -> KafkaMessage:
    """What ticket-core is told for the timeline."""
    report = DeliveryReported(
        delivery_id=delivery.id,
        case_id=delivery.case_id,
        case_number=delivery.case_number,
        case_seq=delivery.case_seq,
        conversation_id=delivery.conversation_id,
        channel=delivery.channel,
        state=state,
        at=at,
        detail=detail,
    )
    envelope = Envelope(
        id=f"{delivery.id}/{state}",
        source="/notifier",
        type="kawal.delivery.reported.v1",
        time=at,
        partition_key=delivery.case_id,
        traceparent=delivery.traceparent,
    )
    return envelope.message(topic=topics.DELIVERIES.name, data=report.model_dump_json().encode())
