import json
from typing import Any

import pytest

from chat_factories import outbound, reading, window
from kawal.contracts.topics import DELIVERIES, INTERACTIONS

pytestmark = pytest.mark.integration


class TestReports:
    async def test_stored_then_delivered_then_read(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with _deliveries(edge) as reader, window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            await chat.messages(1)
            await chat.say(type="read", seq=1)
            states = await _states(reader, conversation_id, count=3)
        assert set(states) == {"sent", "delivered", "read"}

    async def test_stored_while_nobody_is_there(self, edge: Any) -> None:
        _, conversation_id = await edge.session()
        async with _deliveries(edge) as reader:
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            assert await _states(reader, conversation_id, count=1) == ["sent"]

    async def test_read_of_what_came_in_an_earlier_connection(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            await chat.messages(1)
        async with _deliveries(edge) as reader, window(edge.url) as chat:
            await chat.hello(token, last_seq=1)
            await chat.say(type="read", seq=1)
            while "read" not in await _states(reader, conversation_id, count=1):
                pass


class TestInteractions:
    async def test_message_and_read_reach_kafka(self, edge: Any) -> None:
        token, conversation_id = await edge.session(name="Sari", phone="081234567890")
        partitions = INTERACTIONS.partitions
        async with reading(edge.kafka, INTERACTIONS.name, partitions=partitions) as reader, window(edge.url) as chat:
            await chat.hello(token)
            await chat.say(type="message", client_id="c1", text="Halo")
            await chat.hear("accepted")
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            await chat.messages(1)
            await chat.say(type="read", seq=1)
            message, read = [await _next(reader, conversation_id) for _ in range(2)]
        assert (message["kind"], message["text"], message["name"]) == ("message_received", "Halo", "Sari")
        assert message["identities"] == [{"kind": "phone", "value": "+6281234567890", "assurance": "claimed"}]
        assert (read["kind"], read["seq"]) == ("messages_read", 1)


def _deliveries(edge: Any) -> Any:
    return reading(edge.kafka, DELIVERIES.name, partitions=DELIVERIES.partitions)


async def _states(reader: Any, conversation_id: str, *, count: int) -> list[str]:
    return [(await _next(reader, conversation_id))["state"] for _ in range(count)]


async def _next(reader: Any, conversation_id: str) -> dict[str, Any]:
    async for record in reader:
        data: dict[str, Any] = json.loads(record.value)
        if data["conversation_id"] == conversation_id:
            return data
    raise AssertionError("the topic has ended")
