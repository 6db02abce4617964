from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kawal.case_numbers.leases import LeasedNumbers, lease_client
from kawal.contracts.interactions import CallbackRequested, VoicemailLeft, interaction_adapter
from kawal.contracts.words import Attachment
from kawal.spool import Spool, SpoolLimits
from voice_factories import NOW, number, pending_voicemail
from voice_ingest.store.intake import Intake
from voice_ingest.store.journal import Journal

RECORDING = Attachment(vault_ref="recording-1", media_type="audio/wav", size_bytes=1)


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = await Spool.open(tmp_path / "spool.sqlite3", limits=SpoolLimits())
    yield opened
    await opened.close()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite3")
    yield opened
    await opened.close()


@asynccontextmanager
async def intake_of(spool: Spool, journal: Journal) -> AsyncIterator[Intake]:
    async with lease_client(ticket_core_url="http://127.0.0.1:9", service_token="token") as client:
        numbers = LeasedNumbers(spool, client=client)
        yield Intake(spool=spool, journal=journal, numbers=numbers, wake=lambda: None)


class TestTakeNumber:
    async def test_heard_before_a_restart_is_never_told_again(self, tmp_path: Path) -> None:
        """Not even once its recording is fetched, when the spool uses it up and the journal forgets it."""
        spool_path, journal_path = tmp_path / "spool.sqlite3", tmp_path / "journal.sqlite3"
        spool, journal = await Spool.open(spool_path, limits=SpoolLimits()), Journal(journal_path)
        await spool.add_case_numbers([number(1), number(2)])
        await spool.close()
        pending = pending_voicemail(reference=number(1))
        await journal.keep_voicemail(pending, key="turn", body=b"", now=NOW)
        await journal.close()
        spool, journal = await Spool.open(spool_path, limits=SpoolLimits()), Journal(journal_path)
        async with intake_of(spool, journal) as intake:
            told = await intake.tell_voicemail(pending, RECORDING)
            await journal.done(told)
            assert [intake.take_number(), intake.take_number()] == [number(2), None]
        await spool.close()
        await journal.close()


class TestTellVoicemail:
    async def test_goes_out_though_its_number_is_of_another_spool(self, spool: Spool, journal: Journal) -> None:
        async with intake_of(spool, journal) as intake:
            pending = pending_voicemail(reference=number(1))
            await intake.accept_voicemail(pending, key="turn", body=b"", now=NOW)
            told = await intake.tell_voicemail(pending, RECORDING)
        (row,) = await spool.unsent(after=0, max_rows=10, max_bytes=10**6)
        assert number(1).encode() in row.message.value
        (kept,) = await journal.due(now=NOW, limit=10)
        assert kept.pending == told
        assert told.told

    async def test_after_the_call_back(self, spool: Spool, journal: Journal) -> None:
        """The recording comes after all: both are told, under the one number that the caller heard."""
        await spool.add_case_numbers([number(1)])
        async with intake_of(spool, journal) as intake:
            pending = pending_voicemail(reference=number(1))
            await intake.tell_voicemail(await intake.call_back(pending), RECORDING)
        rows = await spool.unsent(after=0, max_rows=10, max_bytes=10**6)
        events = [interaction_adapter.validate_json(row.message.value) for row in rows]
        assert [(type(event), event.reference) for event in events] == [
            (CallbackRequested, number(1)),
            (VoicemailLeft, number(1)),
        ]
