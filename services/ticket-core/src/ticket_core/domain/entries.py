"""The timeline: what happened to a case, one entry after the other, never changed, never removed.

An entry says who, when and where; its `fact` says what. Everything the case is can be folded from them (`evolve`), so
an entry carries results, not rules: the state it led to is written down, and a later change of policy changes no past.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from kawal.contracts.case_events import CaseState, NoticeTemplate
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.interactions import FormAnswer, KeyPress
from kawal.contracts.words import Attachment, Author, Channel, IdentityKind
from ticket_core.domain.clocks import ClockKind, Clocks
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.kinds import EntryKind, Priority
from ticket_core.domain.pair_entries import (
    CaseAbsorbed,
    CaseLinked,
    CaseMerged,
    CaseReleased,
    CaseUnlinked,
    EntriesMoved,
    EntriesReturned,
    MergeUndone,
    SplitOff,
    SplitUndone,
)


@dataclass(frozen=True, slots=True)
class Original:
    """Where it was said, of something that was moved to another case."""

    case_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """`follow_up_of` is the id of the case that this one continues. Of one that was split off, it has an original."""

    kind: ClassVar = EntryKind.OPENED
    number: str
    participant_id: str
    topic: str | None = None
    follow_up_of: str | None = None
    of: Original | None = None


@dataclass(frozen=True, slots=True)
class MessageWritten:
    kind: ClassVar = EntryKind.MESSAGE
    client_id: str | None = None
    attachments: tuple[Attachment, ...] = ()
    of: Original | None = None


@dataclass(frozen=True, slots=True)
class FormFilledIn:
    """The entry's text holds the answers as `label: value` lines; here they keep their structure."""

    kind: ClassVar = EntryKind.FORM
    form: str
    answers: tuple[FormAnswer, ...]
    of: Original | None = None


@dataclass(frozen=True, slots=True)
class VoicemailRecorded:
    kind: ClassVar = EntryKind.VOICEMAIL
    recording: Attachment
    path: tuple[KeyPress, ...] = ()
    of: Original | None = None


@dataclass(frozen=True, slots=True)
class CallbackAskedFor:
    kind: ClassVar = EntryKind.CALLBACK
    path: tuple[KeyPress, ...] = ()
    of: Original | None = None


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """The system told the participant something; notifier found the words."""

    kind: ClassVar = EntryKind.NOTICE
    template: NoticeTemplate


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A change that no message made. `close_at` is when a resolved case will be closed.

    `reason` says why it is on hold, or how it was resolved: a key of `programme/reasons.yaml`.
    """

    kind: ClassVar = EntryKind.STATE
    close_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseAssigned:
    kind: ClassVar = EntryKind.ASSIGNED
    assignee_id: str | None
    assignee_name: str | None = None


@dataclass(frozen=True, slots=True)
class TopicChanged:
    kind: ClassVar = EntryKind.TOPIC
    topic: str | None


@dataclass(frozen=True, slots=True)
class NumberAdded:
    """A participant was told another number before the case was known; it works everywhere from now on."""

    kind: ClassVar = EntryKind.NUMBER
    number: str


@dataclass(frozen=True, slots=True)
class DeliveryNoted:
    """What became of telling the participant the entry that this one is `about`."""

    kind: ClassVar = EntryKind.DELIVERY
    delivery_id: str
    state: DeliveryState
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationRead:
    """The participant has seen the conversation up to `up_to` (a `conversation_seq`)."""

    kind: ClassVar = EntryKind.READ
    up_to: int


@dataclass(frozen=True, slots=True)
class ContentRepeated:
    """The entry that this one is `about` says the same as the entry `of`, which came shortly before."""

    kind: ClassVar = EntryKind.REPEATED
    of: int


@dataclass(frozen=True, slots=True)
class SimilarCaseFound:
    """Another case of the participant may be about the same problem; it is for an agent to say.

    `score` is how alike the words are, 0 to 1.
    """

    kind: ClassVar = EntryKind.SIMILAR
    case_id: str
    number: str
    score: float


@dataclass(frozen=True, slots=True)
class NoteWritten:
    """Agents among themselves: the entry's text never leaves the desk. `mentions` are ids of agents to be told."""

    kind: ClassVar = EntryKind.NOTE
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    kind: ClassVar = EntryKind.PRIORITY
    priority: Priority


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """`tags` are all that the case has afterwards, in the order in which they were put on it."""

    kind: ClassVar = EntryKind.TAGS
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldsChanged:
    """The new values, by the key of the field; `None` takes one away. Fields that are not named stay."""

    kind: ClassVar = EntryKind.FIELDS
    values: dict[str, FieldValue | None]


