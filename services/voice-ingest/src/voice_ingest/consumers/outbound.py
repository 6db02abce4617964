"""`kawal.outbound.voice.v1`, group `voice-calls`: what participants are to be told by phone."""

from collections.abc import Callable, Sequence

from kawal.contracts.outbound import Outbound, OutboundCall
from kawal.kafka import InvalidRecords, Record
from voice_ingest.store.calls import SqlCalls

GROUP = "voice-calls"


class CallPlanner:
    """Keeps each call once by its delivery id; the dialler does the rest."""

    def __init__(self, calls: SqlCalls, *, wake: Callable[[], None]) -> None:
        self._calls = calls
        self._wake = wake

    async def __call__(self, records: Sequence[Record[Outbound]]) -> None:
        misplaced = [(record, "not a call") for record in records if not isinstance(record.data, OutboundCall)]
        if misplaced:
            raise InvalidRecords(misplaced)
        calls = [(r.data, r.envelope.traceparent) for r in records if isinstance(r.data, OutboundCall)]
        await self._calls.add(calls)
        self._wake()
