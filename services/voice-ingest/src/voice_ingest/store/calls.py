"""All SQL of `voice.call`. Each method is one transaction; a database that is away is a `TransientError`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.outbound import OutboundCall
from kawal.contracts.words import Locale
from kawal.database.outages import is_outage
from kawal.errors import TransientError
from voice_ingest.domain.calls import PlannedCall

COLUMNS = (
    "delivery_id, conversation_id, case_id, case_number, case_seq, locale, to_number, text, traceparent,"
    " attempt, placed_at, call_id, heard, created_at"
)
_NO_SCHEMA = frozenset({"3F000", "42P01"})
# Of each number only the foremost delivery: what was answered first is heard first, even if that takes a retry.
# Replicas claim one after the other, so that together they keep the limit and call no number twice at once.
CLAIM_LOCK = text("select pg_advisory_xact_lock(hashtextextended('voice.call.claim', 0))")

INSERT = text("""
    insert into voice.call (delivery_id, conversation_id, case_id, case_number, case_seq, locale, to_number,
                            text, traceparent, due_at)
    values (:delivery_id, :conversation_id, :case_id, :case_number, :case_seq, :locale, :to_number,
            :text, :traceparent, now())
    on conflict (delivery_id) do nothing
""")
CLAIM = text(f"""
    with going_on as (
        select to_number from voice.call where state in ('placing', 'placed')
    ), foremost as (
        select distinct on (to_number) delivery_id, position, due_at
        from voice.call
        where state = 'queued' and to_number not in (select to_number from going_on)
        order by to_number, position
    ), chosen as (
        select delivery_id from foremost where due_at <= :now order by position
        limit greatest(0, :limit - (select count(*) from going_on))
    )
    update voice.call set state = 'placing', attempt = attempt + 1, placed_at = :now, call_id = null,
                          heard = false, due_at = :due_at
    where delivery_id in (select delivery_id from chosen)
    returning {COLUMNS}
""")  # noqa: S608
LAPSED = text(f"""
    update voice.call set due_at = :due_at
    where delivery_id in (
        select delivery_id from voice.call where state in ('placing', 'placed') and due_at <= :now
        order by due_at limit 50 for update skip locked
    )
    returning {COLUMNS}
""")  # noqa: S608
PLACED = text("""
    update voice.call set state = 'placed', call_id = :call_id, due_at = :due_at,
        call_ids = case when :call_id = any (call_ids) then call_ids else array_append(call_ids, :call_id) end
    where delivery_id = :delivery_id and attempt = :attempt and state in ('placing', 'placed')
""")
READING = text(f"""
    update voice.call set state = 'placed', call_id = :call_id,
        call_ids = case when :call_id = any (call_ids) then call_ids else array_append(call_ids, :call_id) end
    where delivery_id = :delivery_id and attempt = :attempt and state in ('placing', 'placed')
    returning {COLUMNS}
""")  # noqa: S608
GOING_ON = text(f"""
    select {COLUMNS} from voice.call where delivery_id = :delivery_id and state in ('placing', 'placed')
""")  # noqa: S608
HEARD = text("update voice.call set heard = true where delivery_id = :delivery_id and state = 'placed'")
CALL_IDS = text("select unnest(call_ids) from voice.call where to_number = :to")
# Only what was looked at: meanwhile the participant may have answered, or another replica have dialled again. Without a
# call id, no call was found, so there must still be none; with one, that call is over.
REQUEUE = text("""
    update voice.call set state = 'queued', attempt = :attempt, due_at = :at
    where delivery_id = :delivery_id and attempt = :seen_attempt and (call_id is null or call_id = :seen_call_id)
        and state in ('placing', 'placed') and not heard
""")
FINISH = text("""
    update voice.call set state = 'done', outcome = :outcome, text = ''
    where delivery_id = :delivery_id and state <> 'done'
""")


FORGET = text("""
    delete from voice.call where delivery_id in (
        select delivery_id from voice.call where state = 'done' and created_at < :before
        order by created_at limit :most for update skip locked
    )
