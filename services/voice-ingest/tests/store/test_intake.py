from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kawal.case_numbers.leases import LeasedNumbers, lease_client
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


class TestFinishVoicemail:
    async def test_goes_out_though_its_number_is_of_another_spool(self, spool: Spool, journal: Journal) -> None:
        async with lease_client(ticket_core_url="http://127.0.0.1:9", service_token="token") as client:
            numbers = LeasedNumbers(spool, client=client)
            intake = Intake(spool=spool, journal=journal, numbers=numbers, wake=lambda: None)
            pending = pending_voicemail(reference=number(1))
            await intake.accept_voicemail(pending, key="turn", body=b"", now=NOW)
            await intake.finish_voicemail(pending, RECORDING)
        (row,) = await spool.unsent(after=0, max_rows=10, max_bytes=10**6)
        assert number(1).encode() in row.message.value
        assert await journal.next_due() is None
