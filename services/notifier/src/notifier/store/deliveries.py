"""All SQL of the table `delivery`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.words import Channel, Locale
from notifier.domain.deliveries import Delivery

CLAIMED_FOR = timedelta(seconds=60)
"""How long a claimed delivery is left to its sender; longer than any provider call may take."""

_COLUMNS = (
    "id, case_id, case_number, case_seq, conversation_id, channel, address, locale, subject, text, after, traceparent"
)

_INSERT = text(
    f"""
    INSERT INTO notify.delivery ({_COLUMNS}, created_at, due_at)
    SELECT {_COLUMNS}, CAST(:now AS timestamptz), CASE WHEN due THEN CAST(:now AS timestamptz) END
    FROM unnest(
        CAST(:id AS text[]), CAST(:case_id AS text[]), CAST(:case_number AS text[]), CAST(:case_seq AS int[]),
        CAST(:conversation_id AS text[]), CAST(:channel AS text[]), CAST(:address AS text[]),
        CAST(:locale AS text[]), CAST(:subject AS text[]), CAST(:text AS text[]), CAST(:after AS text[]),
        CAST(:traceparent AS text[]), CAST(:due AS bool[])
    ) WITH ORDINALITY AS new ({_COLUMNS}, due, place)
    ORDER BY place
    ON CONFLICT (id) DO NOTHING
    """  # noqa: S608 - column names are ours
)

# One delivery per conversation and channel at a time, the oldest: that keeps mails in the order of the answers.
_CLAIM = text(
    f"""
    UPDATE notify.delivery SET due_at = :until, attempts = attempts + 1
    WHERE id = (
        SELECT id FROM notify.delivery AS mine
        WHERE channel = :channel AND due_at <= :now AND NOT EXISTS (
            SELECT FROM notify.delivery AS earlier
            WHERE earlier.conversation_id = mine.conversation_id AND earlier.channel = mine.channel
              AND earlier.due_at IS NOT NULL AND earlier.position < mine.position
        )
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING {_COLUMNS}, created_at, attempts
    """  # noqa: S608 - column names are ours
)

_FINISH = text(
    """
    UPDATE notify.delivery SET state = CAST(:state AS text), detail = :detail, due_at = NULL
    WHERE id = :id AND state IS NULL
    """
)
_POSTPONE = text("UPDATE notify.delivery SET due_at = :due_at, detail = :detail WHERE id = :id AND state IS NULL")

# Reports come late, twice and out of order: a state only ever says more. Of several in a batch the strongest counts.
_REPORT = text(
    """
    UPDATE notify.delivery SET state = said.state, detail = said.detail, due_at = NULL
    FROM (
        SELECT DISTINCT ON (id) id, state, detail, rank
        FROM unnest(CAST(:id AS text[]), CAST(:state AS text[]), CAST(:detail AS text[])) AS r (id, state, detail),
             array_position(ARRAY['sent', 'failed', 'delivered', 'read'], state) AS rank
        ORDER BY id, rank DESC
    ) AS said
    WHERE delivery.id = said.id
      AND said.rank > coalesce(array_position(ARRAY['sent', 'failed', 'delivered', 'read'], delivery.state), 0)
    """
)
# A channel whose turn it is has all of its time, however long the one before it was tried.
_BEGIN = "due_at = :now, created_at = :now"
_FALL_BACK = text(
    f"""
    UPDATE notify.delivery SET {_BEGIN}
    WHERE after = ANY(:failed) AND due_at IS NULL AND state IS NULL AND text <> ''
    """  # noqa: S608 - column names are ours
)
# "Delivered" is no more than handed to a socket, which may lead to a phone that has lost its signal.
_UNSEEN = text(
    f"""
    UPDATE notify.delivery SET {_BEGIN}
    WHERE id IN (
        SELECT next.id FROM notify.delivery AS chat JOIN notify.delivery AS next ON next.after = chat.id
        WHERE chat.channel = 'chat' AND chat.state IN ('sent', 'delivered')
          AND chat.created_at BETWEEN :oldest AND :unseen_since
          AND next.due_at IS NULL AND next.state IS NULL
        FOR UPDATE OF next SKIP LOCKED
    )
    """  # noqa: S608 - column names are ours
)
# What waits for the failure of another is over too once that can no more come.
_BLANK = text(
    """
    UPDATE notify.delivery SET address = '', subject = '', text = ''
    WHERE id IN (
        SELECT id FROM notify.delivery WHERE created_at < :before AND text <> '' AND due_at IS NULL
        ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)
_DELETE = text(
    """
    DELETE FROM notify.delivery
    WHERE id IN (
        SELECT id FROM notify.delivery WHERE created_at < :before AND text = '' AND due_at IS NULL
        ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)
_BACKLOG = text(
    """
    SELECT channel, count(*) AS waiting, min(created_at) AS oldest_at
    FROM notify.delivery WHERE due_at IS NOT NULL GROUP BY channel
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process, and nobody else, has to send now. `attempts` counts this one."""

    delivery: Delivery
    created_at: datetime
    attempts: int


async def insert(connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """Remember deliveries; one that is already there stays as it is."""
    if not deliveries:
        return
    columns = {name: [getattr(d, name) for d in deliveries] for name in _COLUMNS.split(", ")}
    due = [d.due_at_once for d in deliveries]
    await connection.execute(_INSERT, columns | {"due": due, "now": now})


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the senders of one channel, now or later."""

    waiting: int
    oldest_at: datetime


async def claim(connection: AsyncConnection, *, channel: Channel, now: datetime) -> Claimed | None:
    """The delivery on `channel` that is due for the longest time and whose turn it is; `None` when there is none.

    One at a time: of several, the last would be sent after the claim had ended, and by somebody else too.
    """
    row = (await connection.execute(_CLAIM, {"channel": channel, "now": now, "until": now + CLAIMED_FOR})).first()
    return None if row is None else _claimed(row)


async def finish(
    connection: AsyncConnection, delivery_id: str, *, state: DeliveryState, detail: str | None = None
) -> bool:
    """End a delivery; says whether it had not ended before."""
    ended = await connection.execute(_FINISH, {"id": delivery_id, "state": state, "detail": detail})
    return ended.rowcount > 0


async def postpone(connection: AsyncConnection, delivery_id: str, *, due_at: datetime, detail: str) -> None:
    await connection.execute(_POSTPONE, {"id": delivery_id, "due_at": due_at, "detail": detail})


async def report(connection: AsyncConnection, reports: Sequence[DeliveryReported]) -> None:
    """Note what edges report of the deliveries that they carry."""
    said = {name: [getattr(r, name) for r in reports] for name in ("state", "detail")}
    await connection.execute(_REPORT, said | {"id": [r.delivery_id for r in reports]})


async def fall_back(connection: AsyncConnection, failed: Sequence[str], *, now: datetime) -> int:
    """Make due what waits for the failure of `failed`; says how many."""
    return (await connection.execute(_FALL_BACK, {"failed": list(failed), "now": now})).rowcount


async def fall_back_unseen(connection: AsyncConnection, *, now: datetime, unseen_for: timedelta) -> int:
    """Make due what waits for chat messages that nobody has read for `unseen_for`."""
    window = {"now": now, "unseen_since": now - unseen_for, "oldest": now - unseen_for - timedelta(days=1)}
    return (await connection.execute(_UNSEEN, window)).rowcount


async def blank(connection: AsyncConnection, *, before: datetime, most: int) -> int:
    """Take the personal data out of deliveries that are over and older than `before`; says out of how many."""
    return (await connection.execute(_BLANK, {"before": before, "most": most})).rowcount


async def delete(connection: AsyncConnection, *, before: datetime, most: int) -> int:
    """Delete blank deliveries that are older than `before`; says how many."""
    return (await connection.execute(_DELETE, {"before": before, "most": most})).rowcount


async def backlog(connection: AsyncConnection) -> dict[Channel, Backlog]:
    """By channel; without those for which nothing waits."""
    return {Channel(row.channel): Backlog(row.waiting, row.oldest_at) for row in await connection.execute(_BACKLOG)}


def _claimed(row: Row[tuple[object, ...]]) -> Claimed:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    created_at, attempts = values.pop("created_at"), values.pop("attempts")
    values |= {"channel": Channel(values["channel"]), "locale": Locale(values["locale"])}
    return Claimed(delivery=Delivery(**values), created_at=created_at, attempts=attempts)
