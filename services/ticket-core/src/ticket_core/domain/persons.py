"""Agents say who is who: two participants are one person, or are not.

A merge is a pointer and moves nothing: cases, conversations and identities stay whose they were, and are looked up for
the whole person. So an undo takes the pointer away, and all is as it would have been. What came in between stays where
it was said; see `docs/adr/` on merging.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.words import Assurance, Author
from ticket_core.domain.case import Case, Fact, Participant
from ticket_core.domain.entries import (
    CONTRIBUTIONS,
    EntryFact,
    IdentityLinked,
    IdentityUnlinked,
    PersonMerged,
    PersonUnmerged,
)
from ticket_core.domain.errors import (
    CasesMerged,
    IdentityNotLinked,
    IdentityTaken,
    NotMerged,
    ParticipantNotFound,
    SamePerson,
    SuggestionNotFound,
)
from ticket_core.domain.inputs import (
    AcceptSuggestion,
    DismissSuggestion,
    IdentityCommand,
    LinkIdentity,
    MergePersons,
    PairCommand,
    PersonCommand,
    UnlinkIdentity,
    UnmergePerson,
)
from ticket_core.domain.pen import Pen
from ticket_core.domain.world import PersonEvent, Step, World


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """Who `participant_id` is afterwards: the participant under whose id the whole person is shown."""

    participant_id: str


class Persons:
    """Applies what agents say of people."""

    def __init__(self, world: World, *, now: datetime, new_id: Callable[[], str]) -> None:
        self._world = world
        self._now = now
        self._new_id = new_id

    def apply(self, given: PersonCommand) -> PersonChanged:
        """Let it be so, all of it or nothing.

        Raises:
            ParticipantNotFound: one of them does not exist.
            SamePerson, NotMerged: it is so already.
            CasesMerged: a case of the one is part of a case of the other.
            IdentityTaken, IdentityNotLinked: somebody else has it; this person has not.
            SuggestionNotFound: nothing was suggested about the two.
        """
        for participant_id in given.participants:
            self._participant(participant_id)
        match given:
            case MergePersons():
                self._merge(given, given.participant_id, given.other_id)
            case AcceptSuggestion():
                self._suggested(given)
                self._merge(given, *sorted(map(self._world.person_of, given.participants)))
            case DismissSuggestion():
                self._dismiss(given)
            case UnmergePerson():
                self._unmerge(given)
            case LinkIdentity():
                self._link(given)
            case UnlinkIdentity():
                self._unlink(given)
            case _:
                raise TypeError(f"nothing is known of {type(given).__name__}")
        return PersonChanged(self._world.person_of(given.participant_id))

    def _merge(self, given: PersonCommand, into: str, other: str) -> None:
        into_id, merged_id = self._world.person_of(into), self._world.person_of(other)
        if into_id == merged_id:
            raise SamePerson("They have been merged")
        step = Step(said_of_people=[self._event("merged", given, merged_id, into_id)])
        members = [*self._world.members_of(into_id), *self._world.members_of(merged_id)]
        together = [self._participant(member)._replace(group_id=into_id) for member in members]
        step.regrouped = [one._replace(merged_into=into_id) if one.id == merged_id else one for one in together]
        for case in [*self._world.cases_of(into_id), *self._world.cases_of(merged_id)]:
            _write(step, case, given, PersonMerged(merged_id, into_id, given.reason), now=self._now)
        self._world.accept(step)

    def _unmerge(self, given: UnmergePerson) -> None:
        merged = self._participant(given.participant_id)
        if merged.merged_into is None:
            raise NotMerged("Nothing is to be undone")
        members = [self._participant(member) for member in self._world.members_of(merged.id)]
        leaving = _under(merged.id, members)
        staying = {member.id for member in members} - leaving
        self._keep_cases_whole(leaving)
        cases = list(self._world.cases_of(merged.id))
        step = Step(said_of_people=[self._event("unmerged", given, merged.id, merged.merged_into)])
        for one in members:
            if one.id == merged.id:
                one = one._replace(merged_into=None)  # noqa: PLW2901
            side, head = (leaving, merged.id) if one.id in leaving else (staying, one.group_id)
            step.regrouped.append(one._replace(group_id=head if len(side) > 1 else None))
        for case in cases:
            own = leaving if case.participant_id in leaving else staying
            fact = PersonUnmerged(merged.id, merged.merged_into, given.reason, self._answer_in(case, own))
            _write(step, case, given, fact, now=self._now)
        self._world.accept(step)

    def _keep_cases_whole(self, leaving: set[str]) -> None:
        for case in self._world.cases.values():
            undone = case.origin is not None and case.origin.back  # whatever was said in it belongs there
            into = self._world.cases.get(case.merged.into_id) if case.merged and not undone else None
            if into and (case.participant_id in leaving) != (into.participant_id in leaving):
                raise CasesMerged(f"{case.number} is part of {into.number}")

    def _answer_in(self, case: Case, own: set[str]) -> str | None:
        """Where answers go from now on, if they went to somebody who is another person now."""
        if self._speaker(case.conversation_id) in own:
            return None
        return next((voice for voice in self._voices(case) if self._speaker(voice) in own), None)

    def _voices(self, case: Case) -> Iterable[str]:
        """The conversations in which the participant spoke about the case, the latest first."""
        for recorded in reversed(self._world.changed.recorded):
            entry = recorded.entry
            contributed = entry.author is Author.PARTICIPANT and isinstance(entry.fact, CONTRIBUTIONS)
            if entry.case_id == case.id and contributed and entry.conversation_id:
                yield entry.conversation_id
        yield from self._world.voices.get(case.id, ())

    def _speaker(self, conversation_id: str | None) -> str | None:
        conversation = self._world.conversations.get(conversation_id or "")
        return conversation.participant_id if conversation else None

    def _link(self, given: LinkIdentity) -> None:
        known = self._world.facts.get(given.key)
        owner = known.participant_id if known and known.participant_id else given.participant_id
        if not self._world.are_one(owner, given.participant_id):
            raise IdentityTaken("Merge the two, or unlink it there")
        if known is None or known.assurance is not Assurance.VERIFIED:
            fact = Fact(given.key, given.kind, given.value, owner, Assurance.VERIFIED)
            self._say_of_identity(given, "linked", fact, IdentityLinked(given.kind, given.reason or ""))

    def _unlink(self, given: UnlinkIdentity) -> None:
        known = self._world.facts.get(given.key)
        if (
            known is None
            or not known.participant_id
            or not self._world.are_one(known.participant_id, given.participant_id)
        ):
            raise IdentityNotLinked("See the participant's identities")
        fact = known._replace(participant_id=None, assurance=Assurance.CLAIMED)
        self._say_of_identity(given, "unlinked", fact, IdentityUnlinked(given.kind, given.reason or ""))

    def _say_of_identity(self, given: IdentityCommand, kind: str, fact: Fact, told: EntryFact) -> None:
        event = self._event(kind, given, given.participant_id, None)._replace(key=given.key)
        step = Step(facts=[fact], said_of_people=[event])
        for case in self._world.cases_of(given.participant_id):
            _write(step, case, given, told, now=self._now)
        self._world.accept(step)

    def _dismiss(self, given: DismissSuggestion) -> None:
        pairs = self._suggested(given)
        event = self._event("dismissed", given, given.participant_id, given.other_id)
        self._world.accept(Step(dismissed=pairs, said_of_people=[event]))

    def _suggested(self, given: PairCommand) -> list[tuple[str, str]]:
        """The pairs of participants, one of each person, that were suggested."""
        one, other = (set(self._world.members_of(participant_id)) for participant_id in given.participants)
        known = self._world.suggested | {(new.participant_id, new.other_id) for new in self._world.changed.suggestions}
        pairs = sorted(
            pair for pair in known if (pair[0] in one and pair[1] in other) or (pair[0] in other and pair[1] in one)
        )
        if not pairs:
            raise SuggestionNotFound("They share nothing that we know of")
        return pairs

    def _participant(self, participant_id: str) -> Participant:
        participant = self._world.participants.get(participant_id)
        if participant is None:
            raise ParticipantNotFound("Nobody has this id")
        return participant

    def _event(self, kind: str, given: PersonCommand, participant_id: str, other_id: str | None) -> PersonEvent:
        agent = given.agent
        return PersonEvent(
            self._new_id(), self._now, kind, participant_id, other_id, agent.id, agent.name, given.reason
        )


def _under(top: str, members: Iterable[Participant]) -> set[str]:
    """`top`, and all who were merged into him or into one of those."""
    found, everybody = {top}, list(members)
    while new := {one.id for one in everybody if one.merged_into in found} - found:
        found |= new
    return found


def _write(step: Step, case: Case, given: PersonCommand, fact: EntryFact, *, now: datetime) -> None:
    pen = Pen.on(case)
    pen.agent(fact, at=now, agent=given.agent)
    step.record(pen.entries, case=case, traceparent=given.traceparent)
