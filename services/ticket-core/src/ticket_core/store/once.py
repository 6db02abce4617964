"""Idempotency keys of agents' commands: the same key and body is done once and answered the same each time."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.case_events import CaseState
from ticket_core.domain.errors import IdempotencyConflict
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Once
from ticket_core.domain.persons import PersonChanged
from ticket_core.store import tables
from ticket_core.store.bulk import Insert

_ASK = text("""
    INSERT INTO core.once (scope, key, fingerprint, asked_at)
    SELECT scope, key, fingerprint, :now
    FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS text[]))
        AS asked (scope, key, fingerprint)
    ON CONFLICT (scope, key) DO NOTHING
    RETURNING scope, key
""")
_KNOWN = text("""
    SELECT scope, key, fingerprint, answer::text FROM core.once
    WHERE (scope, key) IN (SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[])))
""")
_ANSWER = Insert(
    tables.once,
    ("scope", "key", "fingerprint", "answer", "asked_at"),
    conflict="scope, key",
    # Two bodies with one key may have come in one batch: the key is of the one that was answered.
    update=("fingerprint", "answer"),
)
_FORGET = text("""
    DELETE FROM core.once
    WHERE (scope, key) IN (SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[])))
""")
_CLAIM = text("""
    INSERT INTO core.once (scope, key, fingerprint, asked_at) VALUES (:scope, :key, :fingerprint, now())
    ON CONFLICT (scope, key) DO NOTHING
""")
_CLAIMED = text("SELECT fingerprint FROM core.once WHERE scope = :scope AND key = :key")
_FORGET_OLD = text("DELETE FROM core.once WHERE asked_at < :before")


class Key(NamedTuple):
    scope: str
    key: str


class Known(NamedTuple):
    """What a key was used for, and what was answered."""

    fingerprint: str
    answer: Applied | PersonChanged


def key_of(once: Once) -> Key:
    return Key(once.scope, once.key)


async def ask(connection: AsyncConnection, wanted: Collection[Once], *, now: datetime) -> dict[Key, Known]:
    """Take the keys that are new until the transaction ends; returns those that were used before.

    A transaction that is using one of the keys right now is waited for.
    """
    if not wanted:
        return {}
    asked = {key_of(once): once.fingerprint for once in wanted}
    ordered = sorted(asked)
    parameters = {
        **_columns(ordered),
        "fingerprints": [asked[key] for key in ordered],
        "now": now,
    }
    new = {Key(*row) for row in await connection.execute(_ASK, parameters)}
    if len(new) == len(asked):
        return {}
    known = await connection.execute(_KNOWN, _columns(sorted(asked.keys() - new)))
    return {Key(scope, key): Known(fingerprint, _answer_of(answer)) for scope, key, fingerprint, answer in known}


async def answer(connection: AsyncConnection, answers: Mapping[Key, Known], *, now: datetime) -> None:
    """Keep what was answered."""
    await _ANSWER.run(
        connection,
        [(key.scope, key.key, known.fingerprint, _document(known.answer), now) for key, known in answers.items()],
    )


async def forget(connection: AsyncConnection, keys: Collection[Key]) -> None:
    """Let keys be used again, because their commands were refused."""
    if keys:
        await connection.execute(_FORGET, _columns(sorted(keys)))


async def forget_before(connection: AsyncConnection, before: datetime) -> None:
    await connection.execute(_FORGET_OLD, {"before": before})


class Claims:
    """Keys of requests that are more than one command. Whoever sends one again must ask for the same."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, once: Once) -> None:
        """Remember what the key is used for.

        Raises:
            IdempotencyConflict: it was used for something else.
        """
        key = key_of(once)._asdict()
        async with self._engine.begin() as connection:
            await connection.execute(_CLAIM, {**key, "fingerprint": once.fingerprint})
            claimed = (await connection.execute(_CLAIMED, key)).scalar_one_or_none()
        if claimed != once.fingerprint:
            raise IdempotencyConflict("Use a new key for a new request")


def _columns(keys: Collection[Key]) -> dict[str, list[str]]:
    return {"scopes": [key.scope for key in keys], "keys": [key.key for key in keys]}


def _document(applied: Applied | PersonChanged) -> str:
    if isinstance(applied, PersonChanged):
        return json.dumps([applied.participant_id])
    return json.dumps([applied.case_id, applied.number, applied.state, applied.seq, applied.last_seq])


def _answer_of(document: str) -> Applied | PersonChanged:
    parts = json.loads(document)
    if len(parts) == 1:
        return PersonChanged(*parts)
    case_id, number, state, seq, *more = parts
    return Applied(case_id, number, CaseState(state), seq, *(more or [seq]))  # `more` came later
