from core_factories import PHONE, claimed, identity
from kawal.contracts.words import Assurance, Identity, IdentityKind
from ticket_core.domain.case import Fact, identity_key
from ticket_core.domain.resolve import Resolution, mentions, resolve

OLD, YOUNG = "0001", "0002"
EMAIL = "siti@example.id"


def owned(owner: str | None, value: str = PHONE, kind: IdentityKind = IdentityKind.PHONE) -> dict[bytes, Fact]:
    key = identity_key(kind, value)
    assurance = Assurance.POSSESSED if owner else Assurance.CLAIMED
    return {key: Fact(key, kind, value, owner, assurance)}


def who(
    *identities: Identity,
    owner: str | None = None,
    facts: dict[bytes, Fact] | None = None,
    claimants: dict[bytes, set[str]] | None = None,
) -> Resolution:
    return resolve(owner, mentions(identities), facts=facts or {}, claimants=claimants or {})


def email(*, assurance: Assurance = Assurance.POSSESSED) -> Identity:
    return identity(EMAIL, kind=IdentityKind.EMAIL, assurance=assurance)


class TestResolve:
    def test_nobody_known(self) -> None:
        assert who().participant_id is None

    def test_the_conversation_is_somebodys(self) -> None:
        assert who(owner=OLD).participant_id == OLD

    def test_a_proven_fact_joins(self) -> None:
        assert who(identity(), facts=owned(OLD)).participant_id == OLD

    def test_a_claimed_fact_never_joins(self) -> None:
        found = who(claimed(), facts=owned(OLD))
        assert found.participant_id is None
        assert found.proven == ()
        assert [other for other, _ in found.alike] == [OLD]

    def test_a_claim_does_not_steal(self) -> None:
        found = who(claimed(), owner=YOUNG, facts=owned(OLD))
        assert found.participant_id == YOUNG
        assert found.proven == ()
        assert [one.assurance for one in found.suggestions(YOUNG)] == [Assurance.CLAIMED]

    def test_several_proven_the_one_known_longest(self) -> None:
        facts = owned(YOUNG) | owned(OLD, EMAIL, IdentityKind.EMAIL)
        found = who(identity(), email(), facts=facts)
        assert found.participant_id == OLD
        assert {mention.identity.value for mention in found.proven} == {EMAIL}
        assert [(one.participant_id, one.other_id) for one in found.suggestions(OLD)] == [(OLD, YOUNG)]

    def test_the_conversation_comes_first(self) -> None:
        found = who(identity(), owner=YOUNG, facts=owned(OLD))
        assert found.participant_id == YOUNG
        assert found.proven == ()
        assert [one.assurance for one in found.suggestions(YOUNG)] == [Assurance.POSSESSED]

    def test_a_proven_fact_that_was_only_claimed_so_far(self) -> None:
        key = identity_key(IdentityKind.PHONE, PHONE)
        found = who(identity(), owner=YOUNG, facts=owned(None), claimants={key: {OLD, YOUNG}})
        assert [mention.key for mention in found.proven] == [key]
        assert [one.other_id for one in found.suggestions(YOUNG)] == [YOUNG]

    def test_others_with_the_same_claim(self) -> None:
        key = identity_key(IdentityKind.PHONE, PHONE)
        found = who(claimed(), claimants={key: {OLD}})
        assert [other for other, _ in found.alike] == [OLD]

    def test_nobody_is_like_himself(self) -> None:
        assert who(claimed(), owner=OLD, facts=owned(OLD)).suggestions(OLD) == []

    def test_a_conversations_pseudonym_is_not_what_a_contact_may_say(self) -> None:
        pseudonym = identity("chat:zzzzzzzz", kind=IdentityKind.CONVERSATION)
        assert mentions([pseudonym]) == []
