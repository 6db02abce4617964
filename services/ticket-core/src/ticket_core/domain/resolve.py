"""Who is it? From what a contact says of itself, and what is known of those facts.

The rule that keeps people's cases apart: only a fact that was proven (`assurance.joins`) makes a contact somebody's.
What was merely typed or shown by caller id suggests to the agent, and never joins.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from kawal.contracts.words import Assurance, Identity, IdentityKind
from ticket_core.domain.case import Fact, Suggestion, identity_key


class Mention(NamedTuple):
    """An identity that a contact brought along."""

    key: bytes
    identity: Identity


class Resolution(NamedTuple):
    """Who it is: `participant_id`, or `None` for somebody new.

    `proven` are facts that become his, `claimed` those that he only says. `alike` are others who have or claim one of
    those facts.
    """

    participant_id: str | None
    proven: tuple[Mention, ...] = ()
    claimed: tuple[Mention, ...] = ()
    alike: tuple[tuple[str, Mention], ...] = ()

    def suggestions(self, participant_id: str) -> list[Suggestion]:
        return [
            Suggestion.between(
                participant_id, other, identity=mention.key, assurance=Assurance(mention.identity.assurance)
            )
            for other, mention in self.alike
            if other != participant_id
        ]


def conversation_key(conversation_id: str) -> bytes:
    return identity_key(IdentityKind.CONVERSATION, conversation_id)


def mentions(identities: Iterable[Identity]) -> list[Mention]:
    """What a contact says of itself besides its conversation's pseudonym."""
    return [
        Mention(identity_key(identity.kind, identity.value), identity)
        for identity in identities
        if identity.kind is not IdentityKind.CONVERSATION
    ]


def resolve(
    owner_id: str | None,
    mentioned: Iterable[Mention],
    *,
    facts: Mapping[bytes, Fact],
    claimants: Mapping[bytes, Collection[str]],
    person: Callable[[str], str] = lambda participant_id: participant_id,
) -> Resolution:
    """Who speaks in a conversation that belongs to `owner_id` (`None`: it is new).

    Whoever goes on in a conversation is the same person, whatever he proves there: if that points at somebody else, it
    is for an agent to say that the two are one. In a new conversation, proven facts decide; when they point at
    several participants, the one known longest (ids grow with time). `person` gives the same for all participants whom
    agents found to be one.
    """
    said = list(mentioned)
    proven = [mention for mention in said if mention.identity.assurance.joins]
    claimed = tuple(mention for mention in said if not mention.identity.assurance.joins)
    owners = {owner for mention in proven if (owner := _owner(mention, facts))}
    participant_id = owner_id or (min(owners) if owners else None)
    him = person(participant_id) if participant_id else None
    return Resolution(
        participant_id=participant_id,
        proven=tuple(one for one in proven if (owner := _owner(one, facts)) is None or person(owner) == him),
        claimed=claimed,
        alike=tuple(
            (other, mention) for mention in said for other in _alike(mention, facts, claimants) if person(other) != him
        ),
    )


def _owner(mention: Mention, facts: Mapping[bytes, Fact]) -> str | None:
    fact = facts.get(mention.key)
    return fact.participant_id if fact else None


def _alike(mention: Mention, facts: Mapping[bytes, Fact], claimants: Mapping[bytes, Collection[str]]) -> list[str]:
    owner = _owner(mention, facts)
    return [*([owner] if owner else []), *sorted(claimants.get(mention.key, ()))]
