"""Which readers this replica holds, by conversation."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from chat_ingest.domain.refusals import TooManySockets
from kawal.contracts.outbound import OutboundMessage, OutboundQueue


class Reader(Protocol):
    """Somebody who has a conversation open. No method may block."""

    def offer(self, message: OutboundMessage) -> None:
        """A message of the conversation, in any order, perhaps again."""

    def expect(self, seq: int) -> None:
        """The conversation goes up to `seq`; what is missing can be read in the transcript."""

    def place(self, place: OutboundQueue) -> None:
        """Where in the queue the conversation is by now; position 0: nowhere any more."""

    def read_elsewhere(self, seq: int) -> None:
        """The participant has read up to `seq` on another device."""


RECENT = 2_000
PLACES = 20_000
"""Of so many waiting conversations the place is remembered; of others, whoever joins hears the next one."""


class Rooms:
    """All readers of this replica; a conversation has at most `per_conversation` of them.

    The latest messages are remembered: whoever joins a moment too late for the live feed and looks into the
    transcript a moment too early would miss them.
    """

    def __init__(self, *, per_conversation: int) -> None:
        self._limit = per_conversation
        self._readers: dict[str, list[Reader]] = {}
        self._recent: dict[str, list[OutboundMessage]] = {}
        self._arrivals: deque[str] = deque()
        self._places: dict[str, OutboundQueue] = {}

    def join(self, conversation_id: str, reader: Reader) -> None:
        """Offer `reader` what came lately and what comes from now on.

        Raises:
            TooManySockets: the conversation has as many readers as it may have.
        """
        readers = self._readers.setdefault(conversation_id, [])
        if len(readers) >= self._limit:
            raise TooManySockets(f"At most {self._limit} at a time")
        readers.append(reader)
        for message in self._recent.get(conversation_id, ()):
            reader.offer(message)
        if (place := self._places.get(conversation_id)) is not None:
            reader.place(place)

    def leave(self, conversation_id: str, reader: Reader) -> None:
        """Forget `reader`; does nothing when it never joined."""
        readers = self._readers.get(conversation_id, [])
        if reader in readers:
            readers.remove(reader)
        if not readers:
            self._readers.pop(conversation_id, None)

    def publish(self, message: OutboundMessage) -> None:
        """Offer `message` to all who have its conversation open, and to those who join in a moment."""
        self._remember(message)
        for reader in self._of(message.conversation_id):
            reader.offer(message)

    def place(self, place: OutboundQueue) -> None:
        """Tell all who have its conversation open, and whoever joins later."""
        self._places.pop(place.conversation_id, None)
        if place.position:
            self._places[place.conversation_id] = place
        if len(self._places) > PLACES:
            del self._places[next(iter(self._places))]
        for reader in self._of(place.conversation_id):
            reader.place(place)

    @property
    def conversations(self) -> list[str]:
        """Those that somebody has open here."""
        return list(self._readers)

    def expect(self, conversation_id: str, *, seq: int) -> None:
        """Tell all who have the conversation open how far it goes."""
        for reader in self._of(conversation_id):
            reader.expect(seq)

    def read(self, conversation_id: str, *, seq: int, by: Reader | None) -> None:
        """Tell the other devices that everything up to `seq` is read."""
        for reader in self._of(conversation_id):
            if reader is not by:
                reader.read_elsewhere(seq)

    def _of(self, conversation_id: str) -> Iterator[Reader]:
        return iter(tuple(self._readers.get(conversation_id, ())))

    def _remember(self, message: OutboundMessage) -> None:
        self._recent.setdefault(message.conversation_id, []).append(message)
        self._arrivals.append(message.conversation_id)
        if len(self._arrivals) > RECENT:
            oldest = self._arrivals.popleft()
            del self._recent[oldest][0]
            if not self._recent[oldest]:
                del self._recent[oldest]
