"""The inputs of one transaction, sorted out by what has to be looked up for them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kawal.contracts.words import IdentityKind
from ticket_core.domain.case import Fact, identity_key
from ticket_core.domain.imports import ImportParticipants
from ticket_core.domain.inputs import (
    Command,
    Contact,
    DeliveryReport,
    IdentityCommand,
    LinkCases,
    MergeCases,
    OfItself,
    PersonCommand,
    RunRules,
    SplitCase,
    TwoCaseCommand,
    UndoSplit,
)
from ticket_core.domain.resolve import conversation_key, mentions


class Mentioned(NamedTuple):
    """What contacts say of themselves, as facts that nobody has proven yet, by their keys.

    `own` are the pseudonyms of their conversations, `said` everything else; `proven` are the keys of what they have
    proven of that.
    """

    own: dict[bytes, Fact]
    said: dict[bytes, Fact]
    proven: set[bytes]


@dataclass
class Batch:
    """The inputs of one transaction."""

    contacts: list[Contact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    of_people: list[PersonCommand] = field(default_factory=list)
    reports: list[DeliveryReport] = field(default_factory=list)
    of_itself: list[OfItself] = field(default_factory=list)
    imports: list[ImportParticipants] = field(default_factory=list)

    @cached_property
    def mentioned(self) -> Mentioned:
        found = Mentioned({}, {}, set())
        for contact in self.contacts:
            interaction = contact.interaction
            key = conversation_key(interaction.conversation_id)
            found.own[key] = Fact(key, IdentityKind.CONVERSATION, interaction.conversation_id)
            for mention in mentions(interaction.identities):
                found.said[mention.key] = Fact(mention.key, mention.identity.kind, mention.identity.value)
                if mention.identity.assurance.joins:
                    found.proven.add(mention.key)
        for given in self.of_people:
            if isinstance(given, IdentityCommand):
                found.said[given.key] = Fact(given.key, given.kind, given.value)
                found.proven.add(given.key)
        for person in (one for listed in self.imports for one in listed.people):
            for kind, value in person.identities:
                key = identity_key(kind, value)
                found.said[key] = Fact(key, kind, value)
                found.proven.add(key)
        return found

    @property
    def numbers_named(self) -> set[str]:
        """The numbers by which agents name cases."""
        named = {command.number for command in self.commands}
        return named | {command.other for command in self.commands if isinstance(command, TwoCaseCommand)}

    @property
    def ruled(self) -> set[str]:
        """The cases that rules may act on."""
        return {given.case_id for given in self.of_itself if isinstance(given, RunRules)}

    @property
    def looks_above(self) -> bool:
        """Whether it matters which cases are above which, and that this does not change meanwhile."""
        return any(isinstance(command, LinkCases | MergeCases | UndoSplit) for command in self.commands)

    @property
    def looks_around(self) -> bool:
        """Whether it matters what cases are part of those that agents name."""
        return any(isinstance(command, TwoCaseCommand | UndoSplit) for command in self.commands)

    @property
    def splits(self) -> list[SplitCase | UndoSplit]:
        """Those that look at whole timelines."""
        return [command for command in self.commands if isinstance(command, SplitCase | UndoSplit)]

    @property
    def most_new_cases(self) -> int:
        return len(self.contacts) + sum(isinstance(command, SplitCase) for command in self.commands)
