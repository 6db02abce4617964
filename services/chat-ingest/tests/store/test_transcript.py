from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from chat_factories import NOW, outbound, settings
from chat_ingest.domain.refusals import TranscriptAway
from chat_ingest.store.transcript import DELETES, StoredTranscript
from kawal import database as databases
from kawal.database.retention import Retention

pytestmark = pytest.mark.integration


@pytest.fixture
async def transcript(database: Callable[..., str]) -> AsyncIterator[StoredTranscript]:
    async with databases.opened(database("chat-ingest")) as engine:
        yield StoredTranscript(engine)


@pytest.fixture
def conversation_id() -> str:
    return f"chat:{uuid4().hex}"


class TestWrite:
    async def test_comes_back_as_it_went_in(self, transcript: StoredTranscript, conversation_id: str) -> None:
        message = outbound(1, conversation_id=conversation_id, client_id="c1", text="Baris satu\nbaris dua")
        await transcript.write([message])
        assert await transcript.after(conversation_id, seq=0, limit=10) == [message]

    async def test_twice_changes_nothing(self, transcript: StoredTranscript, conversation_id: str) -> None:
        first, second = (outbound(seq, conversation_id=conversation_id) for seq in (1, 2))
        await transcript.write([first, first])
        await transcript.write([first, second])
        assert await transcript.after(conversation_id, seq=0, limit=10) == [first, second]

    async def test_nothing(self, transcript: StoredTranscript) -> None:
        await transcript.write([])


class TestReads:
    async def test_after_is_in_order_and_bounded(self, transcript: StoredTranscript, conversation_id: str) -> None:
        await transcript.write([outbound(seq, conversation_id=conversation_id) for seq in (3, 1, 4, 2)])
        found = await transcript.after(conversation_id, seq=1, limit=2)
        assert [message.seq for message in found] == [2, 3]

    async def test_unread_wants_a_receipt(self, transcript: StoredTranscript, conversation_id: str) -> None:
        plain = outbound(2, conversation_id=conversation_id, wants_receipt=False)
        await transcript.write([plain, *(outbound(seq, conversation_id=conversation_id) for seq in (1, 3, 4))])
        found = await transcript.unread(conversation_id, after=0, up_to=3)
        assert {message.seq for message in found} == {1, 3}

    async def test_heads(self, transcript: StoredTranscript, conversation_id: str) -> None:
        await transcript.write([outbound(seq, conversation_id=conversation_id) for seq in (1, 2)])
        assert await transcript.heads([conversation_id, "chat:nobody-wrote-here"]) == {conversation_id: 2}

    async def test_away(self) -> None:
        async with databases.opened(settings().postgres_dsn) as engine:
            with pytest.raises(TranscriptAway):
                await StoredTranscript(engine).after("chat:whoever-it-is", seq=0, limit=1)


class TestForget:
    async def test_conversations_whose_last_word_is_old(self, database: Callable[..., str]) -> None:
        long_over, going_on = f"chat:{uuid4().hex}", f"chat:{uuid4().hex}"
        old, new = NOW - timedelta(days=800), NOW - timedelta(days=700)
        async with databases.opened(database("chat-ingest")) as engine:
            transcript = StoredTranscript(engine)
            await transcript.write([outbound(seq, conversation_id=long_over, at=old) for seq in (1, 2)])
            await transcript.write(
                [outbound(1, conversation_id=going_on, at=old), outbound(2, conversation_id=going_on, at=new)]
            )
            await Retention(engine, keep=timedelta(days=730), deletes=DELETES, clock=lambda: NOW).delete_old()
            assert await transcript.after(long_over, seq=0, limit=10) == []
            assert [one.seq for one in await transcript.after(going_on, seq=0, limit=10)] == [1, 2]

    def test_never_before_a_session_is_over(self) -> None:
        with pytest.raises(ValueError, match="conversation_days"):
            settings(conversation_days=30, chat_session_days=30)
