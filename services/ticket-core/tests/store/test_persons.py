"""One person or two, as agents say, on the real database."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, claimed, contact, form, identity, message, number, read
from core_tables import rows
from kawal.contracts.words import IdentityKind
from sla_factories import policy
from ticket_core.domain.errors import (
    IdentityNotLinked,
    IdentityTaken,
    NotMerged,
    ParticipantNotFound,
    SamePerson,
    SuggestionNotFound,
)
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import (
    AcceptSuggestion,
    DismissSuggestion,
    IdentityCommand,
    Input,
    LinkCases,
    LinkIdentity,
    MergePersons,
    Once,
    Reply,
    Resolve,
    UnlinkIdentity,
    UnmergePerson,
)
from ticket_core.domain.kinds import Relation
from ticket_core.domain.persons import PersonChanged
from ticket_core.domain.policy import Policy
from ticket_core.rebuild import differences
from ticket_core.store.filters import CaseFilter
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.people import People
from ticket_core.store.queries import CaseQueries
from ticket_core.store.store import CaseStore, Outcome

pytestmark = pytest.mark.integration

INCENTIVE, TRAINING = "Insentif saya belum cair dari bulan lalu", "Sertifikat pelatihan belum terbit di akun saya"


async def assert_true(engine: AsyncEngine) -> None:
    """What is kept is what the timelines, and the agents, say."""
    assert [str(found) async for found in differences(engine)] == []


async def one(store: CaseStore, given: Input) -> Outcome:
    return (await store.apply([given]))[0]


async def came(
    store: CaseStore, engine: AsyncEngine, phone: str, text: str, *, via: str = "chat", name: str | None = None
) -> tuple[str, Applied]:
    """Somebody new with a problem: his id, and his case."""
    applied = await one(
        store,
        contact(message(text, conversation=f"{via}:{phone:0>8}", name=name, identities=(identity(f"+{phone}"),))),
    )
    assert isinstance(applied, Applied)
    found = await rows(engine, f"SELECT participant_id::text FROM core.cases WHERE id = '{applied.case_id}'")
    return found[0][0], applied


def merge(into: str, other: str) -> MergePersons:
    return MergePersons(participant_id=into, other_id=other, agent=BUDI, reason="Sama nama dan tanggal lahir")


def unmerge(participant: str) -> UnmergePerson:
    return UnmergePerson(participant_id=participant, agent=BUDI)


async def kept(engine: AsyncEngine) -> list[Any]:
    """All that is known, but for what says that it was merged and unmerged."""
    return [
        await rows(
            engine,
            "SELECT id, name, locale, last_case_id, merged_into, group_id FROM core.participants ORDER BY id",
        ),
        await rows(engine, "SELECT * FROM core.conversations ORDER BY id"),
        await rows(engine, "SELECT * FROM core.identities ORDER BY key"),
        await rows(
            engine,
            "SELECT id, state, conversation_id, activity_at, channels, waiting_since FROM core.cases ORDER BY id",
        ),
    ]


class TestMerge:
    async def test_is_one_person_everywhere(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, first = await came(store, engine, "621", INCENTIVE)
        other, second = await came(store, engine, "622", TRAINING)
        assert await one(store, merge(siti, other)) == PersonChanged(siti)
        shown = await People(engine).participant(other)
        assert (shown.id, [one.participant_id for one in shown.merged]) == (siti, [other])
        assert {case.number for case in shown.cases} == {first.number, second.number}
        assert {one.value for one in shown.identities} == {"+621", "+622"}
        await assert_true(engine)

    async def test_has_one_name_wherever_his_cases_are_listed(self, store: CaseStore, engine: AsyncEngine) -> None:
        (siti, _), (other, second), (_, third) = [
            await came(store, engine, phone, TRAINING, name=name)
            for phone, name in (("621", "Siti Aminah"), ("622", "Bu Siti"), ("623", None))
        ]
        await one(store, LinkCases(number=third.number, other=second.number, relation=Relation.RELATED, agent=BUDI))

        async def names() -> set[str | None]:
            listed = (await CaseQueries(engine).list(CaseFilter())).items
            view = await CaseQueries(engine).case(third.number)
            of_second = [case.participant_name for case in listed if case.number == second.number]
            return {*of_second, *(link.participant_name for link in view.links)}

        assert await names() == {"Bu Siti"}
        await one(store, merge(siti, other))
        assert await names() == {"Siti Aminah"}
        await one(store, unmerge(other))
        assert await names() == {"Bu Siti"}

    async def test_what_either_proves_reaches_the_cases_of_both(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, first = await came(store, engine, "621", INCENTIVE)
        other, _ = await came(store, engine, "622", TRAINING)
        await one(store, merge(siti, other))
        again = await one(store, contact(form(("Masalah", INCENTIVE), identities=(identity("+622"),))))
        assert isinstance(again, Applied)
        assert again.case_id == first.case_id
        await assert_true(engine)

    async def test_is_told_in_the_cases_of_both(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        other, _ = await came(store, engine, "622", TRAINING)
        await one(store, merge(siti, other))
        await one(store, unmerge(other))
        told = await rows(
            engine,
            "SELECT kind, author_name, count(*) FROM core.timeline WHERE kind LIKE 'person%' GROUP BY 1, 2 ORDER BY 1",
        )
        assert told == [("person_merged", "Budi", 2), ("person_unmerged", "Budi", 2)]
        said = await rows(engine, "SELECT kind, reason FROM core.said_of_people ORDER BY id")
        assert said == [("merged", "Sama nama dan tanggal lahir"), ("unmerged", None)]

    async def test_once_for_one_key(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        other, _ = await came(store, engine, "622", TRAINING)
        once = Once(scope=BUDI.id, key="key-0001", fingerprint="f")
        command = MergePersons(participant_id=siti, other_id=other, agent=BUDI, once=once)
        assert await one(store, command) == await one(store, command) == PersonChanged(siti)

    async def test_refused(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        nobody = "0198f2c0-0000-7000-8000-000000000000"
        assert isinstance(await one(store, merge(siti, siti)), SamePerson)
        assert isinstance(await one(store, merge(siti, nobody)), ParticipantNotFound)
        assert isinstance(await one(store, unmerge(siti)), NotMerged)


class TestUnmerge:
    async def test_all_is_as_before(self, store: CaseStore, engine: AsyncEngine) -> None:
        people = [(await came(store, engine, f"62{place}", INCENTIVE))[0] for place in range(4)]
        before = await kept(engine)
        # A chain, a second branch, and a head that is merged itself; taken apart in another order.
        for into, other in ((1, 2), (1, 3), (0, 1)):
            await one(store, merge(people[into], people[other]))
            await assert_true(engine)
        for merged in (1, 3, 2):
            await one(store, unmerge(people[merged]))
            await assert_true(engine)
        assert await kept(engine) == before

    async def test_takes_along_who_was_merged_below(self, store: CaseStore, engine: AsyncEngine) -> None:
        people = [(await came(store, engine, f"62{place}", INCENTIVE))[0] for place in range(3)]
        await one(store, merge(people[1], people[2]))
        await one(store, merge(people[0], people[2]))
        assert {(await People(engine).participant(one)).id for one in people} == {people[0]}
        await one(store, unmerge(people[1]))
        assert [(await People(engine).participant(one)).id for one in people] == [people[0], people[1], people[1]]

    async def test_what_came_in_between_stays_and_what_comes_next_does_not(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        siti, first = await came(store, engine, "621", INCENTIVE)
        other, second = await came(store, engine, "622", TRAINING)
        await one(store, Resolve(number=second.number, agent=BUDI))
        await one(store, merge(siti, other))
        between = contact(message(INCENTIVE, conversation="web:00000009", identities=(identity("+622"),)))
        applied = await one(store, between)
        assert isinstance(applied, Applied)
        assert applied.case_id == first.case_id
        await one(store, unmerge(other))
        # The answer goes to Siti, though the other one had spoken last in her case.
        answer = await one(store, Reply(number=first.number, agent=BUDI, text="Baik"))
        assert isinstance(answer, Applied)
        where = await rows(
            engine,
            f"SELECT conversation_id FROM core.timeline WHERE case_id = '{first.case_id}' AND seq = {answer.seq}",
        )
        assert where == [("chat:00000621",)]
        # And he does not go on in her case.
        next_one = await one(store, contact(message("Lagi", conversation="web:00000009")))
        assert isinstance(next_one, Applied)
        assert next_one.case_id != first.case_id
        await assert_true(engine)


class TestSuggestions:
    async def pair(self, store: CaseStore, engine: AsyncEngine) -> tuple[str, str]:
        one_, _ = await came(store, engine, "621", INCENTIVE)
        await store.apply([contact(form(identities=(claimed("+621"),)))])
        (other,) = await rows(engine, f"SELECT id::text FROM core.participants WHERE id <> '{one_}'")
        return one_, other[0]

    async def open(self, engine: AsyncEngine, participant: str) -> list[str]:
        return [found.participant_id for found in (await People(engine).participant(participant)).suggestions]

    async def test_accepted_is_merged_and_open_again_after_an_undo(self, store: CaseStore, engine: AsyncEngine) -> None:
        known, other = await self.pair(store, engine)
        assert await self.open(engine, known) == [other]
        await one(store, AcceptSuggestion(participant_id=other, other_id=known, agent=BUDI))
        shown = await People(engine).participant(other)
        assert (shown.id, shown.suggestions) == (known, [])
        await one(store, unmerge(other))
        assert await self.open(engine, other) == [known]

    async def test_dismissed_is_for_the_pair_whatever_they_share_next(
        self, store: CaseStore, engine: AsyncEngine
    ) -> None:
        known, other = await self.pair(store, engine)
        await one(store, DismissSuggestion(participant_id=known, other_id=other, agent=BUDI))
        assert await self.open(engine, known) == await self.open(engine, other) == []
        both = (claimed("+629"),)
        await store.apply([contact(message("Lagi", conversation="chat:00000621", identities=both))])
        await store.apply([contact(form(identities=both))])
        assert len(await rows(engine, "SELECT 1 FROM core.suggestions")) == 2
        assert await self.open(engine, known) == await self.open(engine, other) == []

    async def test_dismissed_for_one_is_for_the_whole_person(self, store: CaseStore, engine: AsyncEngine) -> None:
        known, other = await self.pair(store, engine)
        third, _ = await came(store, engine, "623", TRAINING)
        await store.apply([contact(form(identities=(claimed("+621"), claimed("+623"))))])
        assert await self.open(engine, third) == [other]
        await one(store, DismissSuggestion(participant_id=known, other_id=other, agent=BUDI))
        await one(store, merge(known, third))
        assert await self.open(engine, known) == await self.open(engine, other) == []

    async def test_all_that_speaks_for_it_is_listed(self, store: CaseStore, engine: AsyncEngine) -> None:
        known, other = await self.pair(store, engine)
        named = contact(message("Lagi", conversation="chat:00000621", identities=(claimed("+629"),), name="Siti"))
        await store.apply([named, contact(form(identities=(claimed("+629"),), name="SITI"))])
        (suggestion,) = (await People(engine).participant(known)).suggestions
        assert {(one.kind, one.value) for one in suggestion.evidence} == {
            ("phone", "+621"),
            ("phone", "+629"),
            ("name", "SITI"),
        }
        assert suggestion.participant_id == other

    async def test_of_two_who_share_nothing(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        other, _ = await came(store, engine, "622", TRAINING)
        for command in (AcceptSuggestion, DismissSuggestion):
            refused = await one(store, command(participant_id=siti, other_id=other, agent=BUDI))
            assert isinstance(refused, SuggestionNotFound)


class TestAtTheSameMoment:
    async def test_thirty_two_writers(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Commands and batches about the same people: none is refused for having been second, none is lost."""
        people = [(await came(store, engine, f"62{place}", INCENTIVE)) for place in range(4)]
        ids = [person for person, _ in people]

        async def talk(turn: int) -> None:
            order = range(4) if turn % 2 else reversed(range(4))
            await store.apply(
                [contact(message(f"Pesan {turn}", conversation=f"chat:{f'62{place}':0>8}")) for place in order]
            )

        async def regroup(turn: int) -> None:
            into, other = (turn % 4, (turn + 1) % 4) if turn % 3 else ((turn + 1) % 4, turn % 4)
            await store.apply([merge(ids[into], ids[other])])
            await store.apply([unmerge(ids[other])])

        async def answer(turn: int) -> None:
            await store.apply([Reply(number=people[turn % 4][1].number, agent=BUDI, text=f"Jawaban {turn}")])

        for _ in range(3):
            await asyncio.gather(*(work(turn) for turn in range(11) for work in (talk, regroup, answer)))
        said = await rows(
            engine, "SELECT author, count(*) FROM core.timeline WHERE kind = 'message' GROUP BY 1 ORDER BY 1"
        )
        assert said == [("agent", 33), ("participant", 4 + 132)]
        await assert_true(engine)


