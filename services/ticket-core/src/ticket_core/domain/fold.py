"""One input after the other, each seeing what the ones before it did: resolve, correlate, decide, evolve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kawal import case_numbers
from kawal.contracts.case_events import CaseState
from kawal.contracts.interactions import Interaction, MessagesRead
from kawal.contracts.words import Assurance, IdentityKind
from ticket_core.domain.case import Case, Conversation, Fact, Participant
from ticket_core.domain.correlate import Similar, correlate
from ticket_core.domain.decide import (
    AddNumber,
    ContinueCase,
    NoteDelivery,
    OpenCase,
    ToOneCase,
    decide,
    further,
    open_case,
    said_in,
)
from ticket_core.domain.entries import Entry, SimilarCaseFound
from ticket_core.domain.errors import (
    CaseChangedMeanwhile,
    CaseNotFound,
    CaseNumbersExhausted,
    ConversationNotFound,
)
from ticket_core.domain.hearing import heard, last_seen, news, proven
from ticket_core.domain.imports import ImportParticipants
from ticket_core.domain.inputs import (
    AgentCommand,
    Contact,
    DeliveryReport,
    Input,
    JoinCommand,
    OfItself,
    PersonCommand,
    Reply,
    RouteCase,
    RunRules,
    SetClocks,
    TimerFired,
    UseMacro,
)
from ticket_core.domain.joins import Joins
from ticket_core.domain.persons import PersonChanged, Persons
from ticket_core.domain.policy import Policy
from ticket_core.domain.register import Imported, Register
from ticket_core.domain.resolve import Resolution, conversation_key, resolve
from ticket_core.domain.ruling import RulesRan, run_rules
from ticket_core.domain.timekeeping import caught_up
from ticket_core.domain.using import use
from ticket_core.domain.world import NumberGiven, Step, World


@dataclass(frozen=True, slots=True)
class Applied:
    """The case after an input. `seq` is the first entry that it wrote, or the last there was if it wrote none."""

    case_id: str
    number: str
    state: CaseState
    seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The input was done before, or there was nothing to do."""


