"""What the participant may see of one conversation, in its order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kawal.contracts.deliveries import DeliveryState, report
from kawal.contracts.envelope import Event
from kawal.contracts.outbound import OutboundMessage
from kawal.contracts.words import Channel
from kawal.errors import KawalError
from webform_ingest.domain.intake import Acceptance
from webform_ingest.domain.submissions import SOURCE

PAGE_LENGTH = 200


class HistoryUnavailable(KawalError):
    """The transcript cannot be read at the moment; accepting goes on."""

    status, code, title = 503, "history_unavailable", "The history cannot be shown at the moment"
    retry_after_s = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered message of the transcript; `unread` when it waits to be reported as read."""

    message: OutboundMessage
    unread: bool


@dataclass(frozen=True, slots=True)
class History:
    """`entries` by `seq`; `pending` is what was accepted but has no number yet, by time.

    `reference` is what the participant was told when he sent the form, `case_number` is the case's own: they
    differ when the report was joined to an earlier one. `more` when entries follow the last one given.
    """

    entries: tuple[Entry, ...] = ()
    pending: tuple[Acceptance, ...] = ()
    reference: str | None = None
    case_number: str | None = None
    more: bool = False

    @property
    def number(self) -> str | None:
        """The number to show: the one the participant knows."""
        return self.reference or self.case_number

    @property
    def joined_number(self) -> str | None:
        """The case's own number, where it is another than the one he knows."""
        return self.case_number if self.reference and self.case_number != self.reference else None

    @property
    def last_seq(self) -> int:
        return self.entries[-1].message.seq if self.entries else 0


class Histories(Protocol):
    """The transcripts as the status page reads them."""

    async def load(self, conversation_id: str, *, after: int) -> History:
        """At most `PAGE_LENGTH` entries with a `seq` above `after`, and all that is pending.

        Raises:
            HistoryUnavailable: the database is away.
        """

    def accepted_here(self, conversation_id: str) -> History:
        """What this replica itself accepted lately: all there is to show while the database is away."""

    async def mark_read(self, entries: Sequence[Entry]) -> None:
        """Note that `entries`, all of one conversation, were reported as read; raises `HistoryUnavailable`."""


class Reports(Protocol):
    """Where delivery reports become durable."""

    async def report(self, reports: Iterable[Event]) -> None:
        """Keep reports; one that is kept twice is one event, by its id.

        Raises:
            SpoolFull, SpoolUnavailable: of `kawal.spool`.
        """


def reports_of(messages: Iterable[OutboundMessage], state: DeliveryState, *, now: datetime) -> list[Event]:
    """The reports that `messages` were stored for the participant (`SENT`), or that he has fetched them (`READ`)."""
    return [report(message, state=state, channel=Channel.WEB, source=SOURCE, at=now) for message in messages]
