"""What has to be sent to subscribers: taken from the stream of timelines, kept until it is delivered.

A subscription has a place in the stream (see `stream`). Whoever holds its lease copies the next entries into
`webhook_deliveries` and moves the place, in one transaction; so nothing is missed whenever a process dies. What was
sent but not noted is sent again, with the same id. Time is the database's.
"""

import json
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.domain.webhooks import MOST_ATTEMPTS, Told, pause_s
from ticket_core.store.stamps import SETTLED

LEASE_S = 60
AT_ONCE = 16
TAKEN_AT_ONCE = 500
MOST_PENDING = 1_000
"""Of one subscription; what comes after stays in the timelines until there is room."""
DISABLED_AFTER_S = 3 * 86_400
OUTAGE_FROM = 3
"""So many failures in a row are an outage: when it is over, everything is tried at once."""
KEPT_DAYS = 30
GONE = 410
_CLAIM = text(f"""
    WITH wanted AS (
        SELECT id FROM core.webhooks AS hook
        WHERE disabled_at IS NULL AND coalesce(leased_until, '-infinity') < now()
          AND coalesce(retry_at, '-infinity') <= now()
          AND (EXISTS (SELECT FROM core.webhook_deliveries AS sent
                       WHERE sent.webhook_id = hook.id AND sent.state = 'pending' AND sent.next_at <= now())
               OR EXISTS (SELECT FROM core.timeline AS entry
                          WHERE (entry.stamp, entry.case_id, entry.seq) > (hook.stamp, hook.case_id, hook.seq)
                            AND entry.stamp < {SETTLED}))
        ORDER BY leased_until NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE core.webhooks AS hook SET lease = :lease, leased_until = now() + make_interval(secs => {LEASE_S})
    FROM wanted WHERE hook.id = wanted.id
    RETURNING hook.id::text, url, failures
""")  # noqa: S608 our own constants
_RELEASE = text("UPDATE core.webhooks SET lease = NULL, leased_until = now() WHERE id = :id AND lease = :lease")
_HOLD = text("""
    SELECT stamp, case_id::text, seq, kinds, failures FROM core.webhooks
    WHERE id = :id AND lease = :lease AND disabled_at IS NULL FOR UPDATE
""")
_PENDING = text("SELECT count(*) FROM core.webhook_deliveries WHERE webhook_id = :id AND state = 'pending'")
_NEXT = text(f"""
    SELECT stamp, case_id::text, seq, kind FROM core.timeline
    WHERE (stamp, case_id, seq) > (:stamp, CAST(:case_id AS uuid), :seq) AND stamp < {SETTLED}
    ORDER BY stamp, case_id, seq LIMIT {TAKEN_AT_ONCE}
""")  # noqa: S608
_QUEUE = text("""
    INSERT INTO core.webhook_deliveries (webhook_id, case_id, seq, state, attempts, queued_at, next_at)
    SELECT :id, case_id, seq, 'pending', 0, now(), now()
    FROM unnest(CAST(:cases AS uuid[]), CAST(:seqs AS integer[])) AS entry (case_id, seq)
    ON CONFLICT (webhook_id, case_id, seq) DO UPDATE
    SET state = 'pending', attempts = 0, queued_at = now(), next_at = now(), settled_at = NULL
    WHERE webhook_deliveries.state <> 'pending'
""")
_MOVE = text("""
    UPDATE core.webhooks SET stamp = :stamp, case_id = CAST(:case_id AS uuid), seq = :seq WHERE id = :id
""")
_DUE = text("""
    SELECT sent.attempts, sent.case_id::text, cases.number, sent.seq, entry.kind, entry.at, entry.author,
           entry.author_id, entry.channel, entry.state, entry.about, entry.payload::text
    FROM core.webhook_deliveries AS sent
    JOIN core.timeline AS entry ON entry.case_id = sent.case_id AND entry.seq = sent.seq
    JOIN core.cases ON cases.id = sent.case_id
    WHERE sent.webhook_id = :id AND sent.state = 'pending' AND sent.next_at <= now()
    ORDER BY sent.next_at, sent.queued_at, entry.stamp, sent.case_id, sent.seq LIMIT :limit
""")
# Given up only where others got through since it was queued: what fails together waits together.
_GIVEN_UP = f"sent.attempts + 1 >= {MOST_ATTEMPTS} AND coalesce(hook.succeeded_at > sent.queued_at, false)"
_NOTE = text(f"""
    UPDATE core.webhook_deliveries AS sent SET
        attempts = sent.attempts + 1, last_status = result.status, last_error = result.error,
        next_at = now() + make_interval(secs => result.pause),
        settled_at = CASE WHEN result.error IS NULL OR {_GIVEN_UP} THEN now() END,
        state = CASE WHEN result.error IS NULL THEN 'delivered' WHEN {_GIVEN_UP} THEN 'failed' ELSE 'pending' END
    FROM core.webhooks AS hook, unnest(
        CAST(:cases AS uuid[]), CAST(:seqs AS integer[]), CAST(:statuses AS integer[]), CAST(:errors AS text[]),
        CAST(:pauses AS float8[])
    ) AS result (case_id, seq, status, error, pause)
    WHERE hook.id = :id AND sent.webhook_id = :id AND sent.state = 'pending'
      AND sent.case_id = result.case_id AND sent.seq = result.seq
""")  # noqa: S608
_GOT_THROUGH = text("""
    UPDATE core.webhooks SET failures = 0, failing_since = NULL, retry_at = NULL, succeeded_at = now()
    WHERE id = :id
""")
_ALL_DUE = text("UPDATE core.webhook_deliveries SET next_at = now() WHERE webhook_id = :id AND state = 'pending'")
_FAILED = text(f"""
    UPDATE core.webhooks SET
        failures = failures + 1, failing_since = coalesce(failing_since, now()),
        retry_at = now() + make_interval(secs => :pause),
        disabled_at = CASE WHEN :gone OR failing_since < now() - make_interval(secs => {DISABLED_AFTER_S})
                           THEN now() END,
        disabled_reason = CASE WHEN :gone THEN 'gone'
                               WHEN failing_since < now() - make_interval(secs => {DISABLED_AFTER_S})
                               THEN CAST(:error AS text) END
    WHERE id = :id RETURNING disabled_reason
""")  # noqa: S608
# The time is taken after the snapshot: so whatever is committed later has a higher stamp.
_MARK = text(f"""
    INSERT INTO core.webhook_marks (at, stamp) SELECT clock_timestamp(), {SETTLED} - 1
    WHERE NOT EXISTS (SELECT FROM core.webhook_marks WHERE at > now() - interval '50 seconds')
    ON CONFLICT DO NOTHING
""")  # noqa: S608
_FORGET = (
    text(f"DELETE FROM core.webhook_marks WHERE at < now() - interval '{KEPT_DAYS} days'"),  # noqa: S608
    text(f"DELETE FROM core.webhook_deliveries WHERE settled_at < now() - interval '{KEPT_DAYS} days'"),  # noqa: S608
    text("DELETE FROM core.webhook_former_secrets WHERE valid_until <= now()"),
)


