"""One attempt to tell a participant something on one channel, and how long to try."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kawal.contracts.words import CaseNumber, Channel, ConversationId, Locale

RETRY_FIRST = timedelta(seconds=2)
RETRY_LONGEST = timedelta(minutes=10)
RETRY_FOR = timedelta(hours=24)
"""How long a provider may be away before a delivery fails and the next channel is tried."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be told and where.

    `id` is deterministic (`<case_id>/<seq>/<channel>`), so that deciding twice is telling once.
    `after` names the delivery that must fail first; `None` means now. `address` is empty where the
    conversation itself is the address. `text` is ready to be sent; `subject` is for mails only.
    """

    id: str
    case_id: str
    case_number: CaseNumber
    case_seq: int
    conversation_id: ConversationId
    channel: Channel
    address: str
    locale: Locale
    subject: str
    text: str
    after: str | None
    traceparent: str | None = None

    @property
    def delivery_id(self) -> str:
        """As reports call it."""
        return self.id

    @property
    def by_provider(self) -> bool:
        """Whether notifier sends it itself; other channels are carried by their edge."""
        return self.channel in (Channel.EMAIL, Channel.SMS)

    @property
    def due_at_once(self) -> bool:
        """Whether a sender can begin with it now."""
        return self.by_provider and self.after is None


def delivery_id(*, case_id: str, seq: int, channel: Channel) -> str:
    return f"{case_id}/{seq}/{channel}"


def retry_at(*, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to try again after `attempts` failures, or `None` when it is time to give up."""
    if now - created_at >= RETRY_FOR:
        return None
    return now + min(RETRY_FIRST * (1 << min(attempts - 1, 16)), RETRY_LONGEST)
