"""The timeline: what happened to a case, one entry after the other, never changed, never removed.

An entry says who, when and where; its `fact` says what. Everything the case is can be folded from them (`evolve`), so
an entry carries results, not rules: the state it led to is written down, and a later change of policy changes no past.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from kawal.contracts.case_events import CaseState, NoticeTemplate
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.interactions import FormAnswer, KeyPress
from kawal.contracts.words import Attachment, Author, Channel, IdentityKind
from ticket_core.domain.fields import FieldValue


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Relation(StrEnum):
    """What another case is to the one that says so."""

    PARENT = "parent"
    CHILD = "child"
    RELATED = "related"
    FOLLOW_UP = "follow_up"
    PREDECESSOR = "predecessor"


class EntryKind(StrEnum):
    OPENED = "opened"
    MESSAGE = "message"
    FORM = "form"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    NOTICE = "notice"
    STATE = "state"
    ASSIGNED = "assigned"
    TOPIC = "topic"
    NUMBER = "number"
    DELIVERY = "delivery"
    READ = "read"
    REPEATED = "repeated"
    SIMILAR = "similar"
    NOTE = "note"
    PRIORITY = "priority"
    TAGS = "tags"
    FIELDS = "fields"
    MERGED = "merged"
    ABSORBED = "absorbed"
    MERGE_UNDONE = "merge_undone"
    RELEASED = "released"
    LINKED = "linked"
    UNLINKED = "unlinked"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    PERSON_MERGED = "person_merged"
    PERSON_UNMERGED = "person_unmerged"
    INCIDENT = "incident"
    UPDATE = "update"
    AUTOMATIC_ANSWER = "automatic_answer"


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """`follow_up_of` is the id of the case that this one continues."""

    kind: ClassVar = EntryKind.OPENED
    number: str
    participant_id: str
    topic: str | None = None
    follow_up_of: str | None = None


@dataclass(frozen=True, slots=True)
class MessageWritten:
    kind: ClassVar = EntryKind.MESSAGE
    client_id: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class FormFilledIn:
    """The entry's text holds the answers as `label: value` lines; here they keep their structure."""

    kind: ClassVar = EntryKind.FORM
    form: str
    answers: tuple[FormAnswer, ...]


@dataclass(frozen=True, slots=True)
class VoicemailRecorded:
    kind: ClassVar = EntryKind.VOICEMAIL
    recording: Attachment
    path: tuple[KeyPress, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackAskedFor:
    kind: ClassVar = EntryKind.CALLBACK
    path: tuple[KeyPress, ...] = ()


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
class CaseMerged:
    """The case is part of the case `into_id` from now on: closed, and its numbers lead there."""

    kind: ClassVar = EntryKind.MERGED
    into_id: str
    into_number: str


@dataclass(frozen=True, slots=True)
class CaseAbsorbed:
    """The case `case_id` is part of this one from now on; `numbers` are all that led to it."""

    kind: ClassVar = EntryKind.ABSORBED
    case_id: str
    number: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeUndone:
    """The case is what it was before it became part of the case `from_id`."""

    kind: ClassVar = EntryKind.MERGE_UNDONE
    from_id: str
    from_number: str


@dataclass(frozen=True, slots=True)
class CaseReleased:
    """The case `case_id` is no part of this one any more; `numbers` lead to it again."""

    kind: ClassVar = EntryKind.RELEASED
    case_id: str
    number: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseLinked:
    """The case `case_id` is this one's `relation` from now on."""

    kind: ClassVar = EntryKind.LINKED
    relation: Relation
    case_id: str
    number: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseUnlinked:
    """The case `case_id` is not this one's `relation` any more."""

    kind: ClassVar = EntryKind.UNLINKED
    relation: Relation
    case_id: str
    number: str
    reason: str | None = None


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
    | IdentityLinked
    | IdentityUnlinked
    | PersonMerged
    | PersonUnmerged
    | IncidentChanged
    | UpdateTold
    | AutomaticAnswer
)
CONTRIBUTIONS = (MessageWritten, FormFilledIn, VoicemailRecorded, CallbackAskedFor)
"""What people say to one another; everything else is about the case."""


class Entry(NamedTuple):
    """One line of a timeline.

    `seq` counts from 1 without gaps in the case, `conversation_seq` in the conversation; the latter is set on exactly
    those entries that the participant may see. `state` is the state the case is in afterwards, where it changed.
    `about` is the `seq` of the entry that this one says something of.
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

    @property
    def message_id(self) -> str:
        return f"{self.case_id}/{self.seq}"
