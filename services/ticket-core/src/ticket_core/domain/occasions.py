"""What rules answer to: an entry of a timeline, with what conditions may ask about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import get_args

from kawal.contracts.words import Author, Channel, Locale
from ticket_core.domain.entries import CONTRIBUTIONS, CaseOpened, Entry, EntryFact, is_copy
from ticket_core.domain.kinds import EntryKind
from ticket_core.domain.language import Lexicon
from ticket_core.domain.roster import Roster

CONTACT, REPLY, STATE = "contact", "reply", str(EntryKind.STATE)
EVENTS = frozenset({*map(str, EntryKind), CONTACT, REPLY})
"""What a rule may wait for: every kind of entry, whoever adds one; a participant's contribution; an agent's."""
RULE = "rule"
_BY_RULE = f"{RULE}:"
_MEMBERS: Mapping[str, frozenset[str]] = {
    str(fact.kind): frozenset(one.name for one in fields(fact)) for fact in get_args(EntryFact)
}


def rule_id(key: str) -> str:
    """The `author_id` of what the rule `key` writes."""
    return _BY_RULE + key


def rule_of(author_id: str | None) -> str | None:
    """The key of the rule that wrote it, if one did."""
    return author_id.removeprefix(_BY_RULE) if author_id and author_id.startswith(_BY_RULE) else None


def members_of(events: frozenset[str]) -> frozenset[str]:
    """What entries of these kinds say besides their text."""
    return frozenset(name for event in events for name in _MEMBERS.get(event, ()))


def events_of(kind: str, author: str, *, moved: bool) -> frozenset[str]:
    """What happens by an entry; `moved`, if it changes the state of the case."""
    events = {kind}
    if kind in _SAID:
        events |= {CONTACT} if author == Author.PARTICIPANT else {REPLY} if author == Author.AGENT else set()
    if moved and kind != EntryKind.OPENED:
        events.add(STATE)
    return frozenset(events)


_SAID = frozenset(str(fact.kind) for fact in CONTRIBUTIONS)


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """`text` is what was said; of an opened case, what it was opened with. `language` is the conversation's."""

    entry: Entry
    text: str = ""
    language: Locale | None = None
    lexicon: Lexicon = field(default_factory=Lexicon)
    roster: Roster = field(default_factory=Roster)

    @property
    def seq(self) -> int:
        return self.entry.seq

    @property
    def at(self) -> datetime:
        return self.entry.at

    @property
    def channel(self) -> Channel | None:
        return self.entry.channel

    @property
    def author(self) -> str:
        return RULE if rule_of(self.entry.author_id) is not None else self.entry.author

    @cached_property
    def events(self) -> frozenset[str]:
        if is_copy(self.entry):  # it happened where it was said
            return frozenset()
        return events_of(self.entry.fact.kind, self.entry.author, moved=self.entry.state is not None)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the text, as the lexicon has them."""
        return self.lexicon.content(self.text).words

    def member(self, name: str) -> str | None:
        """What the entry says of itself under this name, as a word."""
        value = getattr(self.entry.fact, name, None)
        return None if value is None else str(value)


def opens(entry: Entry) -> bool:
    """Whether what was said stands in the next entry."""
    return isinstance(entry.fact, CaseOpened)
