import asyncio

import pytest

from kawal_bench.clients.raw_chat import RawChat
from kawal_bench.clients.raw_http import Connection


class Sink(asyncio.Transport):
    """A transport that only takes; `written` is set with the first bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    def write(self, _data: bytes) -> None:
        self.written.set()


class TestConnection:
    async def test_answer_in_pieces(self):
        connection, transport = Connection(), Sink()
        connection.connection_made(transport)
        asking = asyncio.create_task(connection.exchange(b"GET / HTTP/1.1\r\n\r\n"))
        await transport.written.wait()

        for piece in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\nab", b"cd"):
            connection.data_received(piece)

        assert (await asking).body == b"abcd"


class TestRawChat:
    @pytest.fixture
    async def window(self):
        seen: list[bytes] = []
        window = RawChat("http://127.0.0.1:1", seen.append)
        window.connection_made(Sink())
        window.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        return window, seen

    async def test_messages_are_handed_on(self, window):
        chat, seen = window
        long = b'{"type":"message","text":"' + b"x" * 300 + b'"}'

        chat.data_received(bytes((0x81, 126)) + len(long).to_bytes(2, "big") + long[:100])
        chat.data_received(long[100:])

        assert seen == [long]

    async def test_accepted_ends_the_waiting(self, window):
        chat, _ = window
        chat._transport.written.clear()
        saying = asyncio.create_task(chat.say("halo", client_id="1"))
        await chat._transport.written.wait()
        accepted = b'{"type":"accepted","client_id":"1"}'

        chat.data_received(bytes((0x81, len(accepted))) + accepted)

        await saying
