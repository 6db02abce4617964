import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import (
    BUDI,
    CHAT,
    NOW,
    SPACE,
    VOICE,
    WEB,
    claimed,
    contact,
    form,
    identity,
    message,
    number,
    read,
    report,
    voicemail,
)
from core_tables import count, rows
from kawal import database
from kawal.contracts.case_events import case_event_adapter
from kawal.contracts.deliveries import DeliveryState
from kawal.errors import TransientError
from ticket_core.domain.errors import CaseNotFound, IdempotencyConflict
from ticket_core.domain.fold import Applied, Skipped
from ticket_core.domain.inputs import Once, Reply, Resolve
from ticket_core.domain.policy import Policy
from ticket_core.rebuild import differences
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome, RefusedEvents

pytestmark = pytest.mark.integration


async def assert_true(engine: AsyncEngine) -> None:
    """What is kept is what the timelines say."""
    assert [found async for found in differences(engine)] == []


def applied(outcome: Outcome) -> Applied:
    assert isinstance(outcome, Applied)
    return outcome


def reply(to: Applied, answer: str = "Baik", *, key: str | None = None) -> Reply:
    once = Once(scope=BUDI.id, key=key, fingerprint=answer) if key else None
    return Reply(number=to.number, agent=BUDI, text=answer, once=once)


