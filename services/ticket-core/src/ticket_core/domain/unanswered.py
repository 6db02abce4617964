"""What the participant of a case said that nobody has answered."""

from collections.abc import Collection, Iterable
from datetime import datetime

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author
from ticket_core.domain.entries import CONTRIBUTIONS, Entry
from ticket_core.domain.pair_entries import EntriesReturned


def unanswered(entries: Iterable[Entry], *, without: Collection[int] = ()) -> list[datetime]:
    """When the participant said what nobody has answered."""
    asked: list[datetime] = []
    for entry in entries:
        if isinstance(entry.fact, EntriesReturned):
            asked = asked_with(asked, entry.fact)
        elif entry.state is CaseState.RESOLVED:
            asked = []
        elif isinstance(entry.fact, CONTRIBUTIONS) and entry.seq not in without:
            asked = [*asked, entry.at] if by_participant(entry) else []
    return asked


def asked_with(asked: list[datetime], returned: EntriesReturned) -> list[datetime]:
    answered = returned.answered_at
    left = [at for at in asked if answered is None or at > answered]
    return [*left, returned.waiting_since] if returned.waiting_since else left


def by_participant(entry: Entry) -> bool:
    return entry.author is Author.PARTICIPANT


def first_of(moments: Iterable[datetime]) -> datetime | None:
    return min(moments, default=None)
