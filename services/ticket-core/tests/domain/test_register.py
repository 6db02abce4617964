from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import BUDI, CHAT, NOW, PHONE, WEB, Desk, claimed, contact, form, identity, message
from kawal.contracts.words import Assurance, IdentityKind, Locale
from ticket_core.domain.case import identity_key
from ticket_core.domain.errors import ImportedMeanwhile
from ticket_core.domain.imports import Fault, ImportParticipants, Progress, Registered
from ticket_core.domain.inputs import MergePersons
from ticket_core.domain.register import Imported

OTHER_PHONE, MAIL = "+6285555555555", "siti@example.id"


def siti(
    number: str = "P-1",
    *,
    phone: str | None = PHONE,
    email: str | None = None,
    name: str | None = "Siti",
    line: int = 2,
) -> Registered:
    identities = [(IdentityKind.PARTICIPANT_NUMBER, number)]
    identities += [(IdentityKind.PHONE, phone)] if phone else []
    identities += [(IdentityKind.EMAIL, email)] if email else []
    return Registered(line, tuple(identities), name, Locale.ENGLISH)


def take(desk: Desk, *people: Registered, known: Progress | None = None, line: int = 10) -> Imported:
    before = known or desk.world.imports.get("file", Progress("file"))
    (done,) = desk.give(ImportParticipants(known=before, line=line, place=100, people=people))
    assert isinstance(done, Imported)
    return done


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.progress.created, done.progress.changed, done.progress.unchanged, done.progress.refused


def assurance(desk: Desk, kind: IdentityKind, value: str) -> Assurance:
    return desk.world.facts[identity_key(kind, value)].assurance


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestApply:
    def test_somebody_new_is_known_and_reaches_his_cases(self, desk: Desk) -> None:
        done = take(desk, siti(email=MAIL))
        assert counts(done) == (1, 0, 0, 0)
        (participant,) = desk.world.participants.values()
        assert (participant.name, participant.locale, participant.created_at) == ("Siti", Locale.ENGLISH, NOW)
        assert assurance(desk, IdentityKind.EMAIL, MAIL) is Assurance.VERIFIED
        first = desk.hear(message(identities=(identity(PHONE),)))
        assert desk.world.cases[first.case_id].participant_id == participant.id

    def test_twice_is_once(self, desk: Desk) -> None:
        take(desk, siti())
        before = dict(desk.world.participants), dict(desk.world.facts)
        assert counts(take(desk, siti(), siti())) == (1, 0, 2, 0)
        assert (desk.world.participants, desk.world.facts) == before

    def test_who_has_proven_it_is_the_one(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(PHONE),), name="Sit"))
        (before,) = desk.world.participants.values()
        assert counts(take(desk, siti(email=MAIL))) == (0, 1, 0, 0)
        (participant,) = desk.world.participants.values()
        assert participant == before._replace(name="Siti")
        assert assurance(desk, IdentityKind.PHONE, PHONE) is Assurance.VERIFIED
        told = [one.entry for one in desk.world.changed.recorded if one.entry.fact.kind == "identity_linked"]
        assert [(entry.author, entry.fact.identity) for entry in told] == [  # type: ignore[union-attr]
            ("system", "participant_number"),
            ("system", "phone"),
            ("system", "email"),
        ]

    def test_who_only_says_so_is_suggested(self, desk: Desk) -> None:
        desk.hear(message(identities=(claimed(PHONE),)))
        (claimant,) = desk.world.participants
        assert counts(take(desk, siti())) == (1, 0, 0, 0)
        (suggestion,) = desk.world.changed.suggestions
        assert claimant in (suggestion.participant_id, suggestion.other_id)
        take(desk, siti())
        assert len(desk.world.changed.suggestions) == 1

    def test_what_is_missing_takes_nothing_away(self, desk: Desk) -> None:
        take(desk, siti(email=MAIL))
        assert counts(take(desk, siti(phone=None, name=None))) == (1, 0, 1, 0)
        assert counts(take(desk, siti(phone=OTHER_PHONE, name="Siti A."))) == (1, 1, 1, 0)
        (participant,) = desk.world.participants.values()
        assert participant.name == "Siti A."
        assert {fact.value for fact in desk.world.facts.values()} == {"P-1", PHONE, OTHER_PHONE, MAIL}

    def test_a_phone_that_two_share_is_the_first_ones(self, desk: Desk) -> None:
        done = take(desk, siti(), siti("P-2", name="Ana", line=3))
        assert done.faults == (Fault(3, "phone", "another_participant_number"),)
        assert counts(done) == (1, 0, 0, 1)
        assert len(desk.world.participants) == 1
        assert identity_key(IdentityKind.PARTICIPANT_NUMBER, "P-2") not in desk.world.facts

    def test_what_belongs_to_two_people_makes_them_not_one(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(PHONE),)))
        mail = identity(MAIL, kind=IdentityKind.EMAIL)
        desk.hear(form(identities=(mail,), conversation=WEB))
        before = dict(desk.world.participants), dict(desk.world.facts)
        done = take(desk, siti(email=MAIL))
        assert done.faults == (Fault(2, "email", "several_people"),)
        assert (desk.world.participants, desk.world.facts) == before
        one, other = desk.people
        desk.give(MergePersons(participant_id=one, other_id=other, agent=BUDI))
        assert counts(take(desk, siti(email=MAIL))) == (0, 1, 0, 1)
        assert desk.world.facts[identity_key(IdentityKind.EMAIL, MAIL)].participant_id == other

    def test_a_number_of_one_of_the_people_that_are_one(self, desk: Desk) -> None:
        desk.hear(message(identities=(identity(PHONE),)))
        desk.hear(
            message(conversation="chat:bbbbbbbb", identities=(identity("P-1", kind=IdentityKind.PARTICIPANT_NUMBER),))
        )
        one, other = desk.people
        desk.give(MergePersons(participant_id=one, other_id=other, agent=BUDI))
        done = take(desk, siti("P-2"), siti("P-1", line=3))
        assert done.faults == (Fault(2, "phone", "another_participant_number"),)
        assert counts(done) == (0, 1, 0, 1)

    def test_a_file_that_went_on_meanwhile(self, desk: Desk) -> None:
        take(desk, siti(), line=10)
        with pytest.raises(ImportedMeanwhile):
            take(desk, siti("P-2"), known=Progress("file"))
        assert len(desk.world.participants) == 1
        assert take(desk, line=12).progress == Progress("file", 12, 100, 1)

    def test_faults_of_the_file_are_kept(self, desk: Desk) -> None:
        faults = (Fault(5, "phone", "no_phone"), Fault(5, "email", "no_email"), Fault(3, "", "quotes"))
        given = ImportParticipants(known=Progress("file"), line=5, place=1, people=(), faults=faults, finished=True)
        (done,) = desk.give(given)
        assert isinstance(done, Imported)
        assert [fault.line for fault in done.faults] == [3, 5, 5]
        assert (done.progress.refused, done.progress.finished) == (2, True)

    def test_goes_on_in_the_conversation(self, desk: Desk) -> None:
        """Who has no case hears of none; who has one goes on in it."""
        heard = desk.hear(message(identities=(identity(PHONE),)))
        take(desk, siti())
        assert desk.one(contact(message(conversation=CHAT, at=desk.now))).case_id == heard.case_id


