import asyncio
import socket
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from chat_factories import outbound, window
from kawal.testing import eventually

pytestmark = pytest.mark.integration
MESSAGES = "/v1/chat/messages"


class TestConnections:
    async def test_one_too_many(self, edges: Any, tmp_path: Any) -> None:
        async with edges.run(edges.service(tmp_path, chat_max_connections=1)) as edge:
            async with window(edge.url):
                with pytest.raises(InvalidStatus) as refused:
                    async with window(edge.url):
                        pass
                assert refused.value.response.status_code == 503
                assert refused.value.response.headers["retry-after"]
            await eventually(lambda: _connects(edge))


class TestSessions:
    async def test_of_one_address(self, edges: Any, tmp_path: Any) -> None:
        changes = {"chat_sessions_per_address": "2/3600", "trusted_proxies": "127.0.0.0/8"}
        async with edges.run(edges.service(tmp_path, **changes)) as edge:

            async def opened(address: str) -> httpx.Response:
                headers = {"x-forwarded-for": address, "origin": "https://host.example"}
                return await edge.client.post("/v1/chat/sessions", json={}, headers=headers)

            answers = [await opened("198.51.100.1") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [201, 201, 429]
            assert answers[-1].json()["code"] == "too_many_requests"
            assert int(answers[-1].headers["retry-after"]) > 0
            assert answers[-1].headers["access-control-allow-origin"] == "https://host.example"
            assert (await opened("198.51.100.2")).status_code == 201


class TestPolls:
    async def test_take_places_as_sockets_do(self, edges: Any, tmp_path: Any) -> None:
        async with edges.run(edges.service(tmp_path, chat_max_connections=1)) as edge:
            token, conversation_id = await edge.session()
            headers = {"authorization": f"Bearer {token}"}
            waiting = asyncio.create_task(edge.client.get(MESSAGES, params={"wait": 25}, headers=headers))
            await eventually(lambda: _is_full(edge))
            with pytest.raises(InvalidStatus):
                async with window(edge.url):
                    pass
            response = await edge.client.get(MESSAGES, params={"wait": 25}, headers=headers, timeout=10)
            assert response.json()["items"] == []
            assert not waiting.done()
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            assert len((await waiting).json()["items"]) == 1
            await eventually(lambda: _connects(edge))


class TestSlowReader:
    async def test_is_cut(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url, max_queue=(1, 0), close_timeout=0.1) as chat:
            transport = chat.socket.transport
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            await chat.hello(token)
            transport.pause_reading()
            text = "x" * 10_000
            for start in range(1, 1_201, 300):
                seqs = range(start, start + 300)
                await edge.send_out(*(outbound(seq, conversation_id=conversation_id, text=text) for seq in seqs))
            await eventually(lambda: _was_cut(edge), timeout=30)


async def _connects(edge: Any) -> bool:
    try:
        async with window(edge.url):
            return True
    except InvalidStatus:
        return False


async def _is_full(edge: Any) -> bool:
    return not await _connects(edge)


async def _was_cut(edge: Any) -> bool:
    metrics = (await edge.client.get(f"{edge.operations_url}/metrics")).text
    return 'connections_ended_total{reason="queue_full"}' in metrics
