"""A case was about two problems: what was said about the other one becomes a case of its own, or comes back.

Entries never move. The new case has copies of them, which nobody is told again, and the old one says which of its
entries are the other's (`Case.moved`): both are folded as if it had been so from the beginning, but for the state of
the old one. An undo takes the pointers away, and the new case is part of the old one.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime

from kawal.contracts.case_events import CaseState
from ticket_core.domain import linking, merging
from ticket_core.domain.case import Case
from ticket_core.domain.entries import CONTRIBUTIONS, CaseOpened, Contribution, Entry, Original, is_copy
from ticket_core.domain.errors import (
    CaseClosed,
    CaseNotActive,
    CasesMerged,
    DifferentPersons,
    EntryMoved,
    EntryNotFound,
    NothingToSplit,
    NotSaid,
    NotSplit,
    SplitFurther,
    UnknownTopic,
    WholeCase,
)
from ticket_core.domain.evolve import evolve
from ticket_core.domain.inputs import GoesOn, SplitCase, UndoSplit
from ticket_core.domain.pair_entries import CaseAbsorbed, EntriesMoved, EntriesReturned, Said, SplitOff, SplitUndone
from ticket_core.domain.pen import Pen
from ticket_core.domain.policy import Policy
from ticket_core.domain.replay import reunited
from ticket_core.domain.timekeeping import caught_up
from ticket_core.domain.unanswered import asked_with, by_participant, first_of, unanswered
from ticket_core.domain.world import NumberGiven, Step, World

_WAITS_FOR_AGENT = (CaseState.NEW, CaseState.OPEN)
_WOKEN = (CaseState.PENDING, CaseState.ON_HOLD)


class Splits:
    """`number` gives one for a new case."""

    def __init__(
        self, world: World, *, policy: Policy, now: datetime, new_id: Callable[[], str], number: Callable[[], str]
    ) -> None:
        self._world = world
        self._policy = policy
        self._now = now
        self._new_id = new_id
        self._number = number

    def split(self, case: Case, given: SplitCase) -> str:
        """Returns the id of the new case.

        Raises:
            CaseClosed: it is over.
            UnknownTopic: the programme has none such.
            EntryNotFound, NotSaid, EntryMoved, NothingToSplit, WholeCase, DifferentPersons: these entries can not be
                moved.
        """
        if case.state is CaseState.CLOSED:
            raise CaseClosed("What is over stays as it is")
        if given.topic is not None and given.topic not in self._policy.topics:
            raise UnknownTopic("Choose one of the programme's topics of complaint")
        timeline = self._world.timeline_of(case)
        chosen = self._chosen(case, timeline, given)
        seqs = tuple(entry.seq for entry in chosen)
        new_id, number = self._new_id(), self._number()
        moved = EntriesMoved(
            new_id,
            number,
            seqs,
            self._going_on(case, timeline, chosen, given),
            given.reason,
            self._said(case, timeline, without=case.moved.union(seqs)),
        )
        late, current = caught_up(case, now=self._now)
        here = Pen.on(current)
        woke = case.state is CaseState.PENDING and moved.said.waiting_since is not None and case.waiting_since is None
        here.agent(moved, at=self._now, agent=given.agent, state=CaseState.OPEN if woke else None)
        step = Step(numbers=[NumberGiven(number, new_id)])
        sla = self._policy.sla
        step.record([*late, *here.entries], case=case, traceparent=given.traceparent, sla=sla)
        there = self._opened(case, chosen, given, case_id=new_id, number=number)
        step.record(there.entries, case=None, traceparent=given.traceparent, sla=sla)
        self._world.accept(step)
        return new_id

    def undo(self, case: Case, given: UndoSplit) -> str:
        """`case` was split off; returns the id of the one that it is part of afterwards.

        Raises:
            NotSplit: it was not, or is back already.
            SplitFurther, CasesMerged: something came of it that has to be undone first.
            DifferentPersons, HasParent, CyclicParents: the two can not be one.
            CaseClosed, CaseNotActive: one of them is over, and what came in between would be lost in it.
        """
        origin = self._origin(case)
        own = [entry for entry in self._world.timeline_of(case) if not is_copy(entry)]
        if not origin.active and any(_adds(entry) for entry in own):
            raise CaseNotActive("Something came in between; reopen it first")
        linking.require_one_place(self._world, origin, case)
        returned = self._returned(origin, case, given, own)
        (late, origin_now), (there_late, case_now) = (caught_up(one, now=self._now) for one in (origin, case))
        here, there = Pen.on(origin_now), Pen.on(case_now)
        here.agent(returned, at=self._now, agent=given.agent, state=_state_with(returned, origin))
        undone = SplitUndone(origin.id, origin.number, given.reason)
        there.agent(undone, at=self._now, agent=given.agent, state=CaseState.CLOSED)
        step = Step(renumbered=[NumberGiven(number, origin.id) for number in merging.numbers_of(case)])
        entries = self._reunited(origin, [*late, *here.entries])
        step.record(entries, case=origin, traceparent=given.traceparent, sla=self._policy.sla)
        step.record([*there_late, *there.entries], case=case, traceparent=given.traceparent)
        self._world.accept(step)
        return origin.id

    def _reunited(self, origin: Case, entries: list[Entry]) -> list[Entry]:
        """`entries`, the last of which undoes a split, with the clocks that `origin` has then."""
        timeline = [*self._world.timeline_of(origin), *entries]
        return [*entries[:-1], entries[-1]._replace(clocks=reunited(timeline, self._policy.sla))]

    def _chosen(self, case: Case, timeline: Iterable[Entry], given: SplitCase) -> list[Entry]:
        said = {entry.seq: entry for entry in timeline if isinstance(entry.fact, CONTRIBUTIONS)}
        for seq in given.entries:
            self._require_movable(case, said, seq)
        wanted = set(given.entries)
        if given.onwards:
            wanted |= {entry.seq for seq in given.entries for entry in said.values() if _is_behind(entry, said[seq])}
        chosen = [said[seq] for seq in sorted(wanted - case.moved)]
        left = [entry for seq, entry in said.items() if seq not in case.moved | wanted]
        if not any(by_participant(entry) for entry in chosen):
            raise NothingToSplit("Choose what he said, and the answers to it")
        if not any(by_participant(entry) for entry in left):
            raise WholeCase("Change its topic instead")
        if not all(self._is_own(case, entry) for entry in chosen if by_participant(entry)):
            raise DifferentPersons("Say first that they are one person")
        return chosen

    def _is_own(self, case: Case, entry: Entry) -> bool:
        """Whether it was said by the person whose case it is."""
        speaker = self._world.conversations.get(entry.conversation_id or "")
        return speaker is not None and self._world.are_one(speaker.participant_id, case.participant_id)

    def _said(self, case: Case, timeline: list[Entry], *, without: Collection[int]) -> Said:
        """As `said_in`; but answers go to the case's own person, who may have been taken for another meanwhile."""
        said = said_in(timeline, without=without)
        own = [entry for entry in timeline if _is_from_participant(entry) and self._is_own(case, entry)]
        if not own or said.conversation_id in {entry.conversation_id for entry in own}:
            return said
        left = [entry for entry in own if entry.seq not in without]
        return said._replace(conversation_id=(left or own)[-1].conversation_id)

    @staticmethod
    def _require_movable(case: Case, said: Collection[int], seq: int) -> None:
        for away in case.away:
            if seq in away.seqs:
                raise EntryMoved(seq, away.number)
        if seq in said:
            return
        if not 1 <= seq <= case.last_seq:
            raise EntryNotFound(f"The case has no entry {seq}")
        raise NotSaid(f"Entry {seq} is about the case")

    def _going_on(
        self, case: Case, timeline: Iterable[Entry], chosen: Iterable[Entry], given: SplitCase
    ) -> tuple[str, ...]:
        """The conversations that go on in the new case."""
        newest: dict[str, Entry] = {}
        for entry in timeline:
            if isinstance(entry.fact, CONTRIBUTIONS) and entry.conversation_id and entry.seq not in case.moved:
                newest[entry.conversation_id] = entry
        touched = dict.fromkeys(entry.conversation_id for entry in chosen if entry.conversation_id)
        match given.goes_on:
            case GoesOn.THIS_CASE:
                return ()
            case GoesOn.NEW_CASE:
                return tuple(one for one in touched if self._is_in(case, one))
            case GoesOn.NEWEST:
                return tuple(one for one in touched if newest[one] in chosen and self._is_held_by(case, one))

    def _is_in(self, case: Case, conversation_id: str) -> bool:
        current = self._world.case_of(self._world.conversations[conversation_id])
        return current is not None and current.id == case.id

    def _is_held_by(self, case: Case, conversation_id: str) -> bool:
        holder = self._world.holder_of(self._world.conversations[conversation_id])
        return holder is not None and holder.id == case.id

    def _opened(self, case: Case, chosen: list[Entry], given: SplitCase, *, case_id: str, number: str) -> Pen:
        """The new case is its participant's who spoke first, if agents found several to be one person."""
        first = next(entry for entry in chosen if by_participant(entry))
        speaker = self._world.conversations.get(first.conversation_id or "")
        owner = speaker.participant_id if speaker else case.participant_id
        pen, state = Pen(case_id, last_seq=0, conversation=None), CaseState.NEW
        opened = CaseOpened(number, owner, given.topic, of=_original(first))
        pen.copied(first._replace(text=""), opened, state=state)
        for entry in chosen:
            after = _state_after(entry, state)
            pen.copied(entry, _copy(entry), state=after if after is not state else None)
            state = after
        pen.agent(SplitOff(case.id, case.number, given.reason), at=self._now, agent=given.agent)
        return pen

    def _origin(self, case: Case) -> Case:
        if case.origin is None or case.origin.back:
            raise NotSplit("See the entries of the kind split_off")
        if case.state is CaseState.CLOSED:
            raise CaseClosed("What is over stays as it is")
        if case.away:
            raise SplitFurther("See the entries of the kind entries_moved")
        origin = self._world.cases[case.origin.case_id]
        if not self._world.are_one(origin.participant_id, case.participant_id):
            raise DifferentPersons("Say first that they are one person")
        if origin.merged is not None:
            raise CasesMerged(f"{origin.number} is part of another case")
        return origin

    def _returned(self, origin: Case, case: Case, given: UndoSplit, own: list[Entry]) -> EntriesReturned:
        answers = [entry.at for entry in own if isinstance(entry.fact, CONTRIBUTIONS) and not by_participant(entry)]
        asked = unanswered(own)
        still_away = frozenset(seq for away in origin.away if away.case_id != case.id for seq in away.seqs)
        returned = EntriesReturned(
            case.id,
            case.number,
            merging.numbers_of(case),
            given.reason,
            answered_at=max(answers, default=None),
            waiting_since=asked[0] if asked else None,
            said=self._said(origin, self._world.timeline_of(origin), without=still_away),
            seqs=tuple(sorted(origin.moved - still_away)),
        )
        waiting_since = first_of(asked_with(unanswered(self._world.timeline_of(origin), without=still_away), returned))
        return replace(returned, said=returned.said._replace(waiting_since=waiting_since))