""")


async def forget(connection: AsyncConnection, before: datetime, most: int) -> int:
    """See `kawal.database.retention.Delete`: calls that are over."""
    return (await connection.execute(FORGET, {"before": before, "most": most})).rowcount


class SqlCalls:
    """Implements `PlannedCalls` on the real PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, calls: Sequence[tuple[OutboundCall, str | None]]) -> None:
        """Keep deliveries, each with its traceparent; those that are known already stay as they are."""
        rows = [
            {
                "delivery_id": call.delivery_id,
                "conversation_id": call.conversation_id,
                "case_id": call.case_id,
                "case_number": call.case_number,
                "case_seq": call.case_seq,
                "locale": call.locale.value,
                "to_number": call.to,
                "text": call.text,
                "traceparent": traceparent,
            }
            for call, traceparent in calls
        ]
        async with self._transaction() as connection:
            await connection.execute(INSERT, rows)

    async def going_on(self, delivery_id: str) -> PlannedCall | None:
        async with self._transaction() as connection:
            row = (await connection.execute(GOING_ON, {"delivery_id": delivery_id})).mappings().one_or_none()
        return _planned(row) if row else None

    async def reading(self, delivery_id: str, *, attempt: int, call_id: str) -> PlannedCall | None:
        values = {"delivery_id": delivery_id, "attempt": attempt, "call_id": call_id}
        async with self._transaction() as connection:
            row = (await connection.execute(READING, values)).mappings().one_or_none()
        return _planned(row) if row else None

    async def was_heard(self, delivery_id: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(HEARD, {"delivery_id": delivery_id})

    async def claim(self, *, limit: int, now: datetime, lease: timedelta) -> Sequence[PlannedCall]:
        async with self._transaction() as connection:
            await connection.execute(CLAIM_LOCK)
            rows = await connection.execute(CLAIM, {"limit": limit, "now": now, "due_at": now + lease})
            return [_planned(row) for row in rows.mappings()]

    async def placed(self, delivery_id: str, *, attempt: int, call_id: str, check_at: datetime) -> None:
        values = {"delivery_id": delivery_id, "attempt": attempt, "call_id": call_id, "due_at": check_at}
        async with self._transaction() as connection:
            await connection.execute(PLACED, values)

    async def lapsed(self, *, now: datetime, lease: timedelta) -> Sequence[PlannedCall]:
        async with self._transaction() as connection:
            rows = await connection.execute(LAPSED, {"now": now, "due_at": now + lease})
            return [_planned(row) for row in rows.mappings()]

    async def call_ids(self, to: str) -> frozenset[str]:
        async with self._transaction() as connection:
            return frozenset((await connection.execute(CALL_IDS, {"to": to})).scalars())

    async def requeue(self, seen: PlannedCall, *, attempt: int, at: datetime) -> None:
        values = {
            "delivery_id": seen.delivery_id,
            "seen_attempt": seen.attempt,
            "seen_call_id": seen.call_id,
            "attempt": attempt,
            "at": at,
        }
        async with self._transaction() as connection:
            await connection.execute(REQUEUE, values)

    async def finish(self, delivery_id: str, *, outcome: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(FINISH, {"delivery_id": delivery_id, "outcome": outcome})

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except Exception as error:
            if is_outage(error) or _is_not_migrated(error):
                raise TransientError("PostgreSQL is away") from error
            raise


def _is_not_migrated(error: Exception) -> bool:
    """Whether this replica was started before the schema was there: calls are taken meanwhile, none are placed."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _NO_SCHEMA


def _planned(row: RowMapping) -> PlannedCall:
    return PlannedCall(
        delivery_id=row["delivery_id"],
        conversation_id=row["conversation_id"],
        case_id=row["case_id"],
        case_number=row["case_number"],
        case_seq=row["case_seq"],
        locale=Locale(row["locale"]),
        to=row["to_number"],
        text=row["text"],
        attempt=row["attempt"],
        call_id=row["call_id"],
        heard=row["heard"],
        placed_at=row["placed_at"],
        planned_at=row["created_at"],
        traceparent=row["traceparent"],
    )
