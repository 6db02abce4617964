from collections.abc import Sequence

import pytest

from core_factories import NOW, message
from kawal.contracts.envelope import Envelope
from kawal.contracts.interactions import Interaction, MessageReceived
from kawal.kafka import InvalidRecords, Record
from ticket_core.consumers.inputs import Applying, contact, decode_interaction
from ticket_core.domain.fold import Skipped
from ticket_core.domain.inputs import Contact, Input
from ticket_core.store.store import Outcome, RefusedEvents


def record(offset: int = 0) -> Record[Interaction]:
    envelope = Envelope(f"event-{offset}", "/chat-ingest", "kawal.interaction.message_received.v1", NOW, "key", "00-1")
    return Record("topic", 0, offset, b"key", envelope, message())


class TestDecodeInteraction:
    def test_nul_is_replaced(self) -> None:
        data = message("a\x00b\x00").model_dump_json().encode()
        decoded = decode_interaction(data)
        assert isinstance(decoded, MessageReceived)
        assert decoded.text == "a\ufffdb\ufffd"

    def test_what_only_looks_like_nul_is_kept(self) -> None:
        written = "a\\u0000b \\\\u0000 \x00"
        decoded = decode_interaction(message(written).model_dump_json().encode())
        assert isinstance(decoded, MessageReceived)
        assert decoded.text == "a\\u0000b \\\\u0000 \ufffd"

    def test_a_kind_of_tomorrow_is_skipped(self) -> None:
        assert decode_interaction(b'{"kind": "beamed_up", "conversation_id": "chat:aaaaaaaa"}') is None

    def test_a_field_of_tomorrow_is_ignored(self) -> None:
        data = message().model_dump_json().replace("{", '{"mood": "good", ', 1).encode()
        assert decode_interaction(data) == message()


class TestApplying:
    async def test_events_keep_their_identity_and_trace(self) -> None:
        given: list[Input] = []

        async def apply(inputs: Sequence[Input]) -> list[Outcome]:
            given.extend(inputs)
            return [Skipped()] * len(inputs)

        await Applying(apply, given=contact).handle([record()])
        assert given == [Contact("/chat-ingest", "event-0", message(), "00-1")]

    async def test_what_is_refused_goes_to_the_dead_letters(self) -> None:
        async def apply(inputs: Sequence[Input]) -> list[Outcome]:
            raise RefusedEvents({1: "TypeError"})

        records = [record(0), record(1)]
        with pytest.raises(InvalidRecords) as invalid:
            await Applying(apply, given=contact).handle(records)
        assert invalid.value.faults == {records[1].place: "TypeError"}
