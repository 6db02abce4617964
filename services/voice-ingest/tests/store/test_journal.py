from pathlib import Path

import pytest

from kawal.spool import SpoolUnavailable
from voice_factories import NOW
from voice_ingest.store.journal import Journal


class TestFull:
    async def test_refuses_and_keeps_what_it_has(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "journal.sqlite3", max_bytes=64 * 1024)
        try:
            await journal.keep_answer("first", b"<Response/>", now=NOW)
            with pytest.raises(SpoolUnavailable):
                await journal.keep_answer("second", b"x" * 100_000, now=NOW)
            assert await journal.answer("first") == b"<Response/>"
            assert await journal.answer("second") is None
        finally:
            await journal.close()