def identity_command(kind: type[IdentityCommand], participant: str, value: str = "+629") -> IdentityCommand:
    return kind(participant_id=participant, kind=IdentityKind.PHONE, value=value, agent=BUDI, reason="KTP diperiksa")


class TestIdentities:
    async def test_linked_is_verified_and_joins(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, first = await came(store, engine, "621", INCENTIVE)
        assert await one(store, identity_command(LinkIdentity, siti)) == PersonChanged(siti)
        shown = await People(engine).participant(siti)
        assert ("+629", "verified") in {(known.value, known.assurance) for known in shown.identities}
        again = await one(store, contact(form(("Masalah", INCENTIVE), identities=(identity("+629"),))))
        assert isinstance(again, Applied)
        assert again.case_id == first.case_id
        said = await rows(
            engine,
            "SELECT said_of_people.kind, reason, value FROM core.said_of_people JOIN core.identities USING (key)",
        )
        assert said == [("linked", "KTP diperiksa", "+629")]
        assert await rows(engine, "SELECT payload ->> 'reason' FROM core.timeline WHERE kind = 'identity_linked'") == [
            ("KTP diperiksa",)
        ]
        await assert_true(engine)

    async def test_unlinked_joins_no_more(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, first = await came(store, engine, "621", INCENTIVE)
        before = await kept(engine)
        await one(store, identity_command(LinkIdentity, siti))
        await one(store, identity_command(UnlinkIdentity, siti))
        after = await kept(engine)
        assert [after[0], after[1], after[3]] == [before[0], before[1], before[3]]
        other = await one(store, contact(form(("Masalah", INCENTIVE), identities=(identity("+629"),))))
        assert isinstance(other, Applied)
        assert other.case_id != first.case_id
        await assert_true(engine)

    async def test_what_was_possessed_is_verified_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        for _ in range(2):
            await one(store, identity_command(LinkIdentity, siti, "+621"))
        assert len(await rows(engine, "SELECT 1 FROM core.said_of_people")) == 1

    async def test_refused(self, store: CaseStore, engine: AsyncEngine) -> None:
        siti, _ = await came(store, engine, "621", INCENTIVE)
        other, _ = await came(store, engine, "622", TRAINING)
        assert isinstance(await one(store, identity_command(LinkIdentity, siti, "+622")), IdentityTaken)
        assert isinstance(await one(store, identity_command(UnlinkIdentity, siti, "+622")), IdentityNotLinked)
        assert isinstance(await one(store, identity_command(UnlinkIdentity, siti)), IdentityNotLinked)
        await one(store, merge(siti, other))
        assert await one(store, identity_command(LinkIdentity, siti, "+622")) == PersonChanged(siti)
        owner = await rows(engine, "SELECT participant_id::text, assurance FROM core.identities WHERE value = '+622'")
        assert owner == [(other, "verified")]


class TestBatchPath:
    async def test_has_no_statement_more_for_promises(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        statements: list[str] = []
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

        async def sent(promised: Policy, *, start: int) -> list[str]:
            store, place = CaseStore(engine, numbers=numbers, policy=promised), f"chat:{start:08d}"
            statements.clear()
            await store.apply([contact(message(conversation=place)), contact(form(conversation=f"web:{start:08d}"))])
            await store.apply([contact(message("Lagi", conversation=place)), contact(read(1, conversation=place))])
            return [" ".join(one.split()) for one in statements]

        await sent(policy(), start=1)
        assert await sent(policy(), start=2) == await sent(Policy(), start=3)

    async def test_has_no_statement_more_where_nothing_is_merged(self, store: CaseStore, engine: AsyncEngine) -> None:
        statements: list[str] = []
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        first, _ = await came(store, engine, "621", INCENTIVE)
        again = contact(message("Lagi", identities=(identity("+621"), claimed("+622")), reference=number(5)))
        await store.apply([again, contact(form(identities=(identity("+621"),)))])
        words = (
            "said_of_people",
            "dismissals",
            "WHERE group_id = ANY",
            "merged IS NOT NULL",
            "UPDATE core.participants",
        )
        assert [one for one in statements if any(word in one for word in (*words, "UPDATE core.case_numbers"))] == []
        other, _ = await came(store, engine, "623", TRAINING)
        await one(store, merge(first, other))
        assert all(any(word in one for one in statements) for word in ("said_of_people", "UPDATE core.participants"))
