"""Who is there, what each can do, what waits: over HTTP."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number
from core_service import Served
from kawal.testing import eventually
from routing_factories import Shift
from ticket_core.store.store import utc_now

pytestmark = pytest.mark.integration


async def as_agent(served: Served, name: str = "Dewi", **roles: Any) -> tuple[str, dict[str, str]]:
    """An agent's id, and the headers of his browser."""
    agents = served.desk.agents
    agent_id = await agents.put(email=f"{name}@example.id", name=name, password="a long password", **roles)
    token = await served.desk.sessions.create(agent_id)
    return agent_id, {"cookie": f"kawal_session={token}", "sec-fetch-site": "same-origin"}


async def arrive(served: Served, index: int, **changes: Any) -> None:
    heard = message(conversation=f"chat:{index:08d}", reference=number(index), at=utc_now(), **changes)
    await served.store.apply([contact(heard)])


class TestPresence:
    async def test_is_what_i_choose(self, served: Served) -> None:
        _, mine = await as_agent(served)
        before = (await served.anyone.get("/v1/presence", headers=mine)).json()
        assert before == {"presence": "offline", "chosen": None, "since": None}
        chosen = await served.anyone.put("/v1/presence", headers=mine, json={"presence": "available"})
        assert (chosen.status_code, chosen.json()["presence"]) == (200, "available")
        assert (await served.anyone.get("/v1/presence", headers=mine)).json() == chosen.json()

    async def test_of_nobody_who_works_here(self, served: Served) -> None:
        answer = await served.client.put("/v1/presence", json={"presence": "available"})
        assert (answer.status_code, answer.json()["code"]) == (422, "agent_not_found")
        assert (await served.client.get("/v1/presence")).json()["presence"] == "offline"

    async def test_an_open_screen_is_a_sign_of_life(self, served: Served, engine: AsyncEngine) -> None:
        shift = Shift(engine)
        shift.pass_time(minutes=-5)
        agent_id = await shift.come("sari")
        headers = {"cookie": f"kawal_session={await served.desk.sessions.create(agent_id)}"}

        async def presence() -> str:
            return str((await served.anyone.get("/v1/presence", headers=headers)).json()["presence"])

        assert await presence() == "away"
        async with served.anyone.stream("GET", "/v1/events", headers=headers, timeout=httpx.Timeout(10)):

            async def available() -> bool:
                return await presence() == "available"

            await eventually(available)


class TestProfile:
    async def test_is_set_by_a_supervisor(self, served: Served) -> None:
        agent_id, mine = await as_agent(served)
        profile = {"capacity": 4, "skills": ["fraud"], "languages": ["id"], "teams": ["payments"]}
        path = f"/v1/agents/{agent_id}/profile"
        refused = await served.anyone.put(path, headers=mine, json=profile)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_supervisor")
        assert (await served.client.put(path, json=profile)).json() == profile
        assert (await served.anyone.get(path, headers=mine)).json() == profile

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"skills": ["flying"]}, "unknown_skill"),
            ({"teams": ["pilots"]}, "unknown_team"),
            ({"languages": []}, "invalid_request"),
            ({"capacity": -1}, "invalid_request"),
        ],
    )
    async def test_what_the_programme_does_not_have(self, served: Served, changes: dict[str, Any], code: str) -> None:
        agent_id, _ = await as_agent(served)
        answer = await served.client.put(f"/v1/agents/{agent_id}/profile", json=changes)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


class TestAgentsAtWork:
    async def test_with_what_they_have(self, served: Served, engine: AsyncEngine) -> None:
        shift = Shift(engine)
        dewi = await shift.come("dewi", capacity=8)
        await shift.hire("budi")
        await arrive(served, 1)
        await shift.routing(served.store.apply).round()
        found = (await served.client.get("/v1/routing/agents")).json()
        assert [(one["name"], one["presence"], one["load"], one["capacity"]) for one in found] == [
            ("budi", "offline", 0, 10),
            ("dewi", "available", 2, 8),
        ]
        assert found[1]["id"] == dewi


class TestTeams:
    async def test_with_who_is_there_and_what_waits_for_them(self, served: Served, engine: AsyncEngine) -> None:
        shift = Shift(engine)
        await shift.come("dewi", teams=frozenset({"payments"}))
        await shift.hire("budi", teams=frozenset({"payments", "training"}))
        await arrive(served, 1, topic="incentive.not_paid")
        found = (await served.client.get("/v1/routing/teams")).json()
        assert [(one["key"], one["members"], one["present"], one["waiting"]) for one in found] == [
            ("payments", 2, 1, 1),
            ("training", 1, 0, 0),
        ]
        assert found[0]["label"]["en"] == "Payments team"
        assert found[0]["topics"] == ["incentive"]


class TestQueue:
    async def test_next_one_first(self, served: Served, engine: AsyncEngine) -> None:
        await Shift(engine).come("dewi", capacity=1)  # too little for a chat, but enough for a form
        shift = Shift(engine)
        await shift.come("sari", capacity=2, languages=frozenset({"id"}))
        for index in range(3):
            await arrive(served, index)
        await arrive(served, 9, topic="account.fraud")
        queue = (await served.client.get("/v1/routing/queue", params={"limit": 4})).json()
        assert (queue["waiting"], queue["unmatched"]) == (4, 1)
        assert [(one["number"], one["position"]) for one in queue["items"]] == [
            (number(0), 1),
            (number(1), 2),
            (number(2), 3),
            (number(9), None),
        ]
        await shift.routing(served.store.apply).round()
        assert (await served.client.get("/v1/routing/queue")).json()["waiting"] == 3