@dataclass(frozen=True, slots=True)
class IdentityLinked:
    """An agent has checked that an identity is the participant's. Which one is known by its participant, not here."""

    kind: ClassVar = EntryKind.IDENTITY_LINKED
    identity: IdentityKind
    reason: str


@dataclass(frozen=True, slots=True)
class IdentityUnlinked:
    kind: ClassVar = EntryKind.IDENTITY_UNLINKED
    identity: IdentityKind
    reason: str


@dataclass(frozen=True, slots=True)
class PersonMerged:
    """An agent found that two participants are one person: `participant_id` is now part of `into_id`."""

    kind: ClassVar = EntryKind.PERSON_MERGED
    participant_id: str
    into_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PersonUnmerged:
    """They are two people after all. `answer_in` is where answers go now, if the other one had spoken last."""

    kind: ClassVar = EntryKind.PERSON_UNMERGED
    participant_id: str
    from_id: str
    reason: str | None = None
    answer_in: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """The case is one of an incident's from now on, or of none. `title` is the incident's, by language."""

    kind: ClassVar = EntryKind.INCIDENT
    incident_id: str | None
    title: dict[str, str]


@dataclass(frozen=True, slots=True)
class UpdateTold:
    """The participant was told what is new of the incident, as all of its cases' were; it answers nobody's question.

    `update` counts the updates of the incident from 1.
    """

    kind: ClassVar = EntryKind.UPDATE
    incident_id: str
    update: int


@dataclass(frozen=True, slots=True)
class AutomaticAnswer:
    """A rule told the participant something. It ends no waiting: that is for people to do."""

    kind: ClassVar = EntryKind.AUTOMATIC_ANSWER


@dataclass(frozen=True, slots=True)
class SlaWarned:
    """Little is left of what `policy` promised: the clock is due at `due_at`."""

    kind: ClassVar = EntryKind.SLA_WARNED
    clock: ClockKind
    due_at: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class SlaBreached:
    """What `policy` promised by `due_at` was not done."""

    kind: ClassVar = EntryKind.SLA_BREACHED
    clock: ClockKind
    due_at: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class DueChanged:
    """When a clock was due, and is now; `None`: never, or not while it is paused."""

    clock: ClockKind
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class SlaChanged:
    """The clocks were counted again, by other policies; see `recompute`."""

    kind: ClassVar = EntryKind.SLA_CHANGED
    changes: tuple[DueChanged, ...] = ()


EntryFact = (
    CaseOpened
    | MessageWritten
    | FormFilledIn
    | VoicemailRecorded
    | CallbackAskedFor
    | NoticeGiven
    | StateChanged
    | CaseAssigned
    | TopicChanged
    | NumberAdded
    | DeliveryNoted
    | ConversationRead
    | ContentRepeated
    | SimilarCaseFound
    | NoteWritten
    | PriorityChanged
    | TagsChanged
    | FieldsChanged
    | CaseMerged
    | CaseAbsorbed
    | MergeUndone
    | CaseReleased
    | CaseLinked
    | CaseUnlinked
    | EntriesMoved
    | SplitOff
    | EntriesReturned
    | SplitUndone
    | IdentityLinked
    | IdentityUnlinked
    | PersonMerged
    | PersonUnmerged
    | IncidentChanged
    | UpdateTold
    | AutomaticAnswer
    | SlaWarned
    | SlaBreached
    | SlaChanged
)
Contribution = MessageWritten | FormFilledIn | VoicemailRecorded | CallbackAskedFor
CONTRIBUTIONS = (MessageWritten, FormFilledIn, VoicemailRecorded, CallbackAskedFor)
"""What people say to one another; everything else is about the case. Those that have an original (`of`) are copies."""


class Entry(NamedTuple):
    """One line of a timeline.

    `seq` counts from 1 without gaps in the case, `conversation_seq` in the conversation; the latter is set on exactly
    those entries that the participant may see. `state` is the state the case is in afterwards, where it changed.
    `about` is the `seq` of the entry that this one says something of. `clocks` are what they are afterwards, where that
    changed.
    """

    case_id: str
    seq: int
    at: datetime
    author: Author
    fact: EntryFact
    author_id: str | None = None
    author_name: str | None = None
    channel: Channel | None = None
    conversation_id: str | None = None
    conversation_seq: int | None = None
    text: str = ""
    state: CaseState | None = None
    about: int | None = None
    clocks: Clocks | None = None

    @property
    def message_id(self) -> str:
        return f"{self.case_id}/{self.seq}"


def is_copy(entry: Entry) -> bool:
    """Whether it was said in another case, and nothing new happened by it."""
    return isinstance(entry.fact, (CaseOpened, *CONTRIBUTIONS)) and entry.fact.of is not None
