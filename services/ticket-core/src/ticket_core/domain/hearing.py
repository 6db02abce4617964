"""What a contact says of who sent it, and how that changes what is known of him and of his conversation."""

from kawal.contracts.interactions import Interaction
from kawal.contracts.words import Assurance, Identity
from ticket_core.domain.case import Case, Conversation, Fact, Participant
from ticket_core.domain.resolve import Mention, mentions

MOST_IDENTITIES = 20
"""How many ways to reach its participant a conversation keeps; the latest stay."""
_STRENGTH = tuple(Assurance)


def news(interaction: Interaction, before: Conversation | None) -> list[Mention]:
    """What this contact says of itself that its conversation has not said before."""
    known = before.identities if before else ()
    return mentions(identity for identity in interaction.identities if not _is_known(identity, known))


def _is_known(identity: Identity, known: tuple[Identity, ...]) -> bool:
    """Whether the same was said before, and proven at least as well."""
    return any(_same(identity, one) and _strength(identity) <= _strength(one) for one in known)


def _same(one: Identity, other: Identity) -> bool:
    return one.value == other.value and one.kind is other.kind


def _strength(identity: Identity) -> int:
    return _STRENGTH.index(identity.assurance)


def proven(known: Fact | None, mention: Mention, participant_id: str) -> Fact:
    """The fact, of whoever had it before among those who are this person."""
    identity = mention.identity
    owner = known.participant_id if known and known.participant_id else participant_id
    before = known.assurance if known else Assurance.CLAIMED
    stronger = max(before, identity.assurance, key=_STRENGTH.index)
    return Fact(mention.key, identity.kind, identity.value, owner, stronger)


def heard(
    before: Conversation | None, interaction: Interaction, participant_id: str, mentioned: list[Mention]
) -> Conversation:
    new = tuple(mention.identity for mention in mentioned)
    if before is None:
        return Conversation(
            interaction.conversation_id,
            interaction.channel,
            participant_id,
            interaction.locale,
            interaction.name,
            new,
        )
    if not new and before.locale is interaction.locale and interaction.name in (None, before.name):
        return before
    kept = (one for one in before.identities if not any(_same(one, other) for other in new))
    return before._replace(
        locale=interaction.locale,
        name=interaction.name or before.name,
        identities=(*kept, *new)[-MOST_IDENTITIES:],
    )


def last_seen(participant: Participant, interaction: Interaction, case: Case) -> Participant:
    name = participant.name or interaction.name
    case_id = case.id if case.participant_id == participant.id else participant.last_case_id
    if (name, interaction.locale, case_id) == (participant.name, participant.locale, participant.last_case_id):
        return participant
    return participant._replace(name=name, locale=interaction.locale, last_case_id=case_id)
