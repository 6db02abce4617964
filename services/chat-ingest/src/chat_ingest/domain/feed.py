"""One reader's place in a conversation."""

from kawal.contracts.outbound import OutboundMessage

AHEAD_LIMIT = 100


class Feed:
    """Hands messages on in order, each once, however they arrive: live, late, twice or from the transcript."""

    __slots__ = ("_ahead", "_highest", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        """The last message that was handed on."""
        self._ahead: dict[int, OutboundMessage] = {}
        self._highest = seq

    @property
    def gap(self) -> bool:
        """Whether there are later messages than those that were handed on."""
        return self.seq < self._highest

    def expect(self, seq: int) -> None:
        """The conversation goes up to `seq`, wherever those messages are."""
        self._highest = max(self._highest, seq)

    def offer(self, message: OutboundMessage) -> list[OutboundMessage]:
        """Those that can be handed on now that `message` is here."""
        self.hold(message)
        return self.release()

    def hold(self, message: OutboundMessage) -> None:
        """Keep `message` for a later `release`, unless it was handed on before.

        The farthest ahead are forgotten when there are too many: they come from the transcript with the gap.
        """
        if message.seq <= self.seq:
            return
        self._ahead[message.seq] = message
        self._highest = max(self._highest, message.seq)
        while len(self._ahead) > AHEAD_LIMIT:
            del self._ahead[max(self._ahead)]

    def release(self) -> list[OutboundMessage]:
        """Those that follow what was handed on, without a gap."""
        ready = []
        while following := self._ahead.pop(self.seq + 1, None):
            self.seq += 1
            ready.append(following)
        return ready
