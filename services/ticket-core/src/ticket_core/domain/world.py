"""The part of the world that one batch touches: loaded, changed in memory, written back."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Channel, IdentityKind
from ticket_core.domain.case import Case, Conversation, Fact, Participant, Suggestion
from ticket_core.domain.entries import Entry
from ticket_core.domain.errors import CaseNotFound
from ticket_core.domain.evolve import evolve, evolve_conversation
from ticket_core.domain.imports import Fault, Progress
from ticket_core.domain.rules import Firing
from ticket_core.domain.sla import SlaPolicies
from ticket_core.domain.timekeeping import timed

Reached = dict[tuple[str, int, Channel], DeliveryState]


class Recorded(NamedTuple):
    """An entry, what it made of its case, and the conversation that it is told in."""

    entry: Entry
    case: Case
    conversation: Conversation | None
    traceparent: str | None


class NumberGiven(NamedTuple):
    """A number that leads to a case from now on, and the event that brought it, if one did."""

    number: str
    case_id: str
    source: str | None = None
    event_id: str | None = None


class PersonEvent(NamedTuple):
    """Something that an agent said of who somebody is."""

    id: str
    at: datetime
    kind: str
    participant_id: str
    other_id: str | None
    agent_id: str
    agent_name: str
    reason: str | None
    key: bytes | None = None


@dataclass(slots=True)
class Step:
    """What one input changes. Nothing of it is in the world before all of it is."""

    facts: list[Fact] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    claims: list[tuple[bytes, str]] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    numbers: list[NumberGiven] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    reached: Reached = field(default_factory=dict)
    regrouped: list[Participant] = field(default_factory=list)
    dismissed: list[tuple[str, str]] = field(default_factory=list)
    said_of_people: list[PersonEvent] = field(default_factory=list)
    renumbered: list[NumberGiven] = field(default_factory=list)
    fired: list[Firing] = field(default_factory=list)
    imports: list[Progress] = field(default_factory=list)
    import_faults: list[tuple[str, Fault]] = field(default_factory=list)

    def record(
        self,
        entries: Iterable[Entry],
        *,
        case: Case | None,
        conversation: Conversation | None = None,
        traceparent: str | None = None,
        sla: SlaPolicies | None = None,
    ) -> Case:
        """Write `entries`, at least one, behind `case` (`None`: a new one); returns the case after them.

        Without `sla`, they must be of those that move no clock.
        """
        for decided in entries:
            entry = decided if sla is None else timed(case, decided, sla)
            case = evolve(case, entry)
            if conversation is not None and entry.conversation_id == conversation.id:
                conversation = evolve_conversation(conversation, entry)
            self.recorded.append(Recorded(entry, case, conversation, traceparent))
        if case is None:
            raise ValueError("no entries, no case")
        self.cases.append(case)
        if conversation is not None:
            self.conversations.append(conversation)
        return case


class World:
    """Looked up by the fold, changed by whole steps only. `changed` is all that has to be written back."""

    def __init__(self, *, spare_numbers: Iterable[str] = ()) -> None:
        self.facts: dict[bytes, Fact] = {}
        self.participants: dict[str, Participant] = {}
        self.conversations: dict[str, Conversation] = {}
        self.cases: dict[str, Case] = {}
        self.claimants: defaultdict[bytes, set[str]] = defaultdict(set)
        self.numbers: dict[str, str] = {}
        self.events: dict[tuple[str, str], str] = {}
        self.reached: Reached = {}
        self.fired: defaultdict[str, list[Firing]] = defaultdict(list)
        self.suggested: set[tuple[str, str]] = set()
        self.voices: dict[str, list[str]] = {}
        self.timelines: dict[str, list[Entry]] = {}
        self.imports: dict[str, Progress] = {}
        self.numbered_people: set[str] = set()
        self.spare_numbers = list(spare_numbers)
        self.changed = Step()
        self.before: dict[str, Case] = {}
        self._cases_of: defaultdict[str, set[str]] = defaultdict(set)
        self._groups: defaultdict[str, set[str]] = defaultdict(set)

    def load_participant(self, participant: Participant) -> None:
        self.participants[participant.id] = participant
        if participant.group_id is not None:
            self._groups[participant.group_id].add(participant.id)

    def load_case(self, case: Case) -> None:
        """A case as it was before the batch; `before` remembers it."""
        self.before[case.id] = case
        self._put_case(case)

    def _put_case(self, case: Case) -> None:
        self.cases[case.id] = case
        self._cases_of[case.participant_id].add(case.id)

    def cases_of(self, participant_id: str) -> Collection[Case]:
        """The cases of the person who `participant_id` is."""
        members = self.members_of(participant_id)
        return [self.cases[case_id] for member in members for case_id in self._cases_of.get(member, ())]

    def survivor(self, case: Case | None) -> Case | None:
        """The case that `case` is part of, or itself."""
        while case is not None and case.merged is not None:
            case = self.cases.get(case.merged.into_id)
        return case

    def holder_of(self, conversation: Conversation) -> Case | None:
        """The case that has what was said last in a conversation, whatever it is part of."""
        case = self.cases.get(conversation.case_id or "")
        while case is not None and (into := _went_to(case, conversation)):
            case = self.cases.get(into)
        return case

    def case_of(self, conversation: Conversation) -> Case | None:
        """The case in which a conversation goes on: where it was heard last, or what was split off or merged since."""
        case, met = self.cases.get(conversation.case_id or ""), set[str]()
        while case is not None and case.id not in met:
            met.add(case.id)
            into = _went_to(case, conversation) or (case.merged.into_id if case.merged else None)
            if into is None:
                return case
            case = self.cases.get(into)
        return self.survivor(case)  # a case that is part again of the one it was split off from

    def timeline_of(self, case: Case) -> list[Entry]:
        """All entries of a case for which they were loaded."""
        return [
            *self.timelines.get(case.id, ()),
            *(one.entry for one in self.changed.recorded if one.entry.case_id == case.id),
        ]

    def parts_of(self, case: Case) -> list[Case]:
        """`case`, and all cases that are part of it."""
        return [one for one in self.cases.values() if (whole := self.survivor(one)) and whole.id == case.id]

    def numbered(self, number: str) -> Case:
        """The case that a number leads to.

        Raises:
            CaseNotFound: to none.
        """
        case = self.survivor(self.cases.get(self.numbers.get(number, "")))
        if case is None:
            raise CaseNotFound("No case has this number")
        return case

    def person_of(self, participant_id: str) -> str:
        """The same for all participants who are one person."""
        participant = self.participants.get(participant_id)
        return (participant.group_id if participant else None) or participant_id

    def are_one(self, one: str, other: str) -> bool:
        return one == other or self.person_of(one) == self.person_of(other)

    def members_of(self, participant_id: str) -> Collection[str]:
        """All participants who are the same person as `participant_id`, himself included."""
        return self._groups.get(self.person_of(participant_id)) or (participant_id,)

    def name_of(self, participant_id: str) -> str | None:
        """What somebody is called: as the one he was merged into, or another who is the same person."""
        members = (self.participants[one] for one in self.members_of(participant_id) if one in self.participants)
        named = sorted((one.merged_into is not None, one.id, one.name) for one in members if one.name)
        return named[0][2] if named else None

    def accept(self, step: Step) -> None:
        """Make `step` true."""
        for fact in step.facts:
            self.facts[fact.key] = fact
            if fact.kind is IdentityKind.PARTICIPANT_NUMBER and fact.participant_id is not None:
                self.numbered_people.add(fact.participant_id)
        self.participants.update((participant.id, participant) for participant in step.participants)
        self.conversations.update((conversation.id, conversation) for conversation in step.conversations)
        for case in step.cases:
            self._put_case(case)
        for key, participant_id in step.claims:
            self.claimants[key].add(participant_id)
        for given in (*step.numbers, *step.renumbered):
            self._give(given)
        self.reached.update(step.reached)
        for firing in step.fired:
            self.fired[firing.case_id].append(firing)
        self._regroup(step.regrouped)
        self.imports.update((progress.content, progress) for progress in step.imports)
        self._remember(step)

    def _regroup(self, participants: Iterable[Participant]) -> None:
        for participant in participants:
            self._groups[self.person_of(participant.id)].discard(participant.id)
            self.load_participant(participant)

    def _give(self, given: NumberGiven) -> None:
        self.numbers[given.number] = given.case_id
        if given.source is not None and given.event_id is not None:
            self.events[given.source, given.event_id] = given.case_id

    def _remember(self, step: Step) -> None:
        changed = self.changed
        changed.facts += step.facts
        changed.participants += step.participants
        changed.conversations += step.conversations
        changed.cases += step.cases
        changed.claims += step.claims
        changed.suggestions += step.suggestions
        changed.numbers += step.numbers
        changed.recorded += step.recorded
        changed.regrouped += step.regrouped
        changed.dismissed += step.dismissed
        changed.said_of_people += step.said_of_people
        changed.renumbered += step.renumbered
        changed.fired += step.fired
        changed.imports += step.imports
        changed.import_faults += step.import_faults


def _went_to(case: Case, conversation: Conversation) -> str | None:
    """The case that was split off with what was said last in `conversation`."""
    return next((one.case_id for one in case.away if conversation.id in one.conversations), None)
