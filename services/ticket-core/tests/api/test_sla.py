from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core_factories import BUDI, contact, message
from core_service import PROGRAMME, Served
from ticket_core.adapters.sla_files import load_sla
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Reply
from ticket_core.domain.sla import SlaPolicies

pytestmark = pytest.mark.integration
LONG = timedelta(days=30)


@pytest.fixture
def sla() -> SlaPolicies:
    return load_sla(PROGRAMME)


async def hear(served: Served, *, turn: int, ago: timedelta) -> str:
    """The number of a case that somebody opened so long `ago`."""
    at = datetime.now(UTC) - ago
    (outcome,) = await served.store.apply([contact(message("Halo", conversation=f"chat:{turn:08d}", at=at))])
    assert isinstance(outcome, Applied)
    return outcome.number


async def get(served: Served, path: str, **query: str) -> dict[str, Any]:
    answer = await served.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def numbers(served: Served, **query: str) -> list[str]:
    return [case["number"] for case in (await get(served, "/v1/cases", **query))["items"]]


class TestClocks:
    async def test_of_a_case(self, served: Served) -> None:
        number = await hear(served, turn=1, ago=timedelta())
        before = await get(served, f"/v1/cases/{number}")
        assert [(one["kind"], one["state"]) for one in before["clocks"]] == [
            ("first_response", "running"),
            ("resolution", "running"),
        ]
        assert before["due_at"] == min(one["due_at"] for one in before["clocks"])
        await served.store.apply([Reply(number=number, agent=BUDI, text="Baik")])
        after = await get(served, f"/v1/cases/{number}")
        assert {one["kind"]: one["state"] for one in after["clocks"]}["first_response"] == "ended"

    async def test_filter_and_order(self, served: Served) -> None:
        late = await hear(served, turn=1, ago=LONG)
        later = await hear(served, turn=2, ago=2 * LONG)
        fresh = await hear(served, turn=3, ago=timedelta())
        assert sorted(await numbers(served, sla="breached")) == sorted([late, later])
        assert await numbers(served, sort="due") == [later, late, fresh]
        first = await get(served, "/v1/cases", sort="due", limit="1")
        rest = await get(served, "/v1/cases", sort="due", cursor=first["next_cursor"])
        assert [case["number"] for case in [*first["items"], *rest["items"]]] == [later, late, fresh]

    async def test_at_risk_is_not_breached(self, served: Served) -> None:
        late = await hear(served, turn=1, ago=LONG)
        case = await get(served, f"/v1/cases/{late}")
        assert case["risk_at"] < case["due_at"]
        assert await numbers(served, sla="at_risk") == []

    async def test_an_unknown_state_is_refused(self, served: Served) -> None:
        answer = await served.client.get("/v1/cases", params={"sla": "fine"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
