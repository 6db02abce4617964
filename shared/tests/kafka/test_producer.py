import asyncio
from dataclasses import replace

import pytest
from aiokafka.errors import KafkaTimeoutError, OutOfOrderSequenceNumber

from kawal.errors import TransientError
from kawal.kafka import Producer, ProduceRejected, ProduceUnknown

pytestmark = pytest.mark.integration


class TestSend:
    async def test_returns_where_the_message_is(self, stream):
        ack = await stream.producer.send(stream.message("a", 1))
        assert (ack.topic, ack.partition, ack.offset) == (stream.topic, 0, 0)

    async def test_without_a_broker_the_outcome_is_unknown(self, stream):
        producer = Producer(bootstrap_servers="127.0.0.1:1")
        with pytest.raises(ProduceUnknown):
            await producer.send(stream.message("a", 1))
        with pytest.raises(TransientError):
            await producer.start()

    async def test_what_is_too_large_is_rejected_and_the_next_goes_through(self, stream):
        with pytest.raises(ProduceRejected):
            await stream.producer.send(replace(stream.message("a", 1), value=b"x" * 2_000_000))
        assert (await stream.producer.send(stream.message("a", 2))).offset == 0


class TestSendAll:
    async def test_keeps_the_order_of_a_key(self, stream_of):
        stream = await stream_of(partitions=3)
        acks = await stream.producer.send_all([stream.message(f"key{n % 5}", n) for n in range(500)])
        for key in range(5):
            places = [(ack.partition, ack.offset) for ack in acks[key::5]]
            assert places == sorted(places)
            assert len({partition for partition, _ in places}) == 1

    async def test_nothing_is_nothing(self, stream):
        assert await stream.producer.send_all([]) == []

    @pytest.mark.parametrize("error", [KafkaTimeoutError, OutOfOrderSequenceNumber])
    async def test_after_a_failure_nothing_of_the_old_client_arrives(self, stream, error, monkeypatch):
        await stream.producer.start()
        client = stream.producer._client
        sender = client._sender

        async def fail(_node, batches):
            for batch in batches.values():
                batch.failure(error())

        monkeypatch.setattr(sender, "_send_produce_req", fail)
        with pytest.raises(ProduceUnknown):
            await stream.producer.send(stream.message("a", 1))
        monkeypatch.undo()
        assert client._sender.sender_task.done()
        assert (await stream.producer.send(stream.message("a", 2))).offset == 0

    async def test_who_waits_for_a_client_that_is_given_up_is_told(self, stream, monkeypatch):
        await stream.producer.start()

        async def never(_node, _batches):
            await asyncio.Event().wait()

        monkeypatch.setattr(stream.producer._client._sender, "_send_produce_req", never)
        waiting = asyncio.create_task(stream.producer.send(stream.message("a", 1)))
        given_up = asyncio.create_task(stream.producer.send(stream.message("b", 1)))
        await asyncio.wait({given_up, waiting}, timeout=0.2)
        given_up.cancel()
        with pytest.raises(ProduceUnknown):
            await asyncio.wait_for(waiting, timeout=10)


class TestStop:
    async def test_is_bounded(self, stream, monkeypatch):
        await stream.producer.start()
        client = stream.producer._client

        async def never():
            await asyncio.Event().wait()

        monkeypatch.setattr(client._message_accumulator, "close", never)
        await asyncio.wait_for(stream.producer.stop(timeout_s=0.1), timeout=5)
        assert client._sender.sender_task.done()
