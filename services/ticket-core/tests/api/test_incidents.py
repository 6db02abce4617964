import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import callback, contact, form, identity, message, number
from core_service import Served
from core_tables import rows
from incident_factories import risen
from ticket_core.incident_updates import IncidentUpdates
from ticket_core.store.rises import MOST_SUGGESTED

pytestmark = pytest.mark.integration

BODY = {"title": {"id": "Situs mati", "en": "The site is down"}, "topic": "account.other"}
TEXTS = {"texts": {"id": "Sudah pulih", "en": "It is back"}}
KEY = {"idempotency-key": "a-key-of-mine"}


async def heard(served: Served, cases: int = 3) -> list[str]:
    numbers = [number(at) for at in range(cases)]
    await served.store.apply(
        [contact(message(conversation=f"chat:{at:08d}", reference=one)) for at, one in enumerate(numbers)]
    )
    return numbers


async def made(served: Served, **changes: Any) -> str:
    answer = await served.client.post("/v1/incidents", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    return f"/v1/incidents/{answer.json()['id']}"


async def post(served: Served, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    answer = await served.client.post(path, json=body or {}, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


class TestIncidents:
    async def test_made_once_per_key(self, served: Served) -> None:
        first = await served.client.post("/v1/incidents", json=BODY, headers=KEY)
        again = await served.client.post("/v1/incidents", json=BODY, headers=KEY)
        assert (first.status_code, first.json()) == (201, again.json())
        other = await served.client.post("/v1/incidents", json=BODY | {"topic": None}, headers=KEY)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        assert len((await served.client.get("/v1/incidents")).json()["items"]) == 1

    async def test_list_goes_on_where_it_ended(self, served: Served) -> None:
        paths = [await made(served) for _ in range(3)]
        first = (await served.client.get("/v1/incidents", params={"limit": 2, "state": "open"})).json()
        rest = (await served.client.get("/v1/incidents", params={"cursor": first["next_cursor"]})).json()
        listed = [f"/v1/incidents/{item['id']}" for item in first["items"] + rest["items"]]
        assert (listed, rest["next_cursor"]) == (paths[::-1], None)
        too_early = base64.urlsafe_b64encode(f"0001-01-01T00:00:00+14:00 {UUID(int=0)}".encode()).decode()
        for cursor in ("x", too_early):
            wrong = await served.client.get("/v1/incidents", params={"cursor": cursor})
            assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_cursor")

    async def test_none(self, served: Served) -> None:
        nowhere = f"/v1/incidents/{uuid4()}"
        asked = [
            await served.client.get(nowhere),
            await served.client.get(f"{nowhere}/audience"),
            await served.client.get(f"{nowhere}/cases"),
            await served.client.post(f"{nowhere}/cases", json={"numbers": [number(1)]}),
            await served.client.post(f"{nowhere}/cases/detach", json={"numbers": [number(1)]}),
            await served.client.post(f"{nowhere}/cases/suggested"),
            await served.client.post(f"{nowhere}/cases/resolve"),
            await served.client.post(f"{nowhere}/updates", json=TEXTS),
            await served.client.post(f"{nowhere}/resolve"),
            await served.client.post(f"{nowhere}/reopen"),
        ]
        assert {(one.status_code, one.json()["code"]) for one in asked} == {(404, "incident_not_found")}
        dismissed = await served.client.post(f"/v1/incidents/suggestions/{uuid4()}/dismiss")
        assert (dismissed.status_code, dismissed.json()["code"]) == (404, "incident_suggestion_not_found")
        suggested = await served.client.post("/v1/incidents", json=BODY | {"suggestion_id": str(uuid4())})
        assert suggested.json()["code"] == "incident_suggestion_not_found"
        assert (await served.client.get("/v1/incidents")).json()["items"] == []

    async def test_what_is_not_valid(self, served: Served) -> None:
        for wrong in ({}, BODY | {"x": 1}, {"title": {"id": "Mati"}}, {"title": {"id": "", "en": "x"}}):
            assert (await served.client.post("/v1/incidents", json=wrong)).status_code == 422, wrong
        path = await made(served)
        assert (await served.client.post(f"{path}/updates", json={"texts": {"id": "x"}})).status_code == 422


class TestCases:
    async def test_join_and_leave_with_a_result_each(self, served: Served) -> None:
        numbers = await heard(served)
        path, other = await made(served), await made(served)
        await post(served, f"{other}/cases", {"numbers": numbers[:1]})
        results = await post(served, f"{path}/cases", {"numbers": [*numbers, number(99)]})
        assert (results["done"], results["refused"]) == (2, 2)
        codes = [item["problem"]["code"] for item in results["items"] if item["problem"]]
        assert codes == ["in_another_incident", "case_not_found"]
        page = (await served.client.get(f"{path}/cases")).json()
        assert {item["number"] for item in page["items"]} == set(numbers[1:])
        left = await post(served, f"{path}/cases/detach", {"numbers": numbers[:2]})
        assert [item["problem"] and item["problem"]["code"] for item in left["items"]] == ["not_in_incident", None]
        assert (await served.client.get(path)).json()["incident"]["cases"] == 1

    async def test_is_told_in_the_timeline_and_on_the_case(self, served: Served) -> None:
        numbers = await heard(served)
        path = await made(served)
        await post(served, f"{path}/cases", {"numbers": numbers})
        case = (await served.client.get(f"/v1/cases/{numbers[0]}")).json()
        assert case["incident_id"] == path.rpartition("/")[2]
        last = (await served.client.get(f"/v1/cases/{numbers[0]}/timeline")).json()["items"][-1]
        assert (last["kind"], last["payload"]["title"]) == ("incident", BODY["title"])

    async def test_are_listed_as_all_cases_are(self, served: Served) -> None:
        numbers = await heard(served)
        path, other = await made(served), await made(served)
        await post(served, f"{path}/cases", {"numbers": numbers[:2]})
        for incident, theirs in ((path, numbers[:2]), (other, [])):
            query = {"incident": incident.rpartition("/")[2], "active": True}
            page = (await served.client.get("/v1/cases", params=query)).json()
            assert {item["number"] for item in page["items"]} == set(theirs)
        assert (await served.client.get("/v1/cases", params={"incident": "x"})).status_code == 422

    async def test_not_into_what_is_resolved(self, served: Served) -> None:
        numbers = await heard(served)
        path = await made(served)
        resolved = await post(served, f"{path}/resolve")
        assert resolved["state"] == "resolved"
        refused = await served.client.post(f"{path}/cases", json={"numbers": numbers})
        assert (refused.status_code, refused.json()["code"]) == (409, "incident_resolved")
        assert (await post(served, f"{path}/reopen"))["resolved_at"] is None
        assert (await post(served, f"{path}/cases", {"numbers": numbers}))["done"] == 3

    async def test_resolving_offers_to_resolve_them(self, served: Served) -> None:
        numbers = await heard(served)
        path = await made(served)
        await post(served, f"{path}/cases", {"numbers": numbers[:2]})
        assert (await post(served, f"{path}/resolve"))["active"] == 2
        assert (await post(served, f"{path}/cases/resolve"))["done"] == 2
        states = [(await served.client.get(f"/v1/cases/{one}")).json()["state"] for one in numbers]
        assert states == ["resolved", "resolved", "new"]
        assert (await post(served, f"{path}/cases/resolve"))["items"] == []


class TestAudience:
    async def test_by_language_and_channel(self, served: Served) -> None:
        path = await made(served)
        hidden, known = callback(reference=number(3)), callback(reference=number(4), conversation="voice:dddddddd")
        known = known.model_copy(update={"identities": (identity(),)})
        english = message(conversation="web:eeeeeeee", reference=number(5), locale="en")
        await served.store.apply([contact(hidden), contact(known), contact(english)])
        numbers = await heard(served) + [number(at) for at in (3, 4, 5)]
        await post(served, f"{path}/cases", {"numbers": numbers})
        audience = (await served.client.get(f"{path}/audience")).json()
        assert (audience["reached"], audience["unreached"]) == (5, 1)
        parts = [(one["locale"], one["channel"], one["reached"], one["cases"]) for one in audience["items"]]
        assert parts == [
            ("id", "chat", True, 3),
            ("en", "web", True, 1),
            ("id", "voice", True, 1),
            ("id", "voice", False, 1),
        ]

    async def test_a_merged_case_hears_it_as_the_one_that_it_is_part_of(self, served: Served) -> None:
        path, known = await made(served), (identity(),)
        await served.store.apply([contact(message("Insentif saya belum cair", identities=known, reference=number(1)))])
        other = form(("Masalah", "Sertifikat pelatihan belum terbit"), identities=known, reference=number(2))
        await served.store.apply([contact(other)])
        await post(served, f"{path}/cases", {"numbers": [number(1), number(2)]})
        await post(served, f"/v1/cases/{number(1)}/merge", {"other": number(2)})
        audience = (await served.client.get(f"{path}/audience")).json()
        assert (audience["reached"], audience["unreached"]) == (1, 0)


class TestUpdates:
    async def test_one_per_key_and_told_to_late_ones_on_wish(self, served: Served, engine: AsyncEngine) -> None:
        numbers = await heard(served)
        path = await made(served)
        await post(served, f"{path}/cases", {"numbers": numbers[:1]})
        first = await post(served, f"{path}/updates", TEXTS, **KEY)
        assert (first["seq"], first["waiting"]) == (1, 1)
        assert await post(served, f"{path}/updates", TEXTS, **KEY) == first
        await post(served, f"{path}/cases", {"numbers": numbers[1:2], "tell_last": True})
        await post(served, f"{path}/cases", {"numbers": numbers[2:]})
        await IncidentUpdates(engine, apply=served.store.apply).tell()
        (update,) = (await served.client.get(path)).json()["updates"]
        assert (update["told"], update["waiting"], update["texts"]) == (2, 0, TEXTS["texts"])
        told = await rows(engine, "SELECT text FROM core.timeline WHERE kind = 'update'")
        assert told == [("Sudah pulih",)] * 2

    async def test_of_a_key_for_something_else(self, served: Served) -> None:
        path = await made(served)
        await post(served, f"{path}/updates", TEXTS, **KEY)
        other = await served.client.post(f"{path}/updates", json={"texts": {"id": "a", "en": "b"}}, headers=KEY)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


class TestSuggestions:
    async def test_are_listed_accepted_and_dismissed(self, served: Served, engine: AsyncEngine) -> None:
        numbers = await heard(served)
        ids = [await risen(engine, topic) for topic in ("account.other", "")]
        listed = (await served.client.get("/v1/incidents/suggestions")).json()["items"]
        assert {(item["topic"], item["people"], item["cases"]) for item in listed} == {
            ("account.other", 27, 3),
            (None, 27, 3),
        }
        assert len(listed) <= MOST_SUGGESTED
        path = await made(served, suggestion_id=ids[0])
        joined = await post(served, f"{path}/cases/suggested")
        assert {item["number"] for item in joined["items"]} == set(numbers)
        assert (await post(served, f"{path}/cases/suggested"))["items"] == []
        assert (await served.client.post(f"/v1/incidents/suggestions/{ids[1]}/dismiss")).status_code == 204
        refused = await served.client.post(f"/v1/incidents/suggestions/{ids[0]}/dismiss")
        assert (refused.status_code, refused.json()["code"]) == (409, "suggestion_decided")
        assert (await served.client.get("/v1/incidents/suggestions")).json()["items"] == []
