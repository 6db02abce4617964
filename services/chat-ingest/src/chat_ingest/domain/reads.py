"""How far each conversation was reported as read, so that saying it again costs nothing."""

REMEMBERED = 50_000


class ReportedReads:
    """Of this replica, and of the latest conversations only: what is forgotten is reported once more."""

    def __init__(self, *, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._reported: dict[str, int] = {}

    def reported(self, conversation_id: str) -> int:
        """The last message that is known to be reported, 0 when there is none."""
        return self._reported.get(conversation_id, 0)

    def note(self, conversation_id: str, *, seq: int) -> None:
        self._reported[conversation_id] = max(seq, self._reported.pop(conversation_id, 0))
        while len(self._reported) > self._remembered:
            del self._reported[next(iter(self._reported))]
