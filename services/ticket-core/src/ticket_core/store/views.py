"""What is read of cases, as the API answers it and the console shows it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ticket_core.domain.fields import FieldValue


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A line of the list. `number` is ten plain digits; `waiting_since` is set while an answer is due.

    `due_at` is when the first of its running clocks is, or was, used up, `risk_at` when little is left of one; see
    `ClockView`.
    """

    id: str
    number: str
    state: str
    topic: str | None
    priority: str
    assignee_id: str | None
    assignee_name: str | None
    participant_id: str
    participant_name: str | None
    subject: str
    snippet: str
    last_kind: str | None
    channels: list[str]
    opened_at: datetime
    activity_at: datetime
    waiting_since: datetime | None
    last_seq: int
    due_at: datetime | None
    risk_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockView:
    """What the participant was promised of one thing (`kind`): `first_response`, `next_response`, `resolution`.

    `used_s` seconds of business time had passed at `as_of`: since then the clock is `running`, `paused` or `ended`.
    `target_s` is what `policy` promises, null where it promises nothing. `due_at` is when that is, or was, used up.
    """

    kind: str
    state: str
    policy: str
    begun_at: datetime
    as_of: datetime
    used_s: int
    target_s: int | None
    due_at: datetime | None
    breached: bool


@dataclass(frozen=True, slots=True)
class ConversationView:
    """`identity_kinds` are the kinds of address that its participant has named in it: ways to reach him."""

    id: str
    channel: str
    locale: str
    name: str | None
    last_seq: int
    read_seq: int
    identity_kinds: list[str]


@dataclass(frozen=True, slots=True)
class LinkView:
    """Another case, and what it is to the one at hand.

    `relation` is `parent`, `child`, `related`, `follow_up` or `predecessor`; or `split_from`, the case that this one
    was split off from, or `split_off`, one that was split off from this one.
    """

    relation: str
    number: str
    state: str
    topic: str | None
    subject: str
    participant_name: str | None


@dataclass(frozen=True, slots=True)
class CaseView(CaseSummary):
    """A case in full, without its timeline. `conversation_id` is where an answer goes that names no conversation.

    `reason` is why it is on hold or how it was resolved. `fields` are the values written down, by key of the field.
    """

    aliases: list[str]
    follow_up_of: str | None
    conversation_id: str | None
    resolved_at: datetime | None
    close_at: datetime | None
    reason: str | None
    tags: list[str]
    fields: dict[str, FieldValue]
    incident_id: str | None
    conversations: list[ConversationView]
    links: list[LinkView]
    clocks: list[ClockView]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One entry. `payload` depends on `kind`, see `ticket_core.domain.entries`.

    `included` are the entries of the case that was merged into this one, where the entry says so and as long as it is.

    `delivery` says, by channel, how far telling the participant this entry has come: sent, delivered, read, failed.

    `moved_to` is the number of the case that has what was said here now. There, the payload's `of` says where it was
    said.
    """

    seq: int
    kind: str
    at: datetime
    channel: str | None
    conversation_id: str | None
    conversation_seq: int | None
    author: str
    author_id: str | None
    author_name: str | None
    text: str
    state: str | None
    about: int | None
    payload: dict[str, Any] = field(default_factory=dict)
    delivery: dict[str, str] = field(default_factory=dict)
    moved_to: str | None = None
    included: list["TimelineItem"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IdentityView:
    """`assurance` is how much is known: `claimed` was only typed or shown by caller id."""

    kind: str
    value: str
    assurance: str


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """Who else may be the same person, and what speaks for it.

    `evidence` is all that they share, with how it was stated, the strongest first; `kind`, `value` and `assurance` are
    of the first. That they have the same name is evidence of the kind `name`.
    """

    participant_id: str
    participant_name: str | None
    kind: str
    value: str
    assurance: str
    state: str
    suggested_at: datetime
    case_numbers: list[str]
    evidence: list[IdentityView]


@dataclass(frozen=True, slots=True)
class MergedView:
    """A participant whom an agent found to be the same person as `merged_into`."""

    participant_id: str
    name: str | None
    merged_into: str


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """A person. `merged` are the participants who are part of him; what is shown is of all of them."""

    id: str
    name: str | None
    locale: str
    created_at: datetime
    identities: list[IdentityView]
    cases: list[CaseSummary]
    suggestions: list[SuggestionView]
    merged: list[MergedView]


@dataclass(frozen=True, slots=True)
class RecordingView:
    """Where in the vault a voicemail or attachment lies, and of which entry it is."""

    case_id: str
    seq: int
    vault_ref: str
    media_type: str
    name: str | None


@dataclass(frozen=True, slots=True)
class MatchView:
    """Where a search found something: `where` is `text`, `subject`, `name`, `number` or `address`.

    `seq` is the entry of the timeline whose text it was. `marks` are pieces of `snippet`, from and to (excluded), in
    characters (code points).
    """

    where: str
    seq: int | None
    snippet: str
    marks: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class CasePage:
    """`matches` says by the case's number where a search found it."""

    items: list[CaseSummary]
    next_cursor: str | None
    matches: dict[str, MatchView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """`next_cursor` is the `after` of the next page, or `None` when this is the end so far."""

    items: list[TimelineItem]
    next_cursor: str | None
