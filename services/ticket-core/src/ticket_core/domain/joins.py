"""What agents say of two cases at once: written in both timelines, all of it or nothing."""

from collections.abc import Callable
from datetime import datetime

from ticket_core.domain import linking, merging
from ticket_core.domain.case import Case
from ticket_core.domain.entries import EntryFact
from ticket_core.domain.errors import CaseNotMerged, DifferentPersons, SplitUndoneAlready
from ticket_core.domain.inputs import JoinCommand, LinkCases, MergeCases, SplitCase, UndoMerge, UndoSplit, UnlinkCases
from ticket_core.domain.pair_entries import CaseLinked, CaseUnlinked
from ticket_core.domain.pen import Pen
from ticket_core.domain.policy import Policy
from ticket_core.domain.splitting import Splits
from ticket_core.domain.timekeeping import caught_up
from ticket_core.domain.world import NumberGiven, Step, World


class Joins:
    """`new_id` gives an id for a new case, `number` a number."""

    def __init__(
        self, world: World, *, policy: Policy, now: datetime, new_id: Callable[[], str], number: Callable[[], str]
    ) -> None:
        self._world = world
        self._now = now
        self._splits = Splits(world, policy=policy, now=now, new_id=new_id, number=number)

    def apply(self, case: Case, given: JoinCommand) -> Case:
        """Let it be so; returns the case that is meant afterwards: `case`, or the one that comes of it.

        Raises:
            CaseNotFound: there is no other case.
            KawalError: see `merging`, `linking` and `splitting`.
        """
        after = case.id
        match given:
            case MergeCases():
                self._merge(case, given)
            case UndoMerge():
                self._undo_merge(case, given)
            case LinkCases():
                self._link(case, given)
            case UnlinkCases():
                self._unlink(case, given)
            case SplitCase():
                after = self._splits.split(case, given)
            case UndoSplit():
                after = self._splits.undo(case, given)
        return self._world.cases[after]

    def _merge(self, case: Case, given: MergeCases) -> None:
        other = self._world.numbered(given.other)
        if not self._world.are_one(case.participant_id, other.participant_id):
            raise DifferentPersons("Say first that they are one person")
        late, current = caught_up(other, now=self._now)
        joining = merging.merge(case, current, agent=given.agent, now=self._now)
        linking.require_one_place(self._world, case, other)
        joining = joining._replace(other=[*late, *joining.other])
        self._join(case, other, joining, leads_to=case, given=given)

    def _undo_merge(self, case: Case, given: UndoMerge) -> None:
        other = self._merged(given.other, into=case)
        joining = merging.undo(case, other, agent=given.agent, now=self._now)
        self._join(case, other, joining, leads_to=other, given=given)

    def _join(
        self, case: Case, other: Case, joining: merging.Joining, *, leads_to: Case, given: MergeCases | UndoMerge
    ) -> None:
        step = Step(renumbered=[NumberGiven(number, leads_to.id) for number in merging.numbers_of(other)])
        step.record(joining.survivor, case=case, traceparent=given.traceparent)
        step.record(joining.other, case=other, traceparent=given.traceparent)
        self._world.accept(step)

    def _merged(self, number: str, *, into: Case) -> Case:
        for case in self._world.cases.values():
            if case.number == number and case.merged and case.merged.into_id == into.id:
                if case.origin is not None and case.origin.back:
                    raise SplitUndoneAlready("See the entries of the kind entries_returned")
                return case
        raise CaseNotMerged("See the entries of the kind absorbed")

    def _link(self, case: Case, given: LinkCases) -> None:
        other = self._world.numbered(given.other)
        linking.require_free(self._world, case, given.relation, other)
        step, inverse = Step(), linking.INVERSE[given.relation]
        self._write(step, case, given, CaseLinked(given.relation, other.id, other.number, given.reason))
        self._write(step, other, given, CaseLinked(inverse, case.id, case.number, given.reason))
        self._world.accept(step)

    def _unlink(self, case: Case, given: UnlinkCases) -> None:
        for tie in linking.require_links(self._world, case, self._world.numbered(given.other)):
            step, inverse = Step(), linking.INVERSE[tie.relation]
            here, there = self._world.cases[tie.case.id], self._world.cases[tie.other.id]
            self._write(step, here, given, CaseUnlinked(tie.relation, there.id, there.number, given.reason))
            self._write(step, there, given, CaseUnlinked(inverse, here.id, here.number, given.reason))
            self._world.accept(step)

    def _write(self, step: Step, case: Case, given: JoinCommand, fact: EntryFact) -> None:
        pen = Pen.on(case)
        pen.agent(fact, at=self._now, agent=given.agent)
        step.record(pen.entries, case=case, traceparent=given.traceparent)
