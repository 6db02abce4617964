import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_factories import CONVERSATION, NOW, outbound, session
from chat_ingest.adapters.intake import SpoolIntake
from chat_ingest.domain import events
from chat_ingest.domain.refusals import ClientIdConflict
from kawal.contracts.deliveries import DeliveryState
from kawal.spool import Spool, SpoolFull, SpoolLimits


class Numbers:
    """Numbers that never touched ticket-core."""

    def __init__(self, *free: str) -> None:
        self.free = list(free)

    def take(self) -> str | None:
        return self.free.pop(0) if self.free else None

    def give_back(self, number: str) -> None:
        self.free.append(number)


class Desk:
    """A spool and an intake that can be opened again, as after a restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers = Numbers()

    async def open(self, **limits: int) -> SpoolIntake:
        self.spool = await Spool.open(self.path, limits=SpoolLimits(**limits))
        await self.spool.add_case_numbers(["4829130574", "0000000000"])
        self.numbers = Numbers("4829130574", "0000000000")
        return SpoolIntake(self.spool, self.numbers, clock=lambda: NOW)

    async def events(self) -> list[str]:
        rows = await self.spool.unsent(after=0, max_rows=100, max_bytes=10**6)
        return [dict(row.message.headers)["ce_id"].decode() for row in rows]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path / "spool.sqlite3")
    yield made
    await made.spool.close()


class TestMessage:
    async def test_first_tells_the_number_later_ones_do_not(self, desk: Desk) -> None:
        intake = await desk.open()
        first = await intake.message(session(), client_id="c1", text="Halo", begun=False)
        second = await intake.message(session(), client_id="c2", text="Lagi", begun=False)
        assert (first.reference, second.reference) == ("4829130574", None)
        assert await desk.events() == [
            events.message_id(CONVERSATION, "c1", text="Halo"),
            events.message_id(CONVERSATION, "c2", text="Lagi"),
        ]

    async def test_again_gets_the_same_answer(self, desk: Desk) -> None:
        intake = await desk.open()
        answers = [await intake.message(session(), client_id="c1", text="Halo", begun=False) for _ in range(2)]
        assert answers[0] == answers[1]
        assert len(await desk.events()) == 1

    async def test_again_after_a_restart(self, desk: Desk) -> None:
        intake = await desk.open()
        first = await intake.message(session(), client_id="c1", text="Halo", begun=False)
        await desk.spool.close()
        intake = await desk.open()
        assert await intake.message(session(), client_id="c1", text="Halo", begun=False) == first
        later = await intake.message(session(), client_id="c2", text="Lagi", begun=False)
        assert later.reference is None

    @pytest.mark.parametrize("client_id", ["c1", "c2"])
    async def test_same_id_for_another_text(self, desk: Desk, client_id: str) -> None:
        intake = await desk.open()
        await intake.message(session(), client_id="c1", text="Halo", begun=False)
        await intake.message(session(), client_id="c2", text="Halo", begun=False)
        with pytest.raises(ClientIdConflict):
            await intake.message(session(), client_id=client_id, text="Lain", begun=False)

    async def test_conversation_that_has_begun_elsewhere(self, desk: Desk) -> None:
        intake = await desk.open()
        assert (await intake.message(session(), client_id="c1", text="Halo", begun=True)).reference is None

    async def test_no_numbers_left(self, desk: Desk) -> None:
        intake = await desk.open()
        desk.numbers.free.clear()
        assert (await intake.message(session(), client_id="c1", text="Halo", begun=False)).reference is None

    async def test_replay_uses_up_no_number(self, desk: Desk) -> None:
        intake = await desk.open()
        first = await intake.message(session(), client_id="c1", text="Halo", begun=False)
        intake.opened(CONVERSATION)  # as if it had been forgotten between the two
        assert await intake.message(session(), client_id="c1", text="Halo", begun=False) == first
        assert desk.numbers.free == ["0000000000"]

    async def test_cancelled_stays_the_first(self, desk: Desk) -> None:
        intake = await desk.open()
        intake.opened(CONVERSATION)
        cut = asyncio.create_task(intake.message(session(), client_id="c1", text="Halo", begun=False))
        await asyncio.sleep(0)  # it waits for its fsync now
        cut.cancel()
        later = await intake.message(session(), client_id="c2", text="Lagi", begun=False)
        again = await intake.message(session(), client_id="c1", text="Halo", begun=False)
        assert (later.reference, again.reference) == (None, "4829130574")

    async def test_full_spool_uses_up_no_number(self, desk: Desk) -> None:
        intake = await desk.open(max_bytes=10)
        with pytest.raises(SpoolFull):
            await intake.message(session(), client_id="c1", text="Halo", begun=False)
        assert len(desk.numbers.free) == 2


class TestReport:
    async def test_only_what_wants_a_receipt(self, desk: Desk) -> None:
        intake = await desk.open()
        await intake.report([outbound(1), outbound(2, wants_receipt=False)], state=DeliveryState.SENT)
        assert await desk.events() == [f"delivery-{CONVERSATION}-1/sent"]
