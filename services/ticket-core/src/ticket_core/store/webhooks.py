"""Subscriptions of webhooks, and what became of each message to them."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.vault.sealing import Sealed, decode_kek, seal, unseal
from ticket_core.domain.errors import TooManyWebhooks, WebhookNotFound
from ticket_core.domain.webhooks import SECRET_BYTES, event_id, secret_of
from ticket_core.store.cursors import InvalidCursor
from ticket_core.store.reading import Reading
from ticket_core.store.stamps import SETTLED
from ticket_core.store.store import new_id

MOST_WEBHOOKS = 50
MOST_LISTED = 100
MOST_FORMER = 3
"""Secrets before the present one: also whoever never saw an answer and rotates again leaves no gap."""
BY_HAND = "by_hand"
_LOCK = 0x6B617761_77656268
_SECRET_TYPE = "text/plain"  # noqa: S105 a media type
_SHOWN = """
    id::text, url, kinds, description,
    CASE WHEN disabled_at IS NOT NULL THEN 'disabled' WHEN failing_since IS NOT NULL THEN 'failing' ELSE 'active' END,
    created_at, succeeded_at, failing_since, disabled_at, disabled_reason
"""
_ALL = text(f"SELECT {_SHOWN} FROM core.webhooks ORDER BY id")  # noqa: S608 our own columns
_ONE = text(f"SELECT {_SHOWN} FROM core.webhooks WHERE id = :id")  # noqa: S608
_COUNT = text("SELECT pg_advisory_xact_lock(:lock), (SELECT count(*) FROM core.webhooks)")
_ADD = text(f"""
    INSERT INTO core.webhooks
        (id, url, kinds, description, secret, secret_key, created_by, created_at, stamp, case_id, seq, failures)
    VALUES (:id, :url, CAST(:kinds AS text[]), :description, :secret, :secret_key, :agent, now(), {SETTLED} - 1,
            CAST('{UUID(int=2**128 - 1)}' AS uuid), {2**31 - 1}, 0)
    RETURNING {_SHOWN}
""")  # noqa: S608
_CHANGE = text(f"""
    UPDATE core.webhooks SET url = :url, kinds = CAST(:kinds AS text[]), description = :description
    WHERE id = :id RETURNING {_SHOWN}
""")  # noqa: S608
_SECRETS = text("""
    SELECT secret, secret_key FROM core.webhooks WHERE id = :id
    UNION ALL (
        SELECT secret, secret_key FROM core.webhook_former_secrets
        WHERE webhook_id = :id AND valid_until > now() ORDER BY id DESC
    )
""")
_KEEP_FORMER = text("""
    INSERT INTO core.webhook_former_secrets (webhook_id, id, secret, secret_key, valid_until)
    SELECT id, :former_id, secret, secret_key, now() + :overlap FROM core.webhooks WHERE id = :id
""")
_FORGET_FORMER = text("""
    DELETE FROM core.webhook_former_secrets WHERE webhook_id = :id AND id NOT IN (
        SELECT id FROM core.webhook_former_secrets WHERE webhook_id = :id ORDER BY id DESC LIMIT :kept
    )
""")
_REPLACE_SECRET = text(f"""
    UPDATE core.webhooks SET secret = :secret, secret_key = :secret_key WHERE id = :id RETURNING {_SHOWN}
""")  # noqa: S608
_HOLD = text("SELECT FROM core.webhooks WHERE id = :id FOR UPDATE")
_REMOVE = text("DELETE FROM core.webhooks WHERE id = :id RETURNING id")
_ENABLE = text(f"""
    UPDATE core.webhooks
    SET disabled_at = NULL, disabled_reason = NULL, failures = 0, failing_since = NULL, retry_at = NULL
    WHERE id = :id RETURNING {_SHOWN}
""")  # noqa: S608
_DUE_NOW = text("UPDATE core.webhook_deliveries SET next_at = now() WHERE webhook_id = :id AND state = 'pending'")
_DISABLE = text(f"""
    UPDATE core.webhooks
    SET disabled_at = coalesce(disabled_at, now()), disabled_reason = coalesce(disabled_reason, :reason)
    WHERE id = :id RETURNING {_SHOWN}
