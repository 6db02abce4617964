"""What stands in the timelines of two cases at once: each says what the other is to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from kawal.contracts.words import Channel
from ticket_core.domain.kinds import EntryKind, Relation


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


class Said(NamedTuple):
    """What a case is by what was said in it: the members of `Case` of the same names."""

    subject: str
    snippet: str
    last_kind: EntryKind | None
    gist: str
    heard: tuple[str, ...]
    channels: tuple[Channel, ...]
    conversation_id: str | None
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class EntriesMoved:
    """What was said in the entries `seqs` is the case `case_id`'s from now on, which was split off for it.

    `conversations` go on there, until their participant speaks here again. `said` is what this case is without them.
    """

    kind: ClassVar = EntryKind.ENTRIES_MOVED
    case_id: str
    number: str
    seqs: tuple[int, ...]
    conversations: tuple[str, ...]
    reason: str
    said: Said


@dataclass(frozen=True, slots=True)
class SplitOff:
    """What stands above was said in the case `from_id`, and was split off from it."""

    kind: ClassVar = EntryKind.SPLIT_OFF
    from_id: str
    from_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class EntriesReturned:
    """What was moved to the case `case_id`, `seqs`, is here as before, and that case, with `numbers`, part of this one.

    `said` is what this case is with them. There, the participant was answered last at `answered_at`, and waits since
    `waiting_since`.
    """

    kind: ClassVar = EntryKind.ENTRIES_RETURNED
    case_id: str
    number: str
    numbers: tuple[str, ...]
    reason: str | None
    answered_at: datetime | None
    waiting_since: datetime | None
    said: Said
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitUndone:
    """The case is part of the case `into_id`, which it had been split off from."""

    kind: ClassVar = EntryKind.SPLIT_UNDONE
    into_id: str
    into_number: str
    reason: str | None = None
