"""What is over is blanked, and deleted in the end."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Channel
from notifier.store import deliveries
from notifier.store.retention import Retention
from notifier_factories import NOW, delivery

pytestmark = pytest.mark.integration
MAIL = delivery(id="a/2/email")
CALL = delivery(id="b/2/voice", channel=Channel.VOICE, address="+628111")
NEVER_USED = delivery(id="b/2/email", after=CALL.id)
WAITING = delivery(id="c/2/email", conversation_id="web:zyxwvuts87654321")


@pytest.fixture
async def kept(engine):
    """`await kept(days)`: what is there so many days later, with its words, after the retention has run."""
    async with engine.begin() as connection:
        await deliveries.insert(connection, [MAIL, CALL, NEVER_USED, WAITING], now=NOW)
        await deliveries.finish(connection, MAIL.id, state=DeliveryState.SENT)

    async def after(days: int) -> dict[str, tuple[str, str, str]]:
        async with engine.begin() as connection:
            await Retention(words_for=timedelta(days=30), facts_for=timedelta(days=365))(
                connection, NOW + timedelta(days=days)
            )
            rows = await connection.execute(text("SELECT id, address, subject, text FROM notify.delivery"))
            return {row.id: (row.address, row.subject, row.text) for row in rows}

    return after


class TestRetention:
    async def test_keeps_everything_for_a_while(self, kept):
        assert all(all(words) for words in (await kept(29)).values())

    async def test_blanks_what_is_over_and_what_was_never_used(self, kept):
        found = await kept(31)
        assert found.pop(WAITING.id) == (WAITING.address, WAITING.subject, WAITING.text)
        assert found == dict.fromkeys((MAIL.id, CALL.id, NEVER_USED.id), ("", "", ""))

    async def test_deletes_it_in_the_end(self, kept):
        assert set(await kept(366)) == {WAITING.id}

    async def test_what_is_blank_is_never_sent(self, engine, kept):
        await kept(31)
        async with engine.begin() as connection:
            assert await deliveries.fall_back(connection, [CALL.id], now=NOW) == 0
