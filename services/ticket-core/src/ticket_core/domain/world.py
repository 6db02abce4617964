"""The part of the world that one batch touches: loaded, changed in memory, written back."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Channel
from ticket_core.domain.case import Case, Conversation, Fact, Participant, Suggestion
from ticket_core.domain.entries import Entry

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
        self.spare_numbers = list(spare_numbers)
        self.changed = Step()
        self.before: dict[str, Case] = {}
        self._cases_of: defaultdict[str, set[str]] = defaultdict(set)

    def load_case(self, case: Case) -> None:
        """A case as it was before the batch; `before` remembers it."""
        self.before[case.id] = case
        self._put_case(case)

    def _put_case(self, case: Case) -> None:
        self.cases[case.id] = case
        self._cases_of[case.participant_id].add(case.id)

    def cases_of(self, participant_id: str) -> Collection[Case]:
        return [self.cases[case_id] for case_id in self._cases_of.get(participant_id, ())]

    def accept(self, step: Step) -> None:
        """Make `step` true."""
        self.facts.update((fact.key, fact) for fact in step.facts)
        self.participants.update((participant.id, participant) for participant in step.participants)
        self.conversations.update((conversation.id, conversation) for conversation in step.conversations)
        for case in step.cases:
            self._put_case(case)
        for key, participant_id in step.claims:
            self.claimants[key].add(participant_id)
        for given in step.numbers:
            self._give(given)
        self.reached.update(step.reached)
        self._remember(step)

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
