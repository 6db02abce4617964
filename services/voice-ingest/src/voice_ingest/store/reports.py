"""Delivery reports, through the spool."""

from collections.abc import Callable
from datetime import datetime

from kawal.contracts.deliveries import DeliveryState, report
from kawal.contracts.words import Channel
from kawal.spool import Spool
from voice_ingest.domain.calls import PlannedCall
from voice_ingest.domain.events import SOURCE


class SpooledReports:
    """Implements `domain.ports.Reports`."""

    def __init__(self, spool: Spool, *, clock: Callable[[], datetime]) -> None:
        self._spool = spool
        self._clock = clock

    async def report(self, call: PlannedCall, *, state: DeliveryState, detail: str | None = None) -> None:
        event = report(
            call,
            state=state,
            channel=Channel.VOICE,
            source=SOURCE,
            at=self._clock(),
            detail=detail,
            traceparent=call.traceparent,
        )
        await self._spool.append(event.message, event_id=event.id)
