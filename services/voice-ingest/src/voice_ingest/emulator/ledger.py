"""The emulated provider's memory: an SQLite file, so that calls and recordings outlive a restart of the service."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from voice_ingest.domain.calls import CallStatus
from voice_ingest.emulator.records import CallRecord, Direction, RecordingRecord, TextRecord

T = TypeVar("T")
CALLS_SHOWN = 30
TEXTS_SHOWN = 30
LISTED = 200
MAX_BYTES = 1024**3
PAGE_BYTES = 4096

SCHEMA = """
CREATE TABLE IF NOT EXISTS call (
    sid TEXT PRIMARY KEY, phone TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL, record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS call_phone ON call (phone, created_at);
CREATE INDEX IF NOT EXISTS call_status ON call (status);
CREATE TABLE IF NOT EXISTS message (
    sid TEXT PRIMARY KEY, to_number TEXT NOT NULL, from_number TEXT NOT NULL, body TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS message_to ON message (to_number, created_at);
CREATE TABLE IF NOT EXISTS recording (
    sid TEXT PRIMARY KEY, call_sid TEXT NOT NULL, media_type TEXT NOT NULL, duration_s REAL NOT NULL,
    data BLOB NOT NULL, created_at REAL NOT NULL
);
"""
GOING_ON = (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS)


class Ledger:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self._connection.execute(f"PRAGMA max_page_count = {MAX_BYTES // PAGE_BYTES}")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="emulator-ledger")

    async def close(self) -> None:
        await self._do(lambda connection: connection.close())
        self._thread.shutdown(wait=False)

    async def save_call(self, call: CallRecord) -> None:
        row = (call.sid, call.phone, call.status.value, call.created_at.timestamp(), _dump(call))
        await self._run("INSERT OR REPLACE INTO call VALUES (?, ?, ?, ?, ?)", row)

    async def call(self, sid: str) -> CallRecord | None:
        rows = await self._run("SELECT record FROM call WHERE sid = ?", (sid,))
        return _load(rows[0][0]) if rows else None

    async def calls_of(self, phone: str, *, limit: int = CALLS_SHOWN) -> list[CallRecord]:
        """The calls of a phone, newest first."""
        rows = await self._run(
            "SELECT record FROM call WHERE phone = ? ORDER BY created_at DESC LIMIT ?", (phone, limit)
        )
        return [_load(record) for (record,) in rows]

    async def calls(self, *, limit: int = LISTED) -> list[CallRecord]:
        rows = await self._run("SELECT record FROM call ORDER BY created_at DESC LIMIT ?", (limit,))
        return [_load(record) for (record,) in rows]

    async def calls_going_on(self) -> list[CallRecord]:
        marks = ", ".join("?" for _ in GOING_ON)
        rows = await self._run(
            f"SELECT record FROM call WHERE status IN ({marks})",  # noqa: S608 only question marks
            [status.value for status in GOING_ON],
        )
        return [_load(record) for (record,) in rows]

    async def save_text(self, text: TextRecord) -> None:
        row = (text.sid, text.to, text.from_, text.body, text.created_at.timestamp())
        await self._run("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)

    async def texts_of(self, phone: str) -> list[TextRecord]:
        """The texts of a phone, oldest first."""
        rows = await self._run(
            "SELECT sid, from_number, to_number, body, created_at FROM message WHERE to_number = ?"
            " ORDER BY created_at DESC LIMIT ?",
            (phone, TEXTS_SHOWN),
        )
        return [
            TextRecord(sid, from_number, to_number, body, _time(at))
            for sid, from_number, to_number, body, at in reversed(rows)
        ]

    async def save_recording(self, recording: RecordingRecord) -> None:
        row = (
            recording.sid,
            recording.call_sid,
            recording.media_type,
            recording.duration_s,
            recording.data,
            recording.created_at.timestamp(),
        )
        await self._run("INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?)", row)

    async def recording(self, sid: str) -> RecordingRecord | None:
        rows = await self._run(
            "SELECT sid, call_sid, media_type, duration_s, data, created_at FROM recording WHERE sid = ?", (sid,)
        )
        if not rows:
            return None
        sid, call_sid, media_type, duration_s, data, at = rows[0]
        return RecordingRecord(sid, call_sid, media_type, duration_s, data, _time(at))

    async def delete_recording(self, sid: str) -> None:
        await self._run("DELETE FROM recording WHERE sid = ?", (sid,))

    async def _run(self, sql: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        return await self._do(lambda connection: connection.execute(sql, tuple(values)).fetchall())

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._connection)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _dump(call: CallRecord) -> str:
    return json.dumps(asdict(call), default=lambda value: value.isoformat())


def _load(record: str) -> CallRecord:
    values = json.loads(record)
    for name in ("created_at", "answered_at", "ended_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    values["direction"], values["status"] = Direction(values["direction"]), CallStatus(values["status"])
    return CallRecord(**values)
