"""The journal of inbound calls: a small SQLite file beside the spool, so that a call needs no PostgreSQL.

It keeps the answers of turns with an effect, so that a webhook delivered again gets the same TwiML and has no
second effect, and the voicemails whose recordings still lie with the provider. All SQL of the file is here.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from kawal.observability import metrics
from kawal.spool import SpoolUnavailable
from voice_ingest.domain.events import PendingVoicemail
from voice_ingest.domain.ports import DueVoicemail

T = TypeVar("T")
ANSWERS_KEPT = timedelta(days=1)
MAX_BYTES = 256 * 1024**2
PAGE_BYTES = 4096

SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, body BLOB NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS voicemail (
    recording_id TEXT PRIMARY KEY, reference TEXT, pending TEXT NOT NULL,
    attempts INTEGER NOT NULL, accepted_at REAL NOT NULL, due_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS voicemail_due ON voicemail (due_at);
"""


class Journal:
    """One file, one process. What a method has written is on the disk when it returns.

    Each method raises `SpoolUnavailable` when the disk refuses, or the file has `max_bytes`; nothing has happened then.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self._connection.execute(f"PRAGMA max_page_count = {max_bytes // PAGE_BYTES}")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = FAST")
        self._connection.executescript(SCHEMA)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voice-journal")
        self.reserved = {n for (n,) in self._connection.execute("SELECT reference FROM voicemail") if n}
        """Case numbers that callers heard before this opening while the spool still counted them as unused.

        Fixed from then on: whoever was told one keeps it, also when the recording is fetched.
        """
        waiting: int = self._connection.execute("SELECT count(*) FROM voicemail").fetchone()[0]
        metrics.VOICEMAILS_WAITING.set(waiting)

    async def close(self) -> None:
        await self._do(lambda connection: connection.close())
        self._thread.shutdown(wait=False)

    async def answer(self, key: str) -> bytes | None:
        """What was answered to this turn before."""

        def find(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT body FROM answer WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

        return await self._do(find)

    async def keep_answer(self, key: str, body: bytes, *, now: datetime) -> None:
        await self._do(lambda connection: _keep_answer(connection, key, body, now))

    async def keep_voicemail(self, pending: PendingVoicemail, *, key: str, body: bytes, now: datetime) -> None:
        """Accept a voicemail together with what the caller is answered."""

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            _keep_answer(connection, key, body, now)
            connection.execute(
                "INSERT OR IGNORE INTO voicemail VALUES (?, ?, ?, 0, ?, ?)",
                (
                    pending.recording_id,
                    pending.facts.reference,
                    pending.model_dump_json(),
                    now.timestamp(),
                    now.timestamp(),
                ),
            )
            connection.execute("COMMIT")

        await self._do(keep)
        metrics.VOICEMAILS_WAITING.inc()

    async def due(self, *, now: datetime, limit: int) -> list[DueVoicemail]:
        def find(connection: sqlite3.Connection) -> list[tuple[str, int, float]]:
            return connection.execute(
                "SELECT pending, attempts, accepted_at FROM voicemail WHERE due_at <= ? ORDER BY due_at LIMIT ?",
                (now.timestamp(), limit),
            ).fetchall()

        return [
            DueVoicemail(
                PendingVoicemail.model_validate_json(pending),
                attempts,
                datetime.fromtimestamp(accepted_at, now.tzinfo),
            )
            for pending, attempts, accepted_at in await self._do(find)
        ]

    async def next_due(self) -> float | None:
        """Unix time at which the next recording is due."""
        find = "SELECT min(due_at) FROM voicemail"
        at: float | None = await self._do(lambda connection: connection.execute(find).fetchone()[0])
        return at

    async def put_off(self, recording_id: str, *, until: datetime) -> None:
        later = "UPDATE voicemail SET attempts = attempts + 1, due_at = ? WHERE recording_id = ?"
        await self._do(lambda connection: connection.execute(later, (until.timestamp(), recording_id)))

    async def update(self, pending: PendingVoicemail) -> None:
        """Keep how far the voicemail has come."""
        so_far = "UPDATE voicemail SET pending = ? WHERE recording_id = ?"
        row = (pending.model_dump_json(), pending.recording_id)
        await self._do(lambda connection: connection.execute(so_far, row))

    async def done(self, pending: PendingVoicemail) -> None:
        """Nothing is left to do for the voicemail."""
        gone = "DELETE FROM voicemail WHERE recording_id = ?"
        await self._do(lambda connection: connection.execute(gone, (pending.recording_id,)))
        metrics.VOICEMAILS_WAITING.dec()

    async def forget_answers(self, *, now: datetime) -> None:
        """Provider's retries are long over after a day."""
        old = "DELETE FROM answer WHERE at < ?"
        before = (now - ANSWERS_KEPT).timestamp()
        await self._do(lambda connection: connection.execute(old, (before,)))

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise SpoolUnavailable("The disk refused") from error


def _keep_answer(connection: sqlite3.Connection, key: str, body: bytes, now: datetime) -> None:
    connection.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", (key, body, now.timestamp()))
