import base64
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message
from core_service import Served
from core_tables import rows
from ticket_core.store import webhooks as module
from ticket_core.store.webhook_queue import WebhookQueue

pytestmark = pytest.mark.integration

URL = "https://8.8.8.8/hook"
NOT_VALID: list[Any] = [
    {},
    {"url": ""},
    {"url": URL, "kinds": ["nothing"]},
    {"url": URL, "kinds": "state"},
    {"url": URL, "secret": "mine"},
    {"url": URL, "description": "x" * 201},
]


async def added(served: Served, **changes: Any) -> dict[str, Any]:
    answer = await served.client.post("/v1/webhooks", json={"url": URL, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestWebhooks:
    async def test_the_secret_is_shown_once(self, served: Served, engine: AsyncEngine) -> None:
        new = await added(served, kinds=["state", "opened", "state"], description="Desk")
        assert len(base64.b64decode(new["secret"].removeprefix("whsec_"))) == 32
        webhook = new["webhook"]
        assert (webhook["state"], webhook["kinds"]) == ("active", ["opened", "state"])
        for path in ("/v1/webhooks", f"/v1/webhooks/{webhook['id']}"):
            assert "whsec_" not in (await served.client.get(path)).text
        ((kept,),) = await rows(engine, "SELECT secret FROM core.webhooks")
        assert new["secret"].encode() not in kept, "nor can it be read in the database"

    async def test_another_secret(self, served: Served, engine: AsyncEngine) -> None:
        new = await added(served)
        path = f"/v1/webhooks/{new['webhook']['id']}/secret"
        rotated = await served.client.post(path, json={})
        assert rotated.status_code == 200
        assert rotated.json()["webhook"] == new["webhook"]
        second = rotated.json()["secret"]
        assert await served.desk.webhooks.secrets(new["webhook"]["id"]) == [second, new["secret"]]
        (kept,) = await rows(engine, "SELECT secret FROM core.webhook_former_secrets")
        assert new["secret"].encode() not in kept[0]
        third = (await served.client.post(path, json={"overlap_hours": 0})).json()["secret"]
        assert await served.desk.webhooks.secrets(new["webhook"]["id"]) == [third]

    async def test_another_secret_of_none(self, served: Served) -> None:
        answer = await served.client.post(f"/v1/webhooks/{uuid4()}/secret", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_not_found")

    @pytest.mark.parametrize("hours", [-1, 169, 1.5, "many", None])
    async def test_another_secret_for_a_strange_time(self, served: Served, hours: Any) -> None:
        path = f"/v1/webhooks/{(await added(served))['webhook']['id']}/secret"
        assert (await served.client.post(path, json={"overlap_hours": hours})).status_code == 422

    async def test_change_and_remove(self, served: Served) -> None:
        path = f"/v1/webhooks/{(await added(served))['webhook']['id']}"
        changed = await served.client.put(path, json={"url": "https://1.1.1.1/", "kinds": ["opened"]})
        assert (changed.json()["url"], changed.json()["kinds"]) == ("https://1.1.1.1/", ["opened"])
        assert (await served.client.get(path)).json() == changed.json()
        assert (await served.client.delete(path)).status_code == 204
        assert (await served.client.get(path)).json()["code"] == "webhook_not_found"
        assert (await served.client.get("/v1/webhooks")).json() == {"items": [], "next_cursor": None}

    async def test_disable_and_enable(self, served: Served) -> None:
        path = f"/v1/webhooks/{(await added(served))['webhook']['id']}"
        for _ in range(2):
            view = (await served.client.post(f"{path}/disable")).json()
            assert (view["state"], view["disabled_reason"]) == ("disabled", "by_hand")
        view = (await served.client.post(f"{path}/enable")).json()
        assert (view["state"], view["disabled_reason"]) == ("active", None)

    async def test_what_cannot_be_reached_from_outside(self, served: Served) -> None:
        path = f"/v1/webhooks/{(await added(served))['webhook']['id']}"
        for url in ("http://8.8.8.8/", "https://127.0.0.1/", "https://169.254.169.254/", "x"):
            for answer in (
                await served.client.post("/v1/webhooks", json={"url": url}),
                await served.client.put(path, json={"url": url}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (422, "webhook_url_refused")

    @pytest.mark.parametrize("body", NOT_VALID)
    async def test_what_is_not_valid(self, served: Served, body: Any) -> None:
        assert (await served.client.post("/v1/webhooks", json=body)).status_code == 422

    async def test_is_for_supervisors(self, served: Served) -> None:
        agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
        cookie = f"kawal_session={await served.desk.sessions.create(agent_id)}"
        headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}
        answer = await served.anyone.get("/v1/webhooks", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "supervisors_only")
        assert (await served.anyone.post("/v1/webhooks", json={"url": URL}, headers=headers)).status_code == 403

    async def test_there_is_a_bound(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_WEBHOOKS", 1)
        await added(served)
        answer = await served.client.post("/v1/webhooks", json={"url": URL})
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")

    async def test_there_is_none(self, served: Served) -> None:
        path = f"/v1/webhooks/{uuid4()}"
        since = datetime.now(UTC).isoformat()
        for answer in (
            await served.client.get(path),
            await served.client.delete(path),
            await served.client.put(path, json={"url": URL}),
            await served.client.get(f"{path}/deliveries"),
            await served.client.post(f"{path}/enable"),
            await served.client.post(f"{path}/disable"),
            await served.client.post(f"{path}/replay", json={"since": since}),
        ):
            assert answer.status_code == 404


class TestDeliveries:
    async def test_pages(self, served: Served, engine: AsyncEngine) -> None:
        webhook = (await added(served))["webhook"]
        path = f"/v1/webhooks/{webhook['id']}"
        await served.store.apply([contact(message())])
        long_ago = "2020-01-01T00:00:00Z"
        assert (await served.client.post(f"{path}/replay", json={"since": long_ago})).status_code == 200
        queue, waiting = WebhookQueue(engine), 3
        while waiting:
            if (held := await queue.claim()) is not None:
                waiting -= await queue.take(held)
                await queue.release(held)
        seen, cursor = [], None
        while True:
            parameters = {"limit": 2, "state": "pending", **({"cursor": cursor} if cursor else {})}
            page = (await served.client.get(f"{path}/deliveries", params=parameters)).json()
            seen += [item["seq"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == [3, 2, 1]
        assert (await served.client.get(f"{path}/deliveries", params={"state": "failed"})).json()["items"] == []

    @pytest.mark.parametrize(
        "cursor", ["x", "a_b_c", "2020-01-01_x_1", "2020-01-01_6b5df8c2-78e5-46bb-8f45-ad1bed153eae_1"]
    )
    async def test_a_cursor_that_is_none(self, served: Served, cursor: str) -> None:
        path = f"/v1/webhooks/{(await added(served))['webhook']['id']}/deliveries"
        answer = await served.client.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
