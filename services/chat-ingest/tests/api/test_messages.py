import asyncio
from typing import Any

import httpx
import pytest

from chat_factories import outbound, place, window
from kawal.testing import eventually

pytestmark = pytest.mark.integration
PATH = "/v1/chat/messages"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class TestQueue:
    """The place in the queue, without a socket."""

    async def poll(self, edge: Any, token: str, **asked: Any) -> Any:
        response = await edge.client.get(PATH, params={"after": 0} | asked, headers=bearer(token))
        assert response.status_code == 200
        return response.json()

    async def test_is_told_as_it_moves(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(self.poll(edge, token, wait=30, queue=0))
            await edge.send_out(place(3, conversation_id=conversation_id, wait_minutes=7))
        assert waiting.result()["items"] == []
        assert waiting.result()["queue"] == {"type": "queue", "position": 3, "wait_minutes": 7}

    async def test_is_told_at_once_where_another_is_shown(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        await edge.send_out(place(3, conversation_id=conversation_id))
        async with asyncio.timeout(20):
            assert (await self.poll(edge, token, wait=30, queue=0))["queue"]["position"] == 3
            assert (await self.poll(edge, token, wait=30, queue=2))["queue"]["position"] == 3
            await edge.send_out(place(0, conversation_id=conversation_id))
            assert (await self.poll(edge, token, wait=30, queue=3))["queue"]["position"] == 0

    async def test_who_does_not_ask_is_told_nothing(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        await edge.send_out(place(3, conversation_id=conversation_id))
        assert (await self.poll(edge, token, wait=30, queue=0))["queue"]["position"] == 3
        assert "queue" not in await self.poll(edge, token, wait=0.1)

    @pytest.mark.parametrize("queue", ["-1", "x", "99999999999"])
    async def test_place_that_is_none(self, edge: Any, queue: str) -> None:
        token, _ = await edge.session()
        response = await edge.client.get(PATH, params={"queue": queue}, headers=bearer(token))
        assert (response.status_code, response.json()["code"]) == (422, "invalid_frame")


class TestPost:
    async def test_accepted(self, edge: Any) -> None:
        token, _ = await edge.session()
        for _ in range(2):
            response = await edge.client.post(PATH, json={"client_id": "c1", "text": "Halo"}, headers=bearer(token))
            assert response.status_code == 202
            assert response.json() == {"type": "accepted", "client_id": "c1"}

    async def test_same_id_for_another_text(self, edge: Any) -> None:
        token, _ = await edge.session()
        await edge.client.post(PATH, json={"client_id": "c1", "text": "Halo"}, headers=bearer(token))
        response = await edge.client.post(PATH, json={"client_id": "c1", "text": "Lain"}, headers=bearer(token))
        assert (response.status_code, response.json()["code"]) == (409, "client_id_conflict")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "malformed_frame"),
            (b"[]", 400, "malformed_frame"),
            (b"{}", 422, "invalid_frame"),
            (b'{"client_id":"c","text":"x","admin":1}', 422, "invalid_frame"),
            (b'{"client_id":1,"text":"x"}', 422, "invalid_frame"),
            (b'{"client_id":"c","text":"\\u0007"}', 422, "control_characters"),
            (b'{"client_id":"c","text":""}', 422, "empty_message"),
            (b'{"client_id":"c","text":"' + b"x" * 10_001 + b'"}', 422, "message_too_long"),
            (b'{"client_id":"c","text":"\xff"}', 400, "invalid_encoding"),
            (b"x" * 70_000, 413, "body_too_large"),
        ],
    )
    async def test_bad_input(self, edge: Any, body: bytes, status: int, code: str) -> None:
        token, _ = await edge.session()
        headers = {**bearer(token), "content-type": "application/json"}
        response = await edge.client.post(PATH, content=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (status, code)

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Basic x"}, bearer("x.y"), bearer("é".encode().hex())])
    async def test_no_session(self, edge: Any, headers: dict[str, str]) -> None:
        response = await edge.client.post(PATH, json={"client_id": "c1", "text": "Halo"}, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "invalid_session")

    async def test_too_fast(self, edge: Any) -> None:
        token, _ = await edge.session()
        responses = [
            await edge.client.post(PATH, json={"client_id": f"c{n}", "text": "Halo"}, headers=bearer(token))
            for n in range(60)
        ]
        refused = [response for response in responses if response.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"


class TestGet:
    async def test_nothing_yet(self, edge: Any) -> None:
        token, _ = await edge.session()
        response = await edge.client.get(PATH, headers=bearer(token))
        assert response.json() == {"items": [], "next_cursor": None}

    async def test_what_follows(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        await edge.send_out(*(outbound(seq, conversation_id=conversation_id) for seq in (1, 2, 3)))
        await eventually(lambda: edge.has_written(conversation_id, 3))
        body = (await edge.client.get(PATH, params={"after": 1}, headers=bearer(token))).json()
        assert [item["seq"] for item in body["items"]] == [2, 3]
        assert body["next_cursor"] == "3"

    async def test_waits_for_the_next(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        waiting = asyncio.create_task(edge.client.get(PATH, params={"wait": 20}, headers=bearer(token)))
        await edge.send_out(outbound(1, conversation_id=conversation_id))
        assert [item["seq"] for item in (await waiting).json()["items"]] == [1]

    async def test_abandoned_polls_take_no_place(self, edge: Any) -> None:
        token, _ = await edge.session()
        for _ in range(8):
            with pytest.raises(httpx.ReadTimeout):
                await edge.client.get(PATH, params={"wait": 30}, headers=bearer(token), timeout=0.2)
        response = await edge.client.get(PATH, headers=bearer(token))
        assert response.status_code == 200

    @pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=-1", "wait=nan", "after=99999999999", "after=1.5"])
    async def test_bad_query(self, edge: Any, query: str) -> None:
        token, _ = await edge.session()
        response = await edge.client.get(f"{PATH}?{query}", headers=bearer(token))
        assert (response.status_code, response.json()["code"]) == (422, "invalid_frame")


class TestRead:
    async def test_is_told_to_open_windows(self, edge: Any) -> None:
        token, conversation_id = await edge.session()
        async with window(edge.url) as chat:
            await chat.hello(token)
            await edge.send_out(outbound(1, conversation_id=conversation_id))
            await chat.messages(1)
            response = await edge.client.post("/v1/chat/read", json={"seq": 1}, headers=bearer(token))
            assert response.status_code == 202
            assert (await chat.hear("receipt"))["seq"] == 1

    async def test_too_fast(self, edge: Any) -> None:
        token, _ = await edge.session()
        marks = ({"seq": seq} for seq in range(1, 61))
        answers = [await edge.client.post("/v1/chat/read", json=mark, headers=bearer(token)) for mark in marks]
        assert {answer.status_code for answer in answers} == {202, 429}
