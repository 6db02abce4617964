"""What the doors of the chat need from the outside, as they see it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from chat_ingest.domain.protocol import Accepted
from chat_ingest.domain.sessions import Session
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.outbound import OutboundMessage


class Intake(Protocol):
    """Takes what happened and keeps it, durable, until Kafka has it. `SpoolFull` is raised by all when it cannot."""

    def opened(self, conversation_id: str) -> None:
        """A conversation was born here just now; nobody can have written in it before."""

    async def message(self, session: Session, *, client_id: str, text: str, begun: bool) -> Accepted:
        """Keep a participant's message; the same again is answered the same again.

        `begun`: the conversation is known to have messages already, so no case number is told.

        Raises:
            ClientIdConflict: `client_id` was used here for another text.
        """

    async def read(self, session: Session, *, seq: int) -> None:
        """Keep that the participant has seen the conversation up to `seq`."""

    async def report(self, messages: Iterable[OutboundMessage], *, state: DeliveryState) -> None:
        """Keep what became of those of `messages` that want a receipt."""


class Transcript(Protocol):
    """The conversations as they were told, in order. All raise `TranscriptAway` when it cannot be reached now."""

    async def write(self, messages: Sequence[OutboundMessage]) -> None:
        """Keep `messages`; those that are kept already change nothing."""

    async def after(self, conversation_id: str, *, seq: int, limit: int) -> Sequence[OutboundMessage]:
        """Up to `limit` messages that follow `seq`, in order."""

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        """The last place of each of the conversations that have any message."""

    async def unread(self, conversation_id: str, *, after: int, up_to: int) -> Sequence[OutboundMessage]:
        """The latest messages in `(after, up_to]` that want a receipt."""
