"""Which case a contact reaches, on the real database: repeats, other channels, other problems."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, NOW, VOICE, WEB, claimed, contact, form, identity, message, number, voicemail
from kawal.contracts.case_events import NoticeAdded, case_event_adapter
from kawal.contracts.interactions import Interaction
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.domain.correlate import MOST_COMPARED
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import MergePersons, Resolve
from ticket_core.domain.policy import Policy
from ticket_core.rebuild import differences
from ticket_core.store import tables
from ticket_core.store.batch import Batch
from ticket_core.store.load import load
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore

pytestmark = pytest.mark.integration

PROGRAMME = Path(__file__).parents[4] / "programme"
POLICY = Policy(matching=load_matching(PROGRAMME))
SITI = {"identities": (identity(),)}
UNPAID = "Min, insentif saya blm cair dari bulan lalu, knp ya?"
UNPAID_AGAIN = "kak insentif sy kok gk cair2 smp skrg"
NO_CERTIFICATE = "Sertifikat pelatihan Excel saya belum terbit padahal sudah selesai"


class Desk:
    """The store under the programme that comes with Kawal, and a clock that the test moves."""

    def __init__(self, engine: AsyncEngine, numbers: CaseNumbers) -> None:
        self.now = NOW
        self.engine = engine
        self.store = CaseStore(engine, numbers=numbers, policy=POLICY, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    async def hear(self, interaction: Interaction) -> Applied:
        (outcome,) = await self.store.apply([contact(interaction.model_copy(update={"occurred_at": self.now}))])
        assert isinstance(outcome, Applied)
        return outcome

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def notices(self) -> list[tuple[str, str]]:
        """The numbers that the participant was told, and in which words."""
        events = [case_event_adapter.validate_json(row[0]) for row in await self.rows("SELECT value FROM core.outbox")]
        return [(one.template, one.case_number) for one in events if isinstance(one, NoticeAdded)]

    async def is_true(self) -> bool:
        """Whether what is kept is what the timelines say."""
        return [found async for found in differences(self.engine)] == []


@pytest.fixture
def desk(engine: AsyncEngine, numbers: CaseNumbers) -> Desk:
    return Desk(engine, numbers)


REPEATS = "SELECT about, CAST(payload ->> 'of' AS integer) FROM core.timeline WHERE kind = 'repeated'"


class TestSentTwice:
    async def test_in_one_conversation(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, **SITI))
        desk.now += timedelta(hours=1)
        second = await desk.hear(message(UNPAID.upper(), **SITI))
        assert second.case_id == first.case_id
        assert await desk.rows("SELECT count(*) FROM core.timeline WHERE kind = 'message'") == [(2,)]
        assert await desk.rows(REPEATS) == [(4, 2)]
        assert await desk.is_true()

    async def test_on_two_channels_the_same_number_is_told(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, reference=number(1), **SITI))
        desk.now += timedelta(minutes=10)
        again = form(("Masalah", UNPAID), reference=number(2), **SITI)
        second = await desk.hear(again)
        assert (second.case_id, second.number) == (first.case_id, number(1))
        assert await desk.notices() == [("received", number(1)), ("joined", number(1))]
        assert await desk.rows("SELECT aliases FROM core.cases") == [([number(2)],)]
        assert await desk.rows(REPEATS) == [(4, 2)]
        assert await desk.is_true()

    async def test_after_the_window_it_is_not_a_repeat(self, desk: Desk) -> None:
        await desk.hear(message(UNPAID, **SITI))
        desk.now += POLICY.matching.repeat_within + timedelta(seconds=1)
        await desk.hear(message(UNPAID, **SITI))
        assert await desk.rows(REPEATS) == []
        assert await desk.rows("SELECT count(*) FROM core.cases") == [(1,)]

    async def test_within_the_window_a_resolved_case_is_reopened(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, **SITI))
        await desk.store.apply([Resolve(number=first.number, agent=BUDI)])
        desk.now += timedelta(hours=2)
        second = await desk.hear(form(("Masalah", UNPAID), **SITI))
        assert (second.case_id, second.state) == (first.case_id, "open")
        assert await desk.is_true()

    async def test_under_two_topics_it_is_two_problems(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, topic="incentive.not_paid", **SITI))
        second = await desk.hear(form(("Masalah", UNPAID), topic="incentive.payment_failed", **SITI))
        assert second.case_id != first.case_id

    async def test_by_somebody_who_only_says_who_he_is(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, **SITI))
        second = await desk.hear(form(("Masalah", UNPAID), identities=(claimed(),)))
        assert second.case_id != first.case_id

    async def test_in_one_batch(self, desk: Desk) -> None:
        await desk.store.apply(
            [contact(message(UNPAID, **SITI)), contact(form(("Masalah", UNPAID), **SITI), event_id="again")]
        )
        assert await desk.rows("SELECT count(*) FROM core.cases") == [(1,)]
        assert await desk.rows(REPEATS) == [(4, 2)]


class TestAnotherChannel:
    async def test_the_same_problem_in_other_words(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, **SITI))
        desk.now += timedelta(days=3)
        second = await desk.hear(form(("Masalah", UNPAID_AGAIN), **SITI))
        assert second.case_id == first.case_id
        assert await desk.rows(REPEATS) == []

    async def test_another_problem_without_a_topic(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, **SITI))
        second = await desk.hear(form(("Masalah", NO_CERTIFICATE), **SITI))
        assert second.case_id != first.case_id
        third = await desk.hear(message(UNPAID_AGAIN, conversation="chat:bbbbbbbb", **SITI))
        assert third.case_id == first.case_id
        assert await desk.is_true()

    async def test_who_says_too_little_goes_on_with_the_latest(self, desk: Desk) -> None:
        await desk.hear(message(UNPAID, **SITI))
        desk.now += timedelta(minutes=1)
        second = await desk.hear(form(("Masalah", NO_CERTIFICATE), **SITI))
        desk.now += timedelta(minutes=1)
        assert (await desk.hear(voicemail(**SITI))).case_id == second.case_id

    async def test_the_number_of_a_case_leads_to_it(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, reference=number(1), **SITI))
        await desk.hear(form(("Masalah", NO_CERTIFICATE), **SITI))
        shown = f"{number(1)[:3]}-{number(1)[3:6]}-{number(1)[6:]}"
        said = message(f"gimana kabar laporan {shown}", conversation="chat:bbbbbbbb", **SITI)
        assert (await desk.hear(said)).case_id == first.case_id

    async def test_the_number_of_a_case_leads_to_it_behind_many_others(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, reference=number(1), **SITI))
        await desk.hear(form(("Masalah", NO_CERTIFICATE), conversation="web:00000000", **SITI))
        await _many_later(desk, MOST_COMPARED + 5)
        said = message(f"gimana kabar laporan {number(1)}", conversation="chat:bbbbbbbb", **SITI)
        assert (await desk.hear(said)).case_id == first.case_id

    async def test_only_cases_that_are_compared_are_loaded(self, desk: Desk) -> None:
        await desk.hear(message(UNPAID, **SITI))
        await _many_later(desk, MOST_COMPARED + 5)
        batch = Batch(contacts=[contact(form(("Masalah", NO_CERTIFICATE), **SITI))])
        merging = Batch(of_people=[MergePersons(participant_id=await _siti(desk), other_id=BUDI.id, agent=BUDI)])
        async with desk.engine.begin() as connection:
            loaded = await load(connection, batch, spare_numbers=(), now=desk.now)
            latest = sorted(loaded.world.cases.values(), key=lambda case: case.activity_at, reverse=True)
            # The first is the last one that she spoke about.
            assert [len(latest), latest[0].subject, latest[-2].subject] == [MOST_COMPARED + 1, "25", "6"]
            for_merging = await load(connection, merging, spare_numbers=(), now=desk.now)
            assert len(for_merging.world.cases) == MOST_COMPARED + 6

    async def test_nobody_reaches_another_persons_case_by_its_number(self, desk: Desk) -> None:
        first = await desk.hear(message(UNPAID, reference=number(1), **SITI))
        said = message(f"laporan {number(1)}", conversation="chat:bbbbbbbb", identities=(identity("+6281999999999"),))
        assert (await desk.hear(said)).case_id != first.case_id

    async def test_other_order_numbers_are_other_problems(self, desk: Desk) -> None:
        bought = "pembayaran kelas nomor order TRX-{} belum masuk dashboard"
        first = await desk.hear(message(bought.format(8823177), **SITI))
        second = await desk.hear(message(bought.format(9914402), conversation=WEB, channel="web", **SITI))
        third = await desk.hear(message("TRX 8823177 itu gmn", conversation=VOICE, channel="voice", **SITI))
        assert second.case_id != first.case_id
        assert third.case_id == first.case_id

    async def test_what_is_unclear_is_shown_to_the_agent(self, desk: Desk) -> None:
        first = await desk.hear(message("video materi pelatihan barista macet di modul akhir", **SITI))
        second = await desk.hear(form(("Masalah", "kuis modul akhir pelatihan barista nilainya kosong"), **SITI))
        assert second.case_id != first.case_id
        found = await desk.rows(
            "SELECT case_id::text, payload ->> 'case_id', payload ->> 'number' FROM core.timeline WHERE kind='similar'"
        )
        assert found == [(second.case_id, first.case_id, first.number)]
        assert await desk.is_true()


class TestKnownBy:
    async def test_a_person_with_a_conversation_of_greetings(self, desk: Desk) -> None:
        for said in ("Halo", "min mau tanya", UNPAID):
            await desk.hear(message(said, **SITI))
        assert await desk.rows("SELECT gist FROM core.cases") == [(f"Halo\nmin mau tanya\n{UNPAID}",)]
        assert await desk.is_true()


async def _siti(desk: Desk) -> str:
    ((participant_id,),) = await desk.rows("SELECT DISTINCT participant_id::text FROM core.cases")
    return str(participant_id)


async def _many_later(desk: Desk, count: int) -> None:
    """So many more cases of the one person, each active later than the one before: the first is copied."""
    columns = [column.name for column in tables.cases.columns]
    changed = {
        "id": "gen_random_uuid()",
        "number": "lpad((4000000000 + n)::text, 10, '0')",
        "subject": "n::text",
        "activity_at": "activity_at + n * interval '1 second'",
    }
    values = ", ".join(changed.get(name, name) for name in columns)
    async with desk.engine.begin() as connection:
        await connection.execute(
            text(
                f"INSERT INTO core.cases ({', '.join(columns)}) SELECT {values} FROM"
                f" (SELECT * FROM core.cases ORDER BY opened_at, id LIMIT 1) AS one, generate_series(1, {count}) AS n"
            )
        )