class Fold:
    """`new_id` gives ids that grow with time."""

    def __init__(self, world: World, *, policy: Policy, now: datetime, new_id: Callable[[], str]) -> None:
        self._world = world
        self._policy = policy
        self._now = now
        self._new_id = new_id

    def apply(self, given: Input) -> Applied | PersonChanged | RulesRan | Imported | Skipped:
        """Let `given` happen, all of it or nothing.

        Raises:
            KawalError: it is refused; the world is as before. So it is after any other exception.
        """
        match given:
            case Contact(interaction=MessagesRead() as read):
                return self._read(given, read)
            case Contact():
                return self._contact(given)
            case DeliveryReport():
                return self._delivery(given)
            case TimerFired() | RouteCase() | SetClocks() | RunRules():
                return self._of_itself(given)
            case PersonCommand() | ImportParticipants():
                return self._of_people(given)
            case _:
                return self._command(given)

    def _of_people(self, given: PersonCommand | ImportParticipants) -> PersonChanged | Imported:
        if isinstance(given, ImportParticipants):
            return Register(self._world, now=self._now, new_id=self._new_id).apply(given)
        return Persons(self._world, now=self._now, new_id=self._new_id).apply(given)

    def repeat(self, contact: Contact) -> Applied | Skipped:
        """The event was applied before; if it now carries another number, that one must lead to the same case."""
        number = contact.interaction.reference
        conversation = self._world.conversations.get(contact.interaction.conversation_id)
        current = conversation.case_id if conversation else None
        case_id = self._world.events.get((contact.source, contact.event_id), current)
        case = self._world.survivor(self._world.cases.get(case_id)) if case_id else None
        if case is None or number is None or not self._is_free(number):
            return Skipped()
        given = NumberGiven(number, case.id, contact.source, contact.event_id)
        return self._on_case(case, AddNumber(number), traceparent=contact.traceparent, number=given)

    def _contact(self, contact: Contact) -> Applied:
        world, interaction = self._world, contact.interaction
        before = world.conversations.get(interaction.conversation_id)
        pseudonym = world.facts.get(conversation_key(interaction.conversation_id))
        mentioned = news(interaction, before)
        who = resolve(
            pseudonym.participant_id if pseudonym else None,
            mentioned,
            facts=world.facts,
            claimants=world.claimants,
            person=world.person_of,
        )
        step = Step()
        participant = self._participant(who, interaction)
        conversation = heard(before, interaction, participant.id, mentioned)
        self._establish(step, who, participant.id, interaction)
        case = self._place(step, contact, conversation, participant.id)
        step.participants.append(last_seen(participant, interaction, case))
        world.accept(step)
        return Applied(case.id, case.number, case.state, step.recorded[0].entry.seq, case.last_seq)

    def _participant(self, who: Resolution, interaction: Interaction) -> Participant:
        if who.participant_id is not None:
            return self._world.participants[who.participant_id]
        return Participant(id=self._new_id(), created_at=self._now, name=interaction.name, locale=interaction.locale)

    def _establish(self, step: Step, who: Resolution, participant_id: str, interaction: Interaction) -> None:
        """Write down whose facts these are from now on, and who else might be the same person."""
        facts = self._world.facts
        pseudonym = conversation_key(interaction.conversation_id)
        known = facts.get(pseudonym)
        if known is None or known.participant_id is None:
            kind = IdentityKind.CONVERSATION
            step.facts.append(Fact(pseudonym, kind, interaction.conversation_id, participant_id, Assurance.POSSESSED))
        for mention in who.proven:
            fact = proven(facts.get(mention.key), mention, participant_id)
            if fact != facts.get(mention.key):
                step.facts.append(fact)
        for mention in who.claimed:
            step.claims.append((mention.key, participant_id))
        step.suggestions += who.suggestions(participant_id)

    def _place(self, step: Step, contact: Contact, conversation: Conversation, participant_id: str) -> Case:
        interaction = contact.interaction
        current = self._current(conversation)
        placement = correlate(
            interaction.topic,
            text=said_in(interaction),
            current=current,
            cases=[case for case in self._world.cases_of(participant_id) if case.merged is None],
            policy=self._policy,
            now=self._now,
        )
        if placement.joins is None:
            opening = OpenCase(
                case_id=self._new_id(),
                number=self._number(interaction.reference),
                participant_id=participant_id,
                interaction=interaction,
                follow_up_of=placement.follow_up_of,
                similar=_found(placement.similar),
            )
            self._give(step, contact, opening.number, opening.case_id)
            entries = open_case(opening, conversation=conversation, now=self._now)
            return step.record(
                entries,
                case=None,
                conversation=conversation,
                traceparent=contact.traceparent,
                sla=self._policy.sla,
            )
        alias = self._alias(interaction.reference)
        if alias is not None:
            self._give(step, contact, alias, placement.joins.id)
        late, case = caught_up(placement.joins, now=self._now)
        entries = decide(
            case,
            ContinueCase(interaction=interaction, alias=alias, repeats=placement.repeats),
            conversation=conversation,
            policy=self._policy,
            now=self._now,
        )
        return step.record(
            [*late, *entries],
            case=placement.joins,
            conversation=conversation,
            traceparent=contact.traceparent,
            sla=self._policy.sla,
        )

    def _current(self, conversation: Conversation) -> Case | None:
        """The case that a conversation is about, as long as it is a case of the same person."""
        case = self._world.case_of(conversation)
        return case if case and self._world.are_one(case.participant_id, conversation.participant_id) else None

    def _read(self, contact: Contact, read: MessagesRead) -> Applied | Skipped:
        conversation = self._world.conversations.get(read.conversation_id)
        if conversation is None or conversation.case_id is None:
            return Skipped()
        case = self._case(conversation.case_id)
        return self._on_case(case, read, conversation=conversation, traceparent=contact.traceparent)

    def _delivery(self, given: DeliveryReport) -> Applied | Skipped:
        report = given.report
        case = self._world.cases.get(report.case_id)
        if case is None:
            return Skipped()
        place = (report.case_id, report.case_seq, report.channel)
        note = NoteDelivery(report, self._world.reached.get(place))
        done = self._on_case(case, note, traceparent=given.traceparent)
        if isinstance(done, Applied):
            self._world.reached[place] = further(note.reached, report.state)
        return done

    def _of_itself(self, given: OfItself) -> Applied | RulesRan | Skipped:
        if isinstance(given, RunRules):
            return run_rules(self._world, given, policy=self._policy, now=self._now)
        before = self._case(given.case_id)
        done = self._on_case(before, given, traceparent=given.traceparent)
        return done if self._case(given.case_id) is not before else Skipped()

    def _command(self, given: AgentCommand | JoinCommand | UseMacro) -> Applied | Skipped:
        case = self._world.numbered(given.number)
        if given.only_if is not None and case.version not in given.only_if:
            raise CaseChangedMeanwhile(case.version)
        if isinstance(given, JoinCommand):
            return self._join(case, given)
        wanted = given.conversation_id if isinstance(given, Reply | UseMacro) else None
        conversation = self._conversation(case, wanted)
        if isinstance(given, UseMacro):
            return self._use(case, given, conversation)
        return self._on_case(case, given, conversation=conversation, traceparent=given.traceparent)

    def _join(self, case: Case, given: JoinCommand) -> Applied:
        before = len(self._world.changed.recorded)
        joins = Joins(
            self._world, policy=self._policy, now=self._now, new_id=self._new_id, number=lambda: self._number(None)
        )
        after = joins.apply(case, given)
        written = (one.entry for one in self._world.changed.recorded[before:])
        seq = next((entry.seq for entry in written if entry.case_id == after.id), after.last_seq)
        return Applied(after.id, after.number, after.state, seq, after.last_seq)

    def _conversation(self, case: Case, wanted: str | None) -> Conversation:
        conversation = self._world.conversations.get(wanted or case.conversation_id or "")
        if conversation is None or not self._world.are_one(conversation.participant_id, case.participant_id):
            raise ConversationNotFound("Answer in a conversation of this case's participant")
        return conversation

    def _on_case(
        self,
        case: Case,
        given: ToOneCase,
        *,
        conversation: Conversation | None = None,
        traceparent: str | None = None,
        number: NumberGiven | None = None,
    ) -> Applied | Skipped:
        late, current = caught_up(case, now=self._now) if isinstance(given, AgentCommand) else ([], case)
        entries = decide(current, given, conversation=conversation, policy=self._policy, now=self._now)
        return self._written(
            case, entries, late=late, conversation=conversation, traceparent=traceparent, number=number
        )

    def _use(self, case: Case, given: UseMacro, conversation: Conversation) -> Applied:
        name = self._world.name_of(case.participant_id)
        late, current = caught_up(case, now=self._now)
        entries = use(current, given, conversation=conversation, participant=name, policy=self._policy, now=self._now)
        return self._written(case, entries, late=late, conversation=conversation, traceparent=given.traceparent)

    def _written(
        self,
        case: Case,
        entries: list[Entry],
        *,
        conversation: Conversation | None,
        traceparent: str | None,
        late: Sequence[Entry] = (),
        number: NumberGiven | None = None,
    ) -> Applied:
        """`late` are entries about clocks that ran out before, and belong in front of `entries`."""
        step = Step(numbers=[number] if number else [])
        after, sla = case, self._policy.sla
        if entries:
            written = [*late, *entries]
            after = step.record(written, case=case, conversation=conversation, traceparent=traceparent, sla=sla)
        self._world.accept(step)
        seq = entries[0].seq if entries else after.last_seq
        return Applied(after.id, after.number, after.state, seq, after.last_seq)

    def _case(self, case_id: str) -> Case:
        case = self._world.cases.get(case_id)
        if case is None:
            raise CaseNotFound("There is no case with this id")
        return case

    def _number(self, reference: str | None) -> str:
        """The number that the participant was told already, if it is a real one; otherwise the next of ours."""
        if reference is not None and self._is_free(reference):
            return reference
        while self._world.spare_numbers:
            number = self._world.spare_numbers.pop()
            if number not in self._world.numbers:
                return number
        raise CaseNumbersExhausted("This batch needs more numbers than were put aside for it")

    def _alias(self, reference: str | None) -> str | None:
        return reference if reference is not None and self._is_free(reference) else None

    def _is_free(self, number: str) -> bool:
        return number not in self._world.numbers and case_numbers.is_valid(number)

    @staticmethod
    def _give(step: Step, contact: Contact, number: str, case_id: str) -> None:
        """Remember the event with the number, so that the same event with another number finds the case."""
        step.numbers.append(NumberGiven(number, case_id, contact.source, contact.event_id))


def _found(similar: Similar | None) -> SimilarCaseFound | None:
    return SimilarCaseFound(similar.case.id, similar.case.number, round(similar.score, 2)) if similar else None