PHONES, MAILS = [f"+62800000000{index}" for index in range(4)], [f"{name}@example.id" for name in "abcd"]
rows = st.lists(
    st.builds(
        siti,
        st.sampled_from(["P-1", "P-2", "P-3", "P-4"]),
        phone=st.none() | st.sampled_from(PHONES),
        email=st.none() | st.sampled_from(MAILS),
        name=st.none(),
        line=st.integers(2, 99),
    ),
    max_size=8,
)
contacts = st.lists(
    st.builds(
        lambda place, phone, assurance: message(
            conversation=f"chat:{place}-------", identities=(identity(phone, assurance=assurance),)
        ),
        st.integers(0, 3),
        st.sampled_from(PHONES),
        st.sampled_from(Assurance),
    ),
    max_size=5,
)


class TestAnyList:
    @given(contacts, rows, contacts, rows)
    @settings(max_examples=200, deadline=None)
    def test_makes_nobody_another_and_is_done_once(
        self, before: list[Any], first: list[Registered], between: list[Any], second: list[Registered]
    ) -> None:
        desk = Desk()
        for heard in before:
            desk.hear(heard)
        owners = {key: fact.participant_id for key, fact in desk.world.facts.items() if fact.participant_id}
        done = take(desk, *first)
        for heard in between:
            desk.hear(heard)
        take(desk, *second)
        facts = desk.world.facts
        assert {key: facts[key].participant_id for key in owners} == owners
        numbers = [fact for fact in facts.values() if fact.kind is IdentityKind.PARTICIPANT_NUMBER]
        assert len({fact.participant_id for fact in numbers}) == len(numbers), "one person has two numbers"
        refused = {fault.line for fault in done.faults}
        for person in first:
            if person.line not in refused:
                owned = {facts[identity_key(*one)].participant_id for one in person.identities}
                assert len(owned) == 1
        kept = dict(facts), dict(desk.world.participants)
        again = take(desk, *first, *second, known=Progress("another file"))
        assert (again.progress.created, again.progress.changed) == (0, 0)
        assert (facts, desk.world.participants) == kept
