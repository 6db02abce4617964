"""All SQL of a spool's file. Blocking; one `SpoolFile` has one writer at a time.

A row of `message` never changes: that it was sent is a row of `sent`, so that marking does not rewrite the
payload's pages. Everything up to `progress.drained` is sent.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kawal.contracts.envelope import Headers, KafkaMessage
from kawal.observability import metrics
from kawal.spool.model import (
    Accepted,
    Acknowledged,
    CaseNumberNotLeased,
    IdempotencyConflict,
    Mark,
    Place,
    Receipt,
    Sent,
    SpooledMessage,
    SpoolStatus,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, topic TEXT NOT NULL, key BLOB NOT NULL,
    headers TEXT NOT NULL, size INTEGER NOT NULL, accepted_at REAL NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS sent (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    size INTEGER NOT NULL, sent_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS receipt (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS unused_case_number (number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), drained INTEGER NOT NULL);
INSERT OR IGNORE INTO progress VALUES (1, 0);
"""

UNSENT = "seq > :after AND NOT EXISTS (SELECT 1 FROM sent WHERE sent.seq = message.seq)"


@dataclass(frozen=True, slots=True)
class Marked:
    """What a mark or a loss did: rows and bytes it changed, and where that leaves the unsent ones."""

    rows: int
    size: int
    drained: int
    oldest_accepted_at: float | None


@dataclass(frozen=True, slots=True)
class Deleted:
    rows: int
    size: int


def size_of(message: KafkaMessage) -> int:
    """What a message counts for in the limits."""
    headers = sum(len(name) + len(value) for name, value in message.headers)
    return len(message.key) + len(message.value) + headers


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file so that a COMMIT returns after its fsync."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = FAST")
    return connection


class SpoolFile:
    """The file, its writing connection and what is known of it by heart."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.executescript(SCHEMA)
        self._drained: int = self._one("SELECT drained FROM progress")
        last: int = self._one("SELECT coalesce(max(seq), 0) FROM message")
        self._next_seq = max(self._drained, last) + 1

    def _one(self, sql: str) -> int:
        value: int = self._connection.execute(sql).fetchone()[0]
        return value

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable when the block has ended, or none of it ever happened."""
        self._connection.execute("BEGIN IMMEDIATE")
        drained = self._drained
        try:
            yield
            with metrics.SPOOL_FSYNC_SECONDS.time():
                self._connection.execute("COMMIT")
        except BaseException:
            self._drained = drained
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- accepting ---

    def append(
        self, message: KafkaMessage, event_id: str, receipt: Receipt | None, case_number: str | None
    ) -> Accepted:
        """Add a message with what must become durable with it. Raises before anything was written."""
        if receipt and (earlier := find_receipt(self._connection, receipt.key)):
            if earlier.fingerprint != receipt.fingerprint:
                raise IdempotencyConflict("Use a new idempotency key for a new request")
            return Accepted(replayed=True, receipt=earlier)
        if case_number is not None:
            self._use_up(case_number)
        self._insert(message, event_id, receipt)
        return Accepted(replayed=False, receipt=receipt)

    def _use_up(self, case_number: str) -> None:
        deleted = self._connection.execute("DELETE FROM unused_case_number WHERE number = ?", (case_number,))
        if deleted.rowcount == 0:
            raise CaseNumberNotLeased("It was used before, or never leased here")

    def _insert(self, message: KafkaMessage, event_id: str, receipt: Receipt | None) -> None:
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        headers = encode_headers(message.headers)
        self._connection.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, event_id, message.topic, message.key, headers, size_of(message), time.time(), message.value),
        )
        if receipt:
            self._connection.execute(
                "INSERT INTO receipt VALUES (?, ?, ?, ?)",
                (seq, receipt.key, receipt.fingerprint, receipt.body),
            )

    # --- draining ---

    @property
    def drained(self) -> int:
        """Every row up to this seq is sent."""
        return self._drained

    def mark_sent(self, sent: Sequence[Sent]) -> Marked:
        """Note where the broker put rows. Rows that are marked already stay as they are."""
        now, rows, size = time.time(), 0, 0
        for row in sent:
            inserted = self._connection.execute(
                'INSERT OR IGNORE INTO sent (seq, topic, partition, "offset", size, sent_at)'
                " SELECT seq, ?, ?, ?, size, ? FROM message WHERE seq = ? RETURNING size",
                (row.topic, row.partition, row.offset, now, row.seq),
            ).fetchall()
            rows, size = rows + len(inserted), size + sum(inserted_size for (inserted_size,) in inserted)
        oldest = self._advance()
        return Marked(rows, size, self._drained, oldest)

    def _advance(self) -> float | None:
        """Move `drained` up to the oldest unsent row, and say when that was accepted."""
        oldest = oldest_unsent(self._connection, after=self._drained)
        self._set_drained(oldest[0] - 1 if oldest else self._next_seq - 1)
        return oldest[1] if oldest else None

    def _set_drained(self, seq: int) -> None:
        if seq != self._drained:
            self._connection.execute("UPDATE progress SET drained = ?", (seq,))
            self._drained = seq

    def mark_lost(self, topic: str, partition: int) -> Marked:
        """Forget that the retained rows of a partition were sent, so that they are sent again."""
        lost = self._connection.execute(
            "DELETE FROM sent WHERE topic = ? AND partition = ? RETURNING seq, size", (topic, partition)
        ).fetchall()
        if lost:
            self._set_drained(min(self._drained, min(seq for seq, _ in lost) - 1))
        oldest = self._advance()
        return Marked(len(lost), sum(size for _, size in lost), self._drained, oldest)

    # --- retention ---

    def delete_sent(self, *, before: float, surplus: int, limit: int) -> Deleted:
        """Delete at most `limit` of the oldest sent rows: those sent `before`, and more until `surplus` bytes went."""
        doomed: list[int] = []
        freed = 0
        for seq, size, sent_at in self._connection.execute(
            "SELECT seq, size, sent_at FROM sent ORDER BY seq LIMIT ?", (limit,)
        ):
            if sent_at >= before and freed >= surplus:
                break
            doomed.append(seq)
            freed += size
        for table in ("message", "receipt", "sent"):
            self._delete(table, doomed)
        return Deleted(len(doomed), freed)

    def _delete(self, table: str, doomed: Sequence[int]) -> None:
        self._connection.executemany(f"DELETE FROM {table} WHERE seq = ?", [(seq,) for seq in doomed])  # noqa: S608

    # --- case numbers ---

    def add_case_numbers(self, numbers: Iterable[str]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO unused_case_number VALUES (?)", [(number,) for number in numbers]
        )

    def unused_case_numbers(self) -> list[str]:
        return [number for (number,) in self._connection.execute("SELECT number FROM unused_case_number")]

    # --- what a start needs to know ---

    def status(self) -> SpoolStatus:
        return read_status(self._connection)

    def acknowledged(self) -> dict[Place, Acknowledged]:
        """The first and the last record of each partition among the retained rows."""
        first, last = self._marks("min"), self._marks("max")
        return {place: Acknowledged(checked=first[place], last=last[place]) for place in first}

    def _marks(self, which: str) -> dict[Place, Mark]:
        # Beside a lone min() or max(), SQLite takes the other columns from the row that has it.
        found = self._connection.execute(
            f"""
            SELECT topic, partition, "offset", (SELECT headers FROM message WHERE message.seq = chosen.seq)
            FROM (
                SELECT topic, partition, {which}("offset") AS "offset", seq FROM sent
                WHERE "offset" >= 0 GROUP BY topic, partition
            ) AS chosen
            """  # noqa: S608
        )
        return {(topic, partition): Mark(offset, decode_headers(text)) for topic, partition, offset, text in found}


