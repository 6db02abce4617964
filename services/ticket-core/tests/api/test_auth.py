from collections.abc import Mapping

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number
from core_service import Served
from ticket_core.store.sessions import token_hash
from ticket_core.store.tables import api_tokens

pytestmark = pytest.mark.integration

PASSWORD = "a long password"
FOREIGN: list[dict[str, str]] = [
    {},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
]


@pytest.fixture
async def agent_id(served: Served) -> str:
    await served.store.apply([contact(message(reference=number(1)))])
    return await served.desk.agents.put(email="Dewi@Example.id", name="Dewi", password=PASSWORD)


@pytest.fixture
async def cookie(served: Served, agent_id: str) -> dict[str, str]:
    return {"cookie": f"kawal_session={await served.desk.sessions.create(agent_id)}"}


async def reply(served: Served, headers: Mapping[str, str]) -> int:
    answer = await served.anyone.post(f"/v1/cases/{number(1)}/replies", json={"text": "x"}, headers=headers)
    return answer.status_code


class TestBearer:
    async def test_nobody_we_know(self, served: Served) -> None:
        for path in ("/v1/cases", "/v1/events", "/v1/agents", f"/v1/cases/{number(1)}"):
            for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}):
                answer = await served.anyone.get(path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")

    async def test_a_token_of_the_table(self, served: Served, agent_id: str, engine: AsyncEngine) -> None:
        row = {"token_hash": token_hash("script"), "agent_id": agent_id, "name": "a script"}
        async with engine.begin() as connection:
            await connection.execute(insert(api_tokens).values(row))
        assert await reply(served, {"authorization": "Bearer script"}) == 201


class TestCookie:
    async def test_reads(self, served: Served, cookie: dict[str, str]) -> None:
        assert (await served.anyone.get("/v1/cases", headers=cookie)).status_code == 200

    async def test_writes_from_our_own_pages(self, served: Served, cookie: dict[str, str]) -> None:
        assert await reply(served, cookie | {"sec-fetch-site": "same-origin"}) == 201
        assert await reply(served, cookie | {"origin": served.url}) == 201

    async def test_writes_from_elsewhere(self, served: Served, cookie: dict[str, str]) -> None:
        for headers in FOREIGN:
            assert await reply(served, cookie | headers) == 403, headers

    async def test_a_session_that_was_ended(self, served: Served, agent_id: str) -> None:
        token = await served.desk.sessions.create(agent_id)
        headers = {"cookie": f"kawal_session={token}"}
        assert (await served.anyone.get("/v1/cases", headers=headers)).status_code == 200
        await served.desk.sessions.revoke(token)
        assert (await served.anyone.get("/v1/cases", headers=headers)).status_code == 401


class TestAuthenticate:
    async def test_the_right_password(self, served: Served, agent_id: str) -> None:
        agent = await served.desk.agents.authenticate(email=" DEWI@example.id ", password=PASSWORD)
        assert agent is not None
        assert (agent.id, agent.name) == (agent_id, "Dewi")

    async def test_anything_else(self, served: Served, agent_id: str) -> None:
        assert agent_id
        for email, password in (("dewi@example.id", "wrong"), ("nobody@example.id", PASSWORD)):
            assert await served.desk.agents.authenticate(email=email, password=password) is None

    async def test_adding_twice_changes_the_password(self, served: Served, agent_id: str) -> None:
        again = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="another password")
        assert again == agent_id
        assert await served.desk.agents.authenticate(email="dewi@example.id", password=PASSWORD) is None
