"""The clocks of a case by a replay of its timeline, in which what was split off and is back was never away."""

from collections.abc import Sequence
from datetime import datetime

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author
from ticket_core.domain.case import Case
from ticket_core.domain.clocks import Clock, Clocks
from ticket_core.domain.entries import CONTRIBUTIONS, Entry, SlaBreached, SlaChanged, SlaWarned
from ticket_core.domain.evolve import evolve
from ticket_core.domain.pair_entries import EntriesMoved, EntriesReturned, Said
from ticket_core.domain.sla import SlaPolicies
from ticket_core.domain.timekeeping import Hands, clocks_after
from ticket_core.domain.unanswered import by_participant, first_of, unanswered


def replayed(timeline: Sequence[Entry], sla: SlaPolicies) -> Clocks | None:
    """The clocks that a whole timeline leads to by `sla`; the timeline's own count plays no part."""
    return _Replay(timeline, sla).clocks()


def reunited(timeline: Sequence[Entry], sla: SlaPolicies) -> Clocks | None:
    """The clocks of a case whose last entry undoes a split: as if nothing that is back had ever been away.

    What was counted before the first of these splits stays as it was, unless a recount came after it.
    """
    replay = _Replay(timeline, sla)
    first = next(seq for seq, entry in enumerate(timeline) if replay.is_undone(entry))
    recounted = any(isinstance(entry.fact, SlaChanged) for entry in timeline[first:])
    return replay.clocks(counted=0 if recounted else first)


class _Replay:
    def __init__(self, timeline: Sequence[Entry], sla: SlaPolicies) -> None:
        self._timeline = timeline
        self._sla = sla
        self._back = {entry.fact.case_id for entry in timeline if isinstance(entry.fact, EntriesReturned)}
        self._away: set[int] = set()

    def is_undone(self, entry: Entry) -> bool:
        return isinstance(entry.fact, EntriesMoved) and entry.fact.case_id in self._back

    def clocks(self, *, counted: int = 0) -> Clocks | None:
        """The first `counted` entries have moved the clocks as they say themselves."""
        case: Case | None = None
        for place, entry in enumerate(self._timeline):
            if isinstance(entry.fact, EntriesMoved) and not self.is_undone(entry):
                self._away.update(entry.fact.seqs)
            case = evolve(case, entry) if place < counted else self._evolved(case, entry)
        return case.clocks if case else None

    def _evolved(self, case: Case | None, entry: Entry) -> Case:
        if case is not None and self.is_undone(entry):
            return evolve(case, entry)._replace(state=case.state, clocks=case.clocks)
        # What a case is known by moves no clock, and takes its time.
        bare = entry._replace(clocks=None, text="", state=_state_after(case, entry))
        return evolve(case, bare)._replace(clocks=self._clocks_after(case, bare))

    def _clocks_after(self, case: Case | None, entry: Entry) -> Clocks | None:
        if case is None or case.clocks is None:
            return clocks_after(case, entry, self._sla)
        match entry.fact:
            case SlaWarned() | SlaBreached() as told:
                return _told(case.clocks, told, at=entry.at)
            case EntriesMoved() as moved:
                after = Hands(case, entry, self._sla).followed(case.clocks, self._waiting(moved.said, entry))
            case EntriesReturned() as returned:
                after = self._returned(case, case.clocks, entry, returned)
            case _:
                return clocks_after(case, entry, self._sla)
        return Hands(case, entry, self._sla).moved(after, entry.state or case.state)

    def _returned(self, case: Case, before: Clocks, entry: Entry, returned: EntriesReturned) -> Clocks:
        """What was answered and asked in the other case meanwhile comes with it."""
        after = before
        if returned.answered_at is not None:
            answer = entry._replace(at=returned.answered_at, author=Author.AGENT)
            after = Hands(case, answer, self._sla).heard(before)
        if after == before and returned.waiting_since is None:
            return before
        return Hands(case, entry, self._sla).followed(after, self._waiting(returned.said, entry))

    def _waiting(self, said: Said, entry: Entry) -> Said:
        """`said`, with the moment since when the participant waits after `entry`."""
        until = [one for one in self._timeline if one.seq <= entry.seq]
        return said._replace(waiting_since=first_of(unanswered(until, without=self._away)))


def _state_after(case: Case | None, entry: Entry) -> CaseState | None:
    """What it does to the state, had no undone split woken the case before."""
    woken = case is not None and case.state is CaseState.PENDING and by_participant(entry)
    return CaseState.OPEN if woken and entry.state is None and isinstance(entry.fact, CONTRIBUTIONS) else entry.state


def _told(clocks: Clocks, told: SlaWarned | SlaBreached, *, at: datetime) -> Clocks:
    """The timeline has said it, and says so once."""
    clock: Clock | None = getattr(clocks, told.clock)
    if clock is None or clock.ended:
        return clocks
    if isinstance(told, SlaBreached) and clock.overdue(at):
        return clocks._replace(**{told.clock: clock.broken()})
    if isinstance(told, SlaWarned) and clock.warn_at is not None and clock.warn_at <= at:
        return clocks._replace(**{told.clock: clock._replace(warned=True)})
    return clocks
