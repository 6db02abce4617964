"""How long notifier keeps what it has told to whom: words and addresses for a while, the bare facts for longer."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.store import deliveries

AT_ONCE = 1_000


class Retention:
    """`words_for` must be longer than a report may be late: the topics keep it for a week."""

    def __init__(self, *, words_for: timedelta, facts_for: timedelta) -> None:
        self._words_for = words_for
        self._facts_for = facts_for

    async def __call__(self, connection: AsyncConnection, now: datetime) -> None:
        """Forget some of what is old; called every few seconds."""
        await deliveries.blank(connection, before=now - self._words_for, most=AT_ONCE)
        await deliveries.delete(connection, before=now - self._facts_for, most=AT_ONCE)