def said_in(timeline: Iterable[Entry], *, without: Collection[int]) -> Said:
    """What a case is by what was said in it, had the entries `without` not been."""
    entries = list(timeline)
    case = evolve(None, entries[0])
    for entry in entries[1:]:
        if entry.seq not in without and not isinstance(entry.fact, EntriesMoved | EntriesReturned):
            case = evolve(case, entry)
    case = case._replace(waiting_since=first_of(unanswered(entries, without=without)))
    return Said._make(getattr(case, name) for name in Said._fields)


def _state_with(returned: EntriesReturned, case: Case) -> CaseState | None:
    """The state that `case` gets with what came back, if another."""
    if returned.waiting_since is not None and case.state in _WOKEN:
        return CaseState.OPEN
    woke = any(away.woke for away in case.away if away.case_id == returned.case_id)
    answered = returned.said.waiting_since is None
    return CaseState.PENDING if woke and answered and case.state is CaseState.OPEN else None


def _copy(entry: Entry) -> Contribution:
    if not isinstance(entry.fact, CONTRIBUTIONS):
        raise TypeError("only what was said is copied")
    return replace(entry.fact, of=_original(entry))


def _original(entry: Entry) -> Original:
    """Where it was said, or the copy's original."""
    of = entry.fact.of if isinstance(entry.fact, CONTRIBUTIONS) else None
    return of or Original(entry.case_id, entry.seq)


def _state_after(entry: Entry, state: CaseState) -> CaseState:
    """Where it would stand had it been said there."""
    if not by_participant(entry):
        return CaseState.PENDING if state in _WAITS_FOR_AGENT else state
    return CaseState.OPEN if state is CaseState.PENDING else state


def _is_from_participant(entry: Entry) -> bool:
    return isinstance(entry.fact, CONTRIBUTIONS) and by_participant(entry)


def _is_behind(entry: Entry, other: Entry) -> bool:
    return entry.seq > other.seq and entry.conversation_id == other.conversation_id


def _adds(entry: Entry) -> bool:
    """Whether there is something that the participant said, or another case that is part of this one."""
    return _is_from_participant(entry) or isinstance(entry.fact, CaseAbsorbed | EntriesReturned)
