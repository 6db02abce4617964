"""Whom the demonstration has sent, so that its agent leaves everybody else's cases alone."""

from dataclasses import dataclass, field

from kawal.case_numbers import parse
from kawal_bench.clients.agent import Item


@dataclass(frozen=True, slots=True)
class Visitors:
    """Each door notes what it knows: a chat its conversation, a form its receipt, a call the phone it came from."""

    conversations: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)

    def have_number(self, told: str | None) -> None:
        if told is not None and (number := parse(told)) is not None:
            self.numbers.add(number)

    def opened(self, case: Item) -> bool:
        """Whether one of them has written in `case` on a chat, or was told one of its numbers."""
        theirs = {conversation["id"] for conversation in case["conversations"]}
        return not self.conversations.isdisjoint(theirs) or not self.numbers.isdisjoint(
            {case["number"], *case["aliases"]}
        )

    def have_called(self, case: Item, participant: Item) -> bool:
        """Whether `case` has a call of `participant`, who is one of them."""
        called = any(conversation["channel"] == "voice" for conversation in case["conversations"])
        return called and any(identity["value"] in self.phones for identity in participant["identities"])