class TestContacts:
    async def test_one_person_on_three_channels(self, store: CaseStore, engine: AsyncEngine) -> None:
        known = (identity(),)
        outcomes = [
            *await store.apply([contact(message(identities=known, name="Siti"))]),
            *await store.apply([contact(form(identities=known, reference=number(1)))]),
            *await store.apply([contact(voicemail(identities=known))]),
        ]
        assert len({applied(outcome).case_id for outcome in outcomes}) == 1
        assert await rows(engine, "SELECT channels, aliases FROM core.cases") == [
            (["chat", "web", "voice"], [number(1)])
        ]
        assert await count(engine, "participants") == 1
        await assert_true(engine)

    async def test_the_same_within_a_batch(self, store: CaseStore, engine: AsyncEngine) -> None:
        known = (identity(),)
        await store.apply([contact(message(identities=known)), contact(form(identities=known))])
        assert await count(engine, "cases") == 1
        await assert_true(engine)

    async def test_a_typed_number_is_a_suggestion(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(message(identities=(identity(),)))])
        await store.apply([contact(form(identities=(claimed(),)))])
        await store.apply([contact(message("Lagi", conversation=WEB, identities=(claimed(),)))])
        assert await count(engine, "cases") == 2
        assert await rows(engine, "SELECT assurance FROM core.suggestions") == [("claimed",)]
        assert await count(engine, "claims") == 1

    async def test_two_who_type_the_same(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(message(identities=(claimed(),)))])
        await store.apply([contact(form(identities=(claimed(),)))])
        assert (await count(engine, "participants"), await count(engine, "suggestions")) == (2, 1)

    async def test_every_entry_is_one_event_in_its_order(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact(message(identities=(identity(),)))])
        await store.apply([reply(applied(outcome))])
        found = await rows(engine, "SELECT key, value, headers FROM core.outbox ORDER BY id")
        events = [case_event_adapter.validate_json(value) for _, value, _ in found]
        assert [event.kind for event in events] == ["case_changed", "message_added", "notice_added", "message_added"]
        assert [event.seq for event in events] == [1, 2, 3, 4]
        assert {bytes(key).decode() for key, _, _ in found} == {applied(outcome).case_id}
        ids = [dict(json.loads(headers))["ce_id"] for _, _, headers in found]
        assert ids == [f"{applied(outcome).case_id}/{seq}" for seq in range(1, 5)]

    async def test_reports_are_entries_but_no_events(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact(message(identities=(identity(),)))])
        before = await count(engine, "outbox")
        await store.apply([report(applied(outcome).case_id, 3), contact(read(2))])
        assert await count(engine, "outbox") == before
        kinds = "SELECT kind FROM core.timeline WHERE seq > 3 ORDER BY seq"
        assert await rows(engine, kinds) == [("delivery",), ("read",)]

    async def test_follow_up_after_the_days(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        policy = Policy(reopen_within=timedelta(0), close_after=timedelta(days=14))
        store = CaseStore(engine, numbers=numbers, policy=policy)
        (first,) = await store.apply([contact()])
        await store.apply([Resolve(number=applied(first).number, agent=BUDI)])
        (second,) = await store.apply([contact()])
        assert await rows(engine, "SELECT id::text, follow_up_of::text FROM core.cases ORDER BY id") == [
            (applied(first).case_id, None),
            (applied(second).case_id, applied(first).case_id),
        ]
        assert await rows(
            engine, "SELECT kind, timers.due_at - resolved_at FROM core.timers JOIN core.cases ON id = case_id"
        ) == [("close", timedelta(days=14))]
        await assert_true(engine)

    async def test_reopening_stops_the_timer(self, store: CaseStore, engine: AsyncEngine) -> None:
        (first,) = await store.apply([contact()])
        await store.apply([Resolve(number=applied(first).number, agent=BUDI)])
        await store.apply([contact()])
        assert await count(engine, "timers") == 0


class TestDuplicates:
    async def test_an_event_is_applied_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        event = contact()
        outcomes = [*await store.apply([event, event]), *await store.apply([event])]
        assert [type(outcome) for outcome in outcomes] == [Applied, Skipped, Skipped]
        assert await count(engine, "timeline") == 3

    async def test_another_number_becomes_an_alias(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(form(reference=number(1)), event_id="form/1")])
        await store.apply([contact(form(conversation="web:dddddddd", reference=number(2)), event_id="form/1")])
        assert await rows(engine, "SELECT number, aliases FROM core.cases") == [(number(1), [number(2)])]
        await assert_true(engine)

    async def test_within_one_batch(self, store: CaseStore, engine: AsyncEngine) -> None:
        first = contact(form(reference=number(1)), event_id="form/1")
        await store.apply([first, contact(form(reference=number(2)), event_id="form/1")])
        assert await rows(engine, "SELECT number, aliases FROM core.cases") == [(number(1), [number(2)])]

    async def test_delivery_reports(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        told = report(applied(outcome).case_id, 3)
        await store.apply([told])
        await store.apply([told])
        await store.apply([report(applied(outcome).case_id, 3, DeliveryState.SENT)])
        await store.apply([report(applied(outcome).case_id, 3, DeliveryState.READ)])
        found = await rows(engine, "SELECT about, payload ->> 'state' FROM core.timeline WHERE kind = 'delivery'")
        assert found == [(3, "delivered"), (3, "read")]
        await assert_true(engine)

    async def test_a_report_of_something_that_is_no_case_of_ours(self, store: CaseStore) -> None:
        assert await store.apply([report("case-1", 3)]) == [Skipped()]

    async def test_reading(self, store: CaseStore, engine: AsyncEngine) -> None:
        await store.apply([contact(), contact(read(2)), contact(read(1)), contact(read(2, conversation=VOICE))])
        assert await rows(engine, "SELECT id, read_seq FROM core.conversations") == [(CHAT, 2)]
        await assert_true(engine)


class TestCommands:
    async def test_one_that_is_refused_fails_alone(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        nobody = Resolve(number=number(99), agent=BUDI)
        done = await store.apply([reply(applied(outcome)), nobody, reply(applied(outcome), "Lagi")])
        assert [type(one) for one in done] == [Applied, CaseNotFound, Applied]
        assert await count(engine, "timeline") == 5

    async def test_the_same_key_is_done_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        command = reply(applied(outcome), key="key-0001")
        answers = [*await store.apply([command, command]), *await store.apply([command])]
        assert len(set(answers)) == 1
        assert await count(engine, "timeline") == 4

    async def test_the_same_key_for_something_else(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        await store.apply([reply(applied(outcome), key="key-0001")])
        (refused,) = await store.apply([reply(applied(outcome), "Lain", key="key-0001")])
        assert isinstance(refused, IdempotencyConflict)
        assert await count(engine, "timeline") == 4

    async def test_the_same_key_for_two_things_at_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        one, other = (reply(applied(outcome), what, key="key-0001") for what in ("Baik", "Lain"))
        first, refused = await store.apply([one, other])
        assert isinstance(refused, IdempotencyConflict)
        assert await store.apply([one]) == [first]
        assert isinstance((await store.apply([other]))[0], IdempotencyConflict)
        assert await count(engine, "timeline") == 4

    async def test_a_refused_command_may_try_its_key_again(self, store: CaseStore, engine: AsyncEngine) -> None:
        once = Once(scope=BUDI.id, key="key-0001", fingerprint="f")
        await store.apply([Resolve(number=number(5), agent=BUDI, once=once)])
        await store.apply([contact(message(reference=number(5)))])
        (done,) = await store.apply([Resolve(number=number(5), agent=BUDI, once=once)])
        assert applied(done).state == "resolved"

    async def test_at_the_same_moment_with_one_key(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        command = reply(applied(outcome), key="key-0001")
        answers = await asyncio.gather(*(store.apply([command]) for _ in range(8)))
        assert len({answer[0] for answer in answers}) == 1
        assert await count(engine, "timeline") == 4


class TestRefusedEvents:
    async def test_nothing_of_the_batch_is_applied(self, store: CaseStore, engine: AsyncEngine) -> None:
        poison = contact(message(at=NOW.replace(tzinfo=None)))
        with pytest.raises(RefusedEvents) as refused:
            await store.apply([contact(), poison, contact(conversation=WEB)])
        assert refused.value.reasons == {1: "TypeError"}
        assert await count(engine, "timeline") == await count(engine, "inbox") == 0

    async def test_the_rest_can_be_applied_afterwards(self, store: CaseStore, engine: AsyncEngine) -> None:
        good, poison = contact(), contact(message(at=NOW.replace(tzinfo=None)))
        with pytest.raises(RefusedEvents):
            await store.apply([good, poison])
        await store.apply([good])
        assert await count(engine, "cases") == 1


class TestConcurrency:
    async def test_two_channels_at_the_same_moment(self, store: CaseStore, engine: AsyncEngine) -> None:
        """Promise 3: under two keys, at two consumers at once, still one person and one case. 200 first contacts."""
        for turn in range(200):
            known = (identity(f"+62{turn:09d}"), identity(f"{turn}@example.id"))
            chat = contact(message(conversation=f"chat:{turn:08d}", identities=known))
            web = contact(form(conversation=f"web:{turn:08d}", identities=tuple(reversed(known))))
            await asyncio.gather(store.apply([chat]), store.apply([web]))
        assert (await count(engine, "participants"), await count(engine, "cases")) == (200, 200)
        assert await count(engine, "conversations") == 400
        await assert_true(engine)

    async def test_crossing_batches_do_not_deadlock(self, store: CaseStore, engine: AsyncEngine) -> None:
        def batch(channel: str, turn: int) -> list[Any]:
            people = range(40) if turn % 2 else reversed(range(40))
            return [
                contact(message(conversation=f"{channel}:{person:08d}", identities=(identity(f"+62{person:09d}"),)))
                for person in people
            ]

        writers = [store.apply(batch(channel, turn)) for turn in range(4) for channel in ("chat", "web", "voice")]
        await asyncio.gather(*writers)
        assert (await count(engine, "participants"), await count(engine, "cases")) == (40, 40)
        await assert_true(engine)

    async def test_agents_and_the_participant_at_the_same_moment(self, store: CaseStore, engine: AsyncEngine) -> None:
        (outcome,) = await store.apply([contact()])
        answers = (store.apply([reply(applied(outcome), f"Jawaban {turn}")]) for turn in range(16))
        questions = (store.apply([contact(message(f"Pesan {turn}"))]) for turn in range(16))
        await asyncio.gather(*answers, *questions)
        assert await count(engine, "timeline") == 3 + 32
        await assert_true(engine)

    async def test_the_same_events_at_two_consumers(self, store: CaseStore, engine: AsyncEngine) -> None:
        events = [contact(message(conversation=f"chat:{turn:08d}")) for turn in range(50)]
        await asyncio.gather(store.apply(events), store.apply(list(reversed(events))), store.apply(events))
        assert await count(engine, "timeline") == 150
        await assert_true(engine)


class TestOutage:
    async def test_is_transient(self) -> None:
        async with database.opened("postgresql://nobody@127.0.0.1:9/none") as away:
            with pytest.raises(TransientError):
                await CaseStore(away, numbers=CaseNumbers(away, space=SPACE)).apply([contact()])


class TestContention:
    async def test_a_deadlock_is_tried_again_at_once(self, store: CaseStore, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            for statement in _DEADLOCK_ONCE:
                await connection.execute(text(statement))
        try:
            (outcome,) = await store.apply([contact()])
        finally:
            async with engine.begin() as connection:
                await connection.execute(text("DROP FUNCTION core.test_deadlock CASCADE"))
                await connection.execute(text("DROP SEQUENCE core.test_deadlocks"))
        assert applied(outcome)


# A sequence is not rolled back, so it knows that the transaction is the second one.
_DEADLOCK_ONCE = (
    "CREATE SEQUENCE core.test_deadlocks",
    """
    CREATE FUNCTION core.test_deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('core.test_deadlocks') = 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER test_deadlock BEFORE INSERT ON core.cases FOR EACH ROW EXECUTE FUNCTION core.test_deadlock()",
)


class TestCommitted:
    async def test_is_told_after_the_commit(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        told: list[int] = []
        store = CaseStore(engine, numbers=numbers, committed=lambda: told.append(1))
        await store.apply([contact()])
        assert told == [1]
