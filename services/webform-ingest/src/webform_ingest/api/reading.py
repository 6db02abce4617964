"""A participant reads his status page."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from kawal.contracts.deliveries import DeliveryState
from kawal.errors import KawalError
from webform_ingest.domain.history import Histories, History, Reports, reports_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRoom:
    """Hands out histories, and reports once that their messages were fetched."""

    histories: Histories
    reports: Reports

    async def read(self, conversation_id: str, *, after: int, now: datetime) -> History:
        """What may be seen above `after`; it counts as read.

        Raises:
            HistoryUnavailable: the database is away.
        """
        history = await self.histories.load(conversation_id, after=after)
        await self._report(history, now=now)
        return history

    async def _report(self, history: History, *, now: datetime) -> None:
        """Durable first, then noted: a crash in between repeats the report, which its id makes harmless."""
        unread = [entry for entry in history.entries if entry.unread]
        if not unread:
            return
        try:
            await self.reports.report(reports_of((entry.message for entry in unread), DeliveryState.READ, now=now))
            await self.histories.mark_read(unread)
        except KawalError as later:
            # Showing the page is worth more; the messages stay unread, and the next look reports them.
            log.warning("read_not_reported", error=later.code)
