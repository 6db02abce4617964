"""Everything that can happen to a case, from whatever side it comes. All of it goes through one `apply`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kawal.contracts.deliveries import DeliveryReported
from kawal.contracts.interactions import Interaction
from kawal.contracts.words import IdentityKind
from ticket_core.domain.case import Agent, identity_key
from ticket_core.domain.clocks import Clocks
from ticket_core.domain.entries import DueChanged
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.imports import ImportParticipants
from ticket_core.domain.kinds import Priority, Relation
from ticket_core.domain.macros import Macro
from ticket_core.domain.occasions import Occasion
from ticket_core.domain.placeholders import Gaps
from ticket_core.domain.roster import Roster
from ticket_core.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Contact:
    """A participant did something. `(source, event_id)` is the event's identity for deduplication."""

    source: str
    event_id: str
    interaction: Interaction
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """An edge or notifier says what became of telling a participant something."""

    source: str
    event_id: str
    report: DeliveryReported
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """An agent's idempotency key: within `scope`, the same `key` and `fingerprint` is the same command, done once."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An agent wants something."""

    agent: Agent
    once: Once | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Wish):
    """Something is to be done with a case. `number` is any number of it, ten plain digits.

    `only_if` are versions of the case (`Case.version`) as the agent knows it: with any other, it is refused.
    """

    number: str
    only_if: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCommand(Wish):
    """Something is to be said of who somebody is. `participant_id` is any participant who is that person."""

    participant_id: str
    reason: str | None = None

    @property
    def participants(self) -> tuple[str, ...]:
        """Whom it is about."""
        return (self.participant_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCommand(PersonCommand):
    """Something is to be said of two people."""

    other_id: str

    @property
    def participants(self) -> tuple[str, ...]:
        return (self.participant_id, self.other_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePersons(PairCommand):
    """`other_id` is the same person as `participant_id`, and is shown as part of him from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSuggestion(PairCommand):
    """Two who were suggested are the same person; the one known longer is shown from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissSuggestion(PairCommand):
    """Two who were suggested are not the same person, and shall not be suggested again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCommand(PersonCommand):
    """Something is to be said of an identity; `value` is normalised by `kawal.identities`, and a reason is given."""

    kind: IdentityKind
    value: str

    @property
    def key(self) -> bytes:
        return identity_key(self.kind, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkIdentity(IdentityCommand):
    """An agent has checked that it is this person's: verified from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkIdentity(IdentityCommand):
    """It is not this person's: nobody has proven it from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergePerson(PersonCommand):
    """`participant_id`, who was merged into somebody, is a person of his own after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Command):
    """Tell the participant `text`, in the conversation of his last entry unless `conversation_id` is given."""

    text: str
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(Command):
    """The problem is solved; the participant is told so. `reason` says how, for the desk only."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """It was not solved after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """`assignee` takes over; `None` gives the case back."""

    assignee: Agent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTopic(Command):
    topic: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pend(Command):
    """It waits for the participant, who brings it back by writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Command):
    """It waits for a third party; `reason` is a key of `programme/reasons.yaml`."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """It waits for nobody any more: work goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteNote(Command):
    """For colleagues only. `mentions` are ids of agents who shall see it."""

    text: str
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prioritise(Command):
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTags(Command):
    """Take `remove` off the case, then put `add` on it."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFields(Command):
    """Write values down, by the key of the field; `None` takes one away."""

    values: Mapping[str, FieldValue | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCases(Command):
    """The case of which `other` is a number becomes part of this one."""

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMerge(Command):
    """The case whose own number is `other` is no part of this one after all."""

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCases(Command):
    """The case of which `other` is a number is this one's `relation`."""

    other: str
    relation: Relation
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkCases(Command):
    """The case of which `other` is a number has nothing to do with this one after all."""

    other: str
    reason: str | None = None


class GoesOn(StrEnum):
    """Where the conversations go on of which something is moved: where their newest entry is, or as the agent says."""

    NEWEST = "newest"
    NEW_CASE = "new_case"
    THIS_CASE = "this_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCase(Command):
    """What was said in `entries` is about another problem: a new case of its own, about `topic`.

    With `onwards`, so is all that came behind each of them in its conversation.
    """

    entries: tuple[int, ...]
    onwards: bool = False
    goes_on: GoesOn = GoesOn.NEWEST
    topic: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoSplit(Command):
    """The case was no other problem after all: it is part of the one that it was split off from."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinIncident(Command):
    """The case has the cause that the incident is about. `title` is the incident's, by language."""

    incident_id: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveIncident(Command):
    """It has another cause after all."""

    incident_id: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellUpdate(Command):
    """Tell the participant the incident's `update` in his language, one of `texts`; done once however often asked."""

    incident_id: str
    update: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMacro(Command):
    """Answer with the macro's words, or with `text` instead, and do all else that it does; or nothing of it."""

    macro: Macro
    gaps: Gaps
    roster: Roster
    text: str | None = None
    conversation_id: str | None = None


class TimerKind(StrEnum):
    """`CLOSE`: a resolved case is over. `SLA`: a clock is due, or nearly."""

    CLOSE = "close"
    SLA = "sla"


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A time that a case was waiting for has come. Stale ones, whose time was moved meanwhile, change nothing."""

    case_id: str
    timer: TimerKind
    due_at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RouteCase:
    """Routing gives the case from `holder_id` (nobody, mostly) to `assignee`, or back to the queue.

    It changes nothing when the case is no longer as routing saw it: what an agent did meanwhile stands.
    """

    case_id: str
    holder_id: str | None
    assignee: Agent | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class SetClocks:
    """The clocks of a case were counted again; `changes` says what that made of them.

    It changes nothing when something was written to the case behind `last_seq`.
    """

    case_id: str
    last_seq: int
    clocks: Clocks
    changes: tuple[DueChanged, ...]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """Show an entry of the case to `rules`, in their order. Each acts on it once, however often it is shown."""

    case_id: str
    occasion: Occasion
    rules: tuple[Rule, ...]
    gaps: Gaps
    traceparent: str | None = None


StateCommand = Pend | Hold | Resume
DetailCommand = WriteNote | Prioritise | ChangeTags | SetFields
IncidentCommand = JoinIncident | LeaveIncident | TellUpdate
AgentCommand = Reply | Resolve | Reopen | Assign | ChangeTopic | StateCommand | DetailCommand | IncidentCommand
TwoCaseCommand = MergeCases | LinkCases | UnlinkCases
"""Those in which `other` is any number of a second case."""
SplitCommand = SplitCase | UndoSplit
JoinCommand = TwoCaseCommand | UndoMerge | SplitCommand
OfItself = TimerFired | RouteCase | SetClocks | RunRules
"""What nobody asked for: it names its case by id."""
Input = Contact | DeliveryReport | AgentCommand | JoinCommand | PersonCommand | OfItself | UseMacro | ImportParticipants
