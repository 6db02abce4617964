from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core_factories import BUDI, contact, message
from core_service import PATIENCE_S, Served
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Assign, Resolve
from ticket_core.store import saved_views

pytestmark = pytest.mark.integration


def body(name: str = "Mine", *, shared: bool = False, **filter_: Any) -> dict[str, Any]:
    return {"name": name, "shared": shared, "filter": filter_}


async def add(client: httpx.AsyncClient, name: str = "Mine", *, shared: bool = False, **filter_: Any) -> str:
    answer = await client.post("/v1/views", json=body(name, shared=shared, **filter_))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def counts(client: httpx.AsyncClient) -> dict[str, tuple[int, bool]]:
    answer = await client.get("/v1/views")
    assert answer.status_code == 200, answer.text
    return {item["view"]["name"]: (item["count"], item["more"]) for item in answer.json()["items"]}


async def hear(served: Served, turn: int) -> str:
    (applied,) = await served.store.apply([contact(message(conversation=f"chat:{turn:08d}"))])
    assert isinstance(applied, Applied)
    return applied.number


@pytest.fixture
async def dewi(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """An agent who is no supervisor; the bootstrap token is one."""
    agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
    headers = {
        "cookie": f"kawal_session={await served.desk.sessions.create(agent_id)}",
        "sec-fetch-site": "same-origin",
    }
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


class TestViews:
    async def test_are_kept_as_they_were_saved(self, served: Served) -> None:
        wanted = {"active": True, "assignee": "me", "topic": "account", "state": ["new"], "sort": "waiting"}
        view_id = await add(served.client, **wanted)
        view = (await served.client.get(f"/v1/views/{view_id}")).json()
        assert {name: view["filter"][name] for name in wanted} == wanted
        assert (view["name"], view["shared"], view["mine"]) == ("Mine", False, True)

    async def test_change_and_remove(self, served: Served) -> None:
        view_id = await add(served.client)
        changed = await served.client.put(f"/v1/views/{view_id}", json=body("Other", shared=True, channel="web"))
        assert (changed.status_code, changed.json()["filter"]["channel"]) == (200, "web")
        assert list(await counts(served.client)) == ["Other"]
        assert (await served.client.delete(f"/v1/views/{view_id}")).status_code == 204
        assert (await served.client.get(f"/v1/views/{view_id}")).json()["code"] == "view_not_found"

    async def test_a_name_is_used_once(self, served: Served) -> None:
        await add(served.client, "One")
        other = await add(served.client, "Two")
        again = await served.client.post("/v1/views", json=body("One"))
        assert (again.status_code, again.json()["code"]) == (409, "view_exists")
        renamed = await served.client.put(f"/v1/views/{other}", json=body("One"))
        assert (renamed.status_code, renamed.json()["code"]) == (409, "view_exists")

    async def test_not_without_bounds(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(saved_views, "MOST_VIEWS", 1)
        await add(served.client)
        assert (await served.client.post("/v1/views", json=body("Two"))).json()["code"] == "too_many_views"

    async def test_what_is_not_valid(self, served: Served) -> None:
        for wrong in (body(""), body(x=1), body(assignee="x"), body(state=["x"]), {"name": "x"}, body("a\x07b")):
            assert (await served.client.post("/v1/views", json=wrong)).status_code == 422, wrong

    async def test_personal_ones_are_for_nobody_else(self, served: Served, dewi: httpx.AsyncClient) -> None:
        view_id = await add(dewi)
        assert await counts(served.client) == {}
        for method in ("GET", "DELETE"):
            assert (await served.client.request(method, f"/v1/views/{view_id}")).status_code == 404
        assert (await served.client.put(f"/v1/views/{view_id}", json=body())).status_code == 404

    async def test_shared_ones_are_changed_by_owners_and_supervisors(
        self, served: Served, dewi: httpx.AsyncClient
    ) -> None:
        boss, own = await add(served.client, "Boss", shared=True), await add(dewi, "Dewi", shared=True)
        assert set(await counts(dewi)) == {"Boss", "Dewi"}
        refused = await dewi.delete(f"/v1/views/{boss}")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_view")
        assert (await served.client.delete(f"/v1/views/{own}")).status_code == 204

    async def test_nobody(self, served: Served) -> None:
        assert (await served.client.get(f"/v1/views/{uuid4()}/cases")).status_code == 404
        assert (await served.client.get("/v1/views/x")).status_code == 422


class TestCounts:
    async def test_live_and_of_whoever_looks(self, served: Served, dewi: httpx.AsyncClient) -> None:
        first, second, _ = [await hear(served, turn) for turn in range(3)]
        await add(served.client, "All", shared=True)
        await add(served.client, "Mine", shared=True, assignee="me", active=True)
        await add(served.client, "Waiting", shared=True, sort="waiting")
        assert await counts(served.client) == {"All": (3, False), "Mine": (0, False), "Waiting": (3, False)}
        me = await served.desk.agents.authenticate(email="dewi@example.id", password="a long password")
        await served.store.apply([Assign(number=first, agent=BUDI, assignee=me), Resolve(number=second, agent=BUDI)])
        assert await counts(dewi) == {"All": (3, False), "Mine": (1, False), "Waiting": (2, False)}
        assert (await counts(served.client))["Mine"] == (0, False)

    async def test_exact_up_to_the_cap(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        for turn in range(3):
            await hear(served, turn)
        await add(served.client, "All")
        for cap, expected in ((3, (3, False)), (2, (2, True))):
            monkeypatch.setattr(saved_views, "COUNTED_TO", cap)
            monkeypatch.setattr("ticket_core.api.views.COUNTED_TO", cap)
            assert (await counts(served.client))["All"] == expected


class TestCases:
    async def test_are_those_of_the_filter(self, served: Served) -> None:
        first, second = [await hear(served, turn) for turn in range(2)]
        await served.store.apply([Resolve(number=second, agent=BUDI)])
        view_id = await add(served.client, active=True)
        page = (await served.client.get(f"/v1/views/{view_id}/cases")).json()
        assert [item["number"] for item in page["items"]] == [first]
        await served.index.catch_up()
        found = (await served.client.get(f"/v1/views/{view_id}/cases", params={"q": "halo"})).json()
        assert [item["number"] for item in found["items"]] == [first]
