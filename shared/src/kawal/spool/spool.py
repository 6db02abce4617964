"""The spool as the event loop sees it."""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from kawal.contracts.envelope import KafkaMessage
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.spool import file as spool_file
from kawal.spool.file import Deleted, Marked, SpoolFile
from kawal.spool.group_commit import GroupCommit
from kawal.spool.model import (
    MAX_MESSAGE_BYTES,
    Accepted,
    Acknowledged,
    Mark,
    MessageTooLarge,
    Place,
    Receipt,
    Sent,
    SpooledMessage,
    SpoolFull,
    SpoolInUse,
    SpoolLimits,
    SpoolUnavailable,
)

T = TypeVar("T")
CLOSE_TIMEOUT_S = 10.0
STALLED_S = 30.0
DELETE_ROWS = 200

log = get_logger()


class Spool:
    """Accepts messages durably; one file, one process, one event loop.

    Everything here is called on the loop that opened it; the file is only touched by two threads, one that
    writes and one that reads.
    """

    def __init__(self, file: SpoolFile, *, path: Path, limits: SpoolLimits, lock: int) -> None:
        """Use `open`."""
        status = file.status()
        self._file = file
        self._limits = limits
        self._lock = lock
        self._depth_rows, self._depth_bytes = status.depth_rows, status.depth_bytes
        self._retained_bytes = status.retained_bytes
        self._oldest_accepted_at = status.oldest_accepted_at
        self._drained = file.drained
        self._acknowledged = file.acknowledged()
        self._waiting = 0
        self._closed = False
        self._reading = spool_file.connect(path, read_only=True)
        self.unused_case_numbers: Sequence[str] = tuple(file.unused_case_numbers())
        """The leased numbers that were not used up when the file was opened."""
        self.appended = asyncio.Event()
        """Set when rows became durable; whoever drains clears it."""

    @classmethod
    async def open(cls, path: Path, *, limits: SpoolLimits) -> "Spool":
        """Open or create the file (mode 600: it holds what participants wrote) and recover what a crash left.

        Raises:
            SpoolInUse: another process has it open.
        """
        reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool-reader")
        loop = asyncio.get_running_loop()
        try:
            spool = await loop.run_in_executor(reader, partial(_open, cls, path, limits))
        except BaseException:
            reader.shutdown(wait=False)
            raise
        spool._start(reader, loop)  # noqa: SLF001 - of this very class
        return spool

    def _start(self, reader: ThreadPoolExecutor, loop: asyncio.AbstractEventLoop) -> None:
        self._reader = reader
        self._loop = loop
        self._writer = GroupCommit(self._file, loop=loop)
        metrics.SPOOL_DEPTH_ROWS.set_function(lambda: self._depth_rows)
        metrics.SPOOL_DEPTH_BYTES.set_function(lambda: self._depth_bytes)
        metrics.SPOOL_OLDEST_AGE_SECONDS.set_function(self.oldest_age_s)

    # --- accepting ---

    async def append(
        self,
        message: KafkaMessage,
        *,
        event_id: str,
        receipt: Receipt | None = None,
        case_number: str | None = None,
    ) -> Accepted:
        """Accept a message: when this returns, it is on the disk and will reach the broker.

        With a `receipt`, the answer to its idempotency key becomes durable in the same fsync; with a
        `case_number` (taken from `LeasedNumbers`), the number is used up in it. `event_id` is kept for people
        who look into the file: the same event may be appended twice, readers drop the second (promise 2).

        Cancelling the caller does not withdraw the message.

        Raises:
            SpoolFull: too much waits for the broker; nothing was accepted.
            SpoolUnavailable: the disk refused; nothing was accepted.
            MessageTooLarge: larger than `MAX_MESSAGE_BYTES`.
            IdempotencyConflict: the key was used with another fingerprint.
            CaseNumberNotLeased: the number was used up before.
        """
        size = spool_file.size_of(message)
        self._admit(size)
        return await self._writer.submit(
            partial(self._file.append, message, event_id, receipt, case_number),
            settled=partial(self._settle, size),
        )

    def _admit(self, size: int) -> None:
        if self._closed:
            raise SpoolUnavailable("The service is stopping")
        if size > MAX_MESSAGE_BYTES:
            raise MessageTooLarge(f"At most {MAX_MESSAGE_BYTES} bytes can be taken")
        limits = self._limits
        full = self._depth_rows >= limits.max_rows or self._depth_bytes + size > limits.max_bytes
        if full or self._waiting >= limits.max_waiting:
            metrics.SPOOL_FULL.inc()
            raise SpoolFull("Try again in a moment")
        self._depth_rows += 1
        self._depth_bytes += size
        self._waiting += 1

    def _settle(self, size: int, outcome: Accepted | Exception) -> None:
        self._waiting -= 1
        if isinstance(outcome, Accepted) and not outcome.replayed:
            metrics.SPOOL_APPENDED.inc()
            if self._oldest_accepted_at is None:
                self._oldest_accepted_at = time.time()
            self.appended.set()
        else:
            self._depth_rows -= 1
            self._depth_bytes -= size

    async def receipt(self, key: str) -> Receipt | None:
        """What was answered to this idempotency key, if it is known (still)."""
        return await self._read(partial(spool_file.find_receipt, key=key))

    # --- draining ---

    @property
    def drained(self) -> int:
        """Every row up to this seq is sent."""
        return self._drained

    @property
    def acknowledged(self) -> Mapping[Place, Acknowledged]:
        """What the broker acknowledged of each partition, as of now and as far as rows of it are retained."""
        return dict(self._acknowledged)

    def end(self, place: Place) -> int:
        """The highest acknowledged offset of a partition, -1 when there is none."""
        known = self._acknowledged.get(place)
        return known.last.offset if known else -1

    def checked(self, held: Mapping[Place, Acknowledged]) -> None:
        """The logs were found to hold what had been acknowledged: the next look is for what was the last of that."""
        for place, seen in held.items():
            now = self._acknowledged.get(place)
            if now is not None and now.checked == seen.checked:
                self._acknowledged[place] = now._replace(checked=seen.last)

    async def unsent(self, *, after: int, max_rows: int, max_bytes: int) -> list[SpooledMessage]:
        """The next rows in order that wait behind seq `after`."""
        return await self._read(partial(spool_file.read_unsent, after=after, max_rows=max_rows, max_bytes=max_bytes))

    async def mark_sent(self, sent: Sequence[Sent]) -> None:
        """Note the broker's acknowledgements."""
        await self._writer.submit(partial(self._file.mark_sent, sent), settled=partial(self._settle_sent, sent))

    def _settle_sent(self, sent: Sequence[Sent], outcome: Marked | Exception) -> None:
        if isinstance(outcome, Exception):
            return
        self._count(outcome, sign=-1)
        metrics.SPOOL_SENT.inc(outcome.rows)
        for row in sent:
            self._acknowledge((row.topic, row.partition), Mark(row.offset, row.headers))

    def _acknowledge(self, place: Place, mark: Mark) -> None:
        if mark.offset < 0:
            return
        known = self._acknowledged.get(place)
        if known is None:
            self._acknowledged[place] = Acknowledged(checked=mark, last=mark)
        elif mark.offset > known.last.offset:
            self._acknowledged[place] = known._replace(last=mark)

    async def mark_lost(self, topic: str, partition: int) -> int:
        """The broker lost this partition: its retained rows wait again. Returns how many there are."""
        marked: Marked = await self._writer.submit(
            partial(self._file.mark_lost, topic, partition),
            settled=partial(self._settle_lost, (topic, partition)),
        )
        return marked.rows

    def _settle_lost(self, place: Place, outcome: Marked | Exception) -> None:
        if isinstance(outcome, Exception):
            return
        self._count(outcome, sign=1)
        metrics.SPOOL_RESENT.inc(outcome.rows)
        self._acknowledged.pop(place, None)

    def _count(self, marked: Marked, *, sign: int) -> None:
        self._depth_rows += sign * marked.rows
        self._depth_bytes += sign * marked.size
        self._retained_bytes -= sign * marked.size
        self._drained = marked.drained
        self._oldest_accepted_at = marked.oldest_accepted_at

    async def delete_expired(self) -> int:
        """Delete a small batch of what was retained long enough; returns how many rows went."""
        before = time.time() - self._limits.retention_s
        surplus = self._retained_bytes - self._limits.max_bytes
        deleted: Deleted = await self._writer.submit(
            partial(self._file.delete_sent, before=before, surplus=surplus, limit=DELETE_ROWS),
            settled=self._settle_deleted,
        )
        return deleted.rows

    def _settle_deleted(self, outcome: Deleted | Exception) -> None:
        if not isinstance(outcome, Exception):
            self._retained_bytes -= outcome.size

    # --- case numbers ---

    async def add_case_numbers(self, numbers: Sequence[str]) -> None:
        """Keep leased numbers; when this returns, they survive a crash."""
        await self._writer.submit(partial(self._file.add_case_numbers, numbers))

    # --- watching and ending ---

    def oldest_age_s(self) -> float:
        """For how long the oldest unsent row has waited, in seconds."""
        oldest = self._oldest_accepted_at
        return max(0.0, time.time() - oldest) if oldest is not None else 0.0

    def alive(self) -> bool:
        """Whether the disk answers."""
        return self._writer.stalled_s() < STALLED_S

    async def close(self) -> None:
        """Write what was taken, then let go of the file. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self._loop.run_in_executor(self._reader, self._release)
        self._reader.shutdown(wait=False)

    def _release(self) -> None:
        if not self._writer.stop(timeout_s=CLOSE_TIMEOUT_S):
            log.error("spool_close_timed_out", timeout_s=CLOSE_TIMEOUT_S)
            return
        self._reading.close()
        self._file.close()
        os.close(self._lock)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._loop.run_in_executor(self._reader, query, self._reading)
        except sqlite3.Error as error:
            log.warning("spool_read_failed", error=error)
            raise SpoolUnavailable("The disk refused") from error


def _open(spool: type[Spool], path: Path, limits: SpoolLimits) -> Spool:
    """Blocking part of `Spool.open`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    try:
        path.touch(mode=0o600)
        file = SpoolFile(path)
        _fsync_directory(path.parent)
        return spool(file, path=path, limits=limits, lock=lock)
    except BaseException:
        os.close(lock)
        raise


def _lock(path: Path) -> int:
    # A file of its own: closing any descriptor of the database would drop SQLite's own locks on it.
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        os.close(descriptor)
        raise SpoolInUse(f"{path} is in use by another process") from taken
    return descriptor


def _fsync_directory(directory: Path) -> None:
    """Make the new file's name durable, not only its contents."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