""")  # noqa: S608
# Whatever was committed after a mark has a higher stamp than it: see `ticket_core.store.stream`.
_REPLAY = text(f"""
    UPDATE core.webhooks SET case_id = CAST('{UUID(int=2**128 - 1)}' AS uuid), seq = {2**31 - 1}, stamp = least(
        stamp,
        coalesce((SELECT marks.stamp FROM core.webhook_marks AS marks WHERE at <= :since ORDER BY at DESC LIMIT 1), 0)
    )
    WHERE id = :id AND stamp > coalesce(
        (SELECT marks.stamp FROM core.webhook_marks AS marks WHERE at <= :since ORDER BY at DESC LIMIT 1), 0
    )
""")  # noqa: S608
_DELIVERIES = text("""
    SELECT sent.case_id::text, cases.number, sent.seq, timeline.kind, sent.state, sent.attempts, sent.queued_at,
           CASE WHEN sent.state = 'pending' THEN sent.next_at END, sent.settled_at, sent.last_status, sent.last_error
    FROM core.webhook_deliveries AS sent
    JOIN core.cases ON cases.id = sent.case_id
    JOIN core.timeline ON timeline.case_id = sent.case_id AND timeline.seq = sent.seq
    WHERE webhook_id = :id AND (CAST(:state AS text) IS NULL OR sent.state = :state)
      AND (CAST(:at AS timestamptz) IS NULL OR (sent.queued_at, sent.case_id, sent.seq) < (:at, :case_id, :seq))
    ORDER BY sent.queued_at DESC, sent.case_id DESC, sent.seq DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class WebhookView:
    """`kinds` are those of entries; none means all. `state` is active, failing (since then) or disabled."""

    id: str
    url: str
    kinds: list[str]
    description: str
    state: str
    created_at: datetime
    succeeded_at: datetime | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A message to a subscriber: pending (tried next at `next_at`), delivered, or failed for good."""

    event_id: str
    case_number: str
    seq: int
    kind: str
    state: str
    attempts: int
    queued_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    items: list[DeliveryView]
    next_cursor: str | None


class WebhookSubscriptions:
    def __init__(self, engine: AsyncEngine, *, vault_key: SecretStr) -> None:
        self._engine = engine
        self._reading = Reading(engine)
        self._kek = decode_kek(vault_key)

    async def all(self) -> list[WebhookView]:
        async with self._reading.connection() as connection:
            return [WebhookView(*row) for row in await connection.execute(_ALL)]

    async def get(self, webhook_id: str) -> WebhookView:
        """Raises `WebhookNotFound`."""
        async with self._reading.connection() as connection:
            return await _one(connection, _ONE, id=webhook_id)

    async def add(self, *, url: str, kinds: list[str], description: str, agent_id: str) -> tuple[WebhookView, str]:
        """A new one, which is told all that is committed from now on, and its secret, which is never shown again.

        Raises:
            TooManyWebhooks: there are `MOST_WEBHOOKS`.
        """
        webhook_id = new_id()
        secret, kept = self._new_secret(webhook_id)
        async with self._engine.begin() as connection:
            if (await connection.execute(_COUNT, {"lock": _LOCK})).one()[1] >= MOST_WEBHOOKS:
                raise TooManyWebhooks("Remove one first")
            told = {"url": url, "kinds": kinds, "description": description, "agent": agent_id}
            return await _one(connection, _ADD, id=webhook_id, **kept, **told), secret

    async def rotate(self, webhook_id: str, *, overlap: timedelta) -> tuple[WebhookView, str]:
        """A new secret, as in `add`; for so long the ones before sign too, the latest `MOST_FORMER` of them.

        Without an overlap no earlier one does.

        Raises:
            WebhookNotFound.
        """
        secret, kept = self._new_secret(webhook_id)
        async with self._engine.begin() as connection:
            await connection.execute(_HOLD, {"id": webhook_id})
            former = {"id": webhook_id, "former_id": new_id(), "overlap": overlap}
            await connection.execute(_KEEP_FORMER, former)
            await connection.execute(_FORGET_FORMER, {"id": webhook_id, "kept": MOST_FORMER if overlap else 0})
            return await _one(connection, _REPLACE_SECRET, id=webhook_id, **kept), secret

    async def secrets(self, webhook_id: str) -> list[str]:
        """Those that sign now, the latest first; none of a subscription that was removed."""
        async with self._reading.connection() as connection:
            found = (await connection.execute(_SECRETS, {"id": webhook_id})).all()
        opened = (unseal(Sealed(data, key), ref=webhook_id, kek=self._kek) for data, key in found)
        return [secret.decode() for secret, _ in opened]

    def _new_secret(self, webhook_id: str) -> tuple[str, dict[str, bytes]]:
        """And how it is kept."""
        secret = secret_of(os.urandom(SECRET_BYTES))
        sealed = seal(secret.encode(), ref=webhook_id, media_type=_SECRET_TYPE, kek=self._kek)
        return secret, {"secret": sealed.data, "secret_key": sealed.wrapped_key}

    async def change(self, webhook_id: str, *, url: str, kinds: list[str], description: str) -> WebhookView:
        """Raises `WebhookNotFound`."""
        async with self._engine.begin() as connection:
            return await _one(connection, _CHANGE, id=webhook_id, url=url, kinds=kinds, description=description)

    async def remove(self, webhook_id: str) -> None:
        """Raises `WebhookNotFound`."""
        async with self._engine.begin() as connection:
            if (await connection.execute(_REMOVE, {"id": webhook_id})).first() is None:
                raise WebhookNotFound("It may have been removed")

    async def enable(self, webhook_id: str) -> WebhookView:
        """Go on where it was: what happened meanwhile is sent now.

        Raises:
            WebhookNotFound.
        """
        async with self._engine.begin() as connection:
            view = await _one(connection, _ENABLE, id=webhook_id)
            await connection.execute(_DUE_NOW, {"id": webhook_id})
            return view

    async def disable(self, webhook_id: str) -> WebhookView:
        """Raises `WebhookNotFound`."""
        async with self._engine.begin() as connection:
            return await _one(connection, _DISABLE, id=webhook_id, reason=BY_HAND)

    async def replay(self, webhook_id: str, *, since: datetime) -> WebhookView:
        """Send again, with the same ids, all that was committed since then (and in the minute before).

        Raises:
            WebhookNotFound.
        """
        async with self._engine.begin() as connection:
            await connection.execute(_REPLAY, {"id": webhook_id, "since": since})
            return await _one(connection, _ONE, id=webhook_id)

    async def deliveries(self, webhook_id: str, *, state: str | None, cursor: str | None, limit: int) -> DeliveryPage:
        """The latest first.

        Raises:
            WebhookNotFound, InvalidCursor.
        """
        at, case_id, seq = _read(cursor)
        behind = {"at": at, "case_id": case_id, "seq": seq}
        async with self._reading.connection() as connection:
            await _one(connection, _ONE, id=webhook_id)
            wanted = {"id": webhook_id, "state": state, "limit": min(limit, MOST_LISTED) + 1, **behind}
            rows = (await connection.execute(_DELIVERIES, wanted)).all()
        shown = rows[: min(limit, MOST_LISTED)]
        items = [DeliveryView(event_id(row[0], row[2]), *row[1:]) for row in shown]
        last = f"{shown[-1].queued_at.isoformat()}_{shown[-1][0]}_{shown[-1].seq}" if len(rows) > len(shown) else None
        return DeliveryPage(items, last)


def _read(cursor: str | None) -> tuple[datetime | None, str | None, int | None]:
    if cursor is None:
        return None, None, None
    try:
        at, case_id, seq = cursor.split("_")
        place = datetime.fromisoformat(at), str(UUID(case_id)), int(seq)
    except ValueError as broken:
        raise InvalidCursor("Send `next_cursor` as it was answered") from broken
    if place[0].tzinfo is None or not 0 <= place[2] < 2**31:
        raise InvalidCursor("Send `next_cursor` as it was answered")
    return place


async def _one(connection: AsyncConnection, statement: TextClause, **parameters: object) -> WebhookView:
    row = (await connection.execute(statement, parameters)).one_or_none()
    if row is None:
        raise WebhookNotFound("It may have been removed")
    return WebhookView(*row)
