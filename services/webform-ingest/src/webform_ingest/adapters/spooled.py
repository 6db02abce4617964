"""The ledger: accepting on Kawal's spool."""

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

    async def report(self, sent: Sent) -> None:
        """Keep a report that nobody waits for; sent twice it is one, by its event id."""
        await self._spool.append(sent.message, event_id=sent.event_id)