log = get_logger()


class Held(NamedTuple):
    """A subscription that is ours until the lease ends. `failures` are those in a row."""

    id: str
    url: str
    failures: int
    lease: str


class Due(NamedTuple):
    """A message that has been tried `attempts` times."""

    attempts: int
    told: Told


class Result(NamedTuple):
    """`error` is `None` when it was delivered."""

    due: Due
    status: int | None
    error: str | None


class WebhookQueue:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self) -> Held | None:
        """A subscription that has something to do, if there is one that nobody else holds."""
        lease = str(uuid4())
        async with self._engine.begin() as connection:
            row = (await connection.execute(_CLAIM, {"lease": lease})).one_or_none()
        return Held(row[0], row[1], row[2], lease) if row is not None else None

    async def release(self, held: Held) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_RELEASE, {"id": held.id, "lease": held.lease})

    async def take(self, held: Held) -> int:
        """Queue what comes next in the stream, and move on; returns how many entries were looked at."""
        async with self._engine.begin() as connection:
            place = (await connection.execute(_HOLD, {"id": held.id, "lease": held.lease})).one_or_none()
            if place is None or (await connection.execute(_PENDING, {"id": held.id})).scalar_one() >= MOST_PENDING:
                return 0
            where = {"stamp": place.stamp, "case_id": place.case_id, "seq": place.seq}
            found = (await connection.execute(_NEXT, where)).all()
            if not found:
                return 0
            wanted = [row for row in found if not place.kinds or row.kind in place.kinds]
            if wanted:
                entries = {"cases": [row.case_id for row in wanted], "seqs": [row.seq for row in wanted]}
                await connection.execute(_QUEUE, {"id": held.id, **entries})
            stamp, case_id, seq, _ = found[-1]
            await connection.execute(_MOVE, {"id": held.id, "stamp": stamp, "case_id": case_id, "seq": seq})
            return len(found)

    async def due(self, held: Held) -> list[Due]:
        """What is to be sent now; of a subscriber who does not answer, one message to find out whether he does."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_DUE, {"id": held.id, "limit": 1 if held.failures else AT_ONCE})
            return [_due(*row) for row in rows]

    async def note(self, held: Held, results: Sequence[Result]) -> Held | None:
        """Write down what became of them; returns the subscription if there is reason to go on with it now."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(_HOLD, {"id": held.id, "lease": held.lease})).one_or_none()
            if row is None:
                return None
            await connection.execute(_NOTE, {"id": held.id, **_columns(results)})
            if any(result.error is None for result in results):
                await connection.execute(_GOT_THROUGH, {"id": held.id})
                if row.failures >= OUTAGE_FROM:
                    await connection.execute(_ALL_DUE, {"id": held.id})
                return held._replace(failures=0)
            await self._failed(connection, held, results, failures=row.failures + 1)
            return None

    async def _failed(
        self, connection: AsyncConnection, held: Held, results: Sequence[Result], *, failures: int
    ) -> None:
        last = results[-1]
        what = {
            "id": held.id,
            "pause": pause_s(failures, chance=random.random()),  # noqa: S311 only spreads
            "gone": any(result.status == GONE for result in results),
            "error": f"{last.error} {last.status}" if last.status else last.error,
        }
        if (await connection.execute(_FAILED, what)).scalar_one() is not None:
            metrics.WEBHOOKS_DISABLED.inc()
            log.warning("webhook_disabled", webhook_id=held.id)


async def keep_marks(connection: AsyncConnection, _now: datetime) -> None:
    """Note where the stream is, once a minute, so that a replay finds its beginning; forget what is old."""
    await connection.execute(_MARK)
    for statement in _FORGET:
        await connection.execute(statement)


def _due(attempts: int, *entry: Any) -> Due:
    *columns, payload = entry
    return Due(attempts, Told._make([*columns, json.loads(payload)]))


def _columns(results: Sequence[Result]) -> dict[str, list[object]]:
    return {
        "cases": [result.due.told.case_id for result in results],
        "seqs": [result.due.told.seq for result in results],
        "statuses": [result.status for result in results],
        "errors": [result.error for result in results],
        "pauses": [pause_s(result.due.attempts + 1, chance=random.random()) for result in results],  # noqa: S311
    }
