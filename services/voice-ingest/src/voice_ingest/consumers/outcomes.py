"""The end of a call to a participant: delivered, failed, or tried again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kawal.contracts.deliveries import DeliveryState
from kawal.observability import metrics
from voice_ingest.domain.calls import (
    CallStatus,
    Delivered,
    Failed,
    Outcome,
    PlannedCall,
    RetryPolicy,
    TryAgain,
    outcome,
)
from voice_ingest.domain.ports import PlannedCalls, Reports


class Outcomes:
    """Implements `domain.ports.CallEnds`. A report is durable before the delivery is over."""

    def __init__(
        self,
        calls: PlannedCalls,
        *,
        reports: Reports,
        policy: RetryPolicy,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        """`wake` tells the dialler that a line is free."""
        self._calls = calls
        self._reports = reports
        self._policy = policy
        self._clock = clock
        self._wake = wake

    async def ended(self, delivery_id: str, *, attempt: int, call_id: str, status: CallStatus) -> None:
        call = await self._calls.going_on(delivery_id)
        if call is None or call.attempt != attempt or call.call_id not in {None, call_id}:
            return  # told before, or told of an earlier attempt
        meant = outcome(status, heard=call.heard, attempt=attempt, policy=self._policy, now=self._clock())
        await self.settle(replace(call, call_id=call_id), meant)

    async def settle(self, call: PlannedCall, meant: Outcome) -> None:
        match meant:
            case Delivered():
                await self._reports.report(call, state=DeliveryState.DELIVERED)
                await self._calls.finish(call.delivery_id, outcome="delivered")
                metrics.VOICE_DELIVERIES.labels("delivered").inc()
            case Failed(detail):
                await self._reports.report(call, state=DeliveryState.FAILED, detail=detail)
                await self._calls.finish(call.delivery_id, outcome=detail)
                metrics.VOICE_DELIVERIES.labels("failed").inc()
            case TryAgain(at=at):
                await self._calls.requeue(call, attempt=call.attempt, at=at)
        self._wake()
