"""Delivery reports, through the spool."""

from collections.abc import Callable
from datetime import datetime

from kawal.contracts.deliveries import DeliveryState
from kawal.spool import Spool
from voice_ingest.domain.calls import PlannedCall
from voice_ingest.domain.events import delivery_event_id, delivery_reported


class SpooledReports:
    """Implements `domain.ports.Reports`."""

    def __init__(self, spool: Spool, *, clock: Callable[[], datetime]) -> None:
        self._spool = spool
        self._clock = clock

    async def report(self, call: PlannedCall, *, state: DeliveryState, detail: str | None = None) -> None:
        message = delivery_reported(call, state=state, detail=detail, now=self._clock())
        await self._spool.append(message, event_id=delivery_event_id(call.delivery_id, state))