def oldest_unsent(connection: sqlite3.Connection, *, after: int) -> tuple[int, float] | None:
    """Seq and acceptance time of the first unsent row behind `after`."""
    sql = f"SELECT seq, accepted_at FROM message WHERE {UNSENT} ORDER BY seq LIMIT 1"  # noqa: S608
    row: tuple[int, float] | None = connection.execute(sql, {"after": after}).fetchone()
    return row


def read_unsent(connection: sqlite3.Connection, *, after: int, max_rows: int, max_bytes: int) -> list[SpooledMessage]:
    """The next unsent rows in order: at least one when there is one, else until a bound is reached."""
    sql = (
        f"SELECT seq, accepted_at, topic, key, value, headers, size FROM message WHERE {UNSENT}"  # noqa: S608
        " ORDER BY seq LIMIT :limit"
    )
    found: list[SpooledMessage] = []
    for seq, accepted_at, topic, key, value, headers, size in connection.execute(
        sql, {"after": after, "limit": max_rows}
    ):
        message = KafkaMessage(topic=topic, key=key, value=value, headers=decode_headers(headers))
        found.append(SpooledMessage(seq, accepted_at, message))
        max_bytes -= size
        if max_bytes <= 0:
            break
    return found


def find_receipt(connection: sqlite3.Connection, key: str) -> Receipt | None:
    row = connection.execute("SELECT key, fingerprint, body FROM receipt WHERE key = ?", (key,)).fetchone()
    return Receipt(*row) if row else None


def read_status(connection: sqlite3.Connection) -> SpoolStatus:
    """Count everything; reads all that is retained, so not for every second."""
    (drained,) = connection.execute("SELECT drained FROM progress").fetchone()
    after = {"after": drained}
    depth = f"SELECT count(*), coalesce(sum(size), 0), min(accepted_at) FROM message WHERE {UNSENT}"  # noqa: S608
    depth_rows, depth_bytes, oldest = connection.execute(depth, after).fetchone()
    retained = "SELECT count(*), coalesce(sum(size), 0), max(sent_at) FROM sent"
    retained_rows, retained_bytes, last_sent_at = connection.execute(retained).fetchone()
    (unused,) = connection.execute("SELECT count(*) FROM unused_case_number").fetchone()
    return SpoolStatus(
        depth_rows=depth_rows,
        depth_bytes=depth_bytes,
        oldest_accepted_at=oldest,
        retained_rows=retained_rows,
        retained_bytes=retained_bytes,
        last_sent_at=last_sent_at,
        unused_case_numbers=unused,
    )


def encode_headers(headers: Headers) -> str:
    """JSON that a person can read; Latin-1 maps each byte to one character, so any bytes survive."""
    return json.dumps([(name, value.decode("latin-1")) for name, value in headers])


def decode_headers(text: str) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))
