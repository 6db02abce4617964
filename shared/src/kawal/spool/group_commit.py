"""One thread that writes: what waits is committed together, in one transaction with one fsync."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from kawal.errors import KawalError
from kawal.observability.logging import get_logger
from kawal.spool.file import SpoolFile
from kawal.spool.model import SpoolUnavailable

T = TypeVar("T")
MAX_BATCH = 1_000

log = get_logger()


@dataclass(slots=True)
class _Job:
    """A piece of a transaction. `settled` hears the outcome on the loop, even if nobody waits for it any more."""

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    settled: Callable[[Any], None] | None


_Outcomes = list[tuple[_Job, Any]]


class GroupCommit:
    """Runs pieces of work on the file's writing thread and resolves their futures once they are durable.

    A piece that raises a `KawalError` must not have written anything: it fails alone. A disk error fails the
    whole transaction with `SpoolUnavailable`. Any other error makes the pieces run one by one, so that only
    the faulty one fails.
    """

    def __init__(self, file: SpoolFile, *, loop: asyncio.AbstractEventLoop) -> None:
        self._file = file
        self._loop = loop
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._busy_since: float | None = None
        self._refusing = False
        self._thread = Thread(target=self._run, name="spool-writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[], T], *, settled: Callable[[T | Exception], None] | None = None
    ) -> asyncio.Future[T]:
        """Queue `work`; the caller bounds how much may wait."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(work, future, settled))
        return future

    def stalled_s(self) -> float:
        """For how long the thread has been in one transaction."""
        since = self._busy_since
        return time.monotonic() - since if since is not None else 0.0

    def stop(self, *, timeout_s: float) -> bool:
        """Blocking: finish what is queued, end the thread. False when it did not end in time."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            batch, stopping = self._next_batch()
            self._busy_since = time.monotonic()
            outcomes = self._commit(batch)
            self._busy_since = None
            if outcomes:
                self._loop.call_soon_threadsafe(_resolve, outcomes)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then take all that wait; True when it is the last batch."""
        batch: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == MAX_BATCH:
                return batch, False
            try:
                job = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[_Job]) -> _Outcomes:
        try:
            with self._file.transaction():
                outcomes = [(job, _attempt(job)) for job in batch]
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller is told
            return self._failed(batch, error)
        self._refusing = False
        return outcomes

    def _failed(self, batch: list[_Job], error: Exception) -> _Outcomes:
        if _is_disk_error(error):
            if not self._refusing:
                log.error("spool_write_failed", error=error)
            self._refusing = True
            return [(job, SpoolUnavailable("The disk refused")) for job in batch]
        if len(batch) == 1:
            return [(batch[0], error)]
        return [outcome for job in batch for outcome in self._commit([job])]


def _attempt(job: _Job) -> Any:
    try:
        return job.work()
    except KawalError as refusal:
        return refusal


def _is_disk_error(error: Exception) -> bool:
    """Full disk, I/O error, damaged file: not the fault of any one piece of work."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _resolve(outcomes: _Outcomes) -> None:
    for job, outcome in outcomes:
        if job.settled is not None:
            job.settled(outcome)
        if job.future.done():
            continue
        if isinstance(outcome, Exception):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)
