"""The ledger: accepting on Kawal's spool."""

import asyncio
from collections.abc import Iterable

from kawal.contracts.envelope import Event
from kawal.spool import Receipt, Spool
from webform_ingest.domain.submissions import Sent


class SpooledLedger:
    """Implements `Ledger` and `Reports`."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def accept(self, sent: Sent, *, answer: bytes, case_number: str | None = None) -> bytes | None:
        receipt = Receipt(key=sent.key, fingerprint=sent.fingerprint, body=answer)
        accepted = await self._spool.append(
            sent.message, event_id=sent.event_id, receipt=receipt, case_number=case_number
        )
        return accepted.receipt.body if accepted.replayed and accepted.receipt else None

    async def answer(self, key: str) -> bytes | None:
        receipt = await self._spool.receipt(key)
        return receipt.body if receipt else None

    async def report(self, reports: Iterable[Event]) -> None:
        await asyncio.gather(*(self._spool.append(event.message, event_id=event.id) for event in reports))
