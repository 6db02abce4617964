from typing import Any

import pytest

from core_factories import contact, message, number
from core_service import Served
from ticket_core.domain.case import Agent
from ticket_core.domain.inputs import Reply

pytestmark = pytest.mark.integration

FIRST = number(1)
TRAINING = "Sertifikat pelatihan belum terbit di akun saya"


@pytest.fixture(autouse=True)
async def case(served: Served) -> None:
    await served.store.apply([contact(message("Insentif saya belum cair", reference=FIRST))])
    await served.store.apply([contact(message(TRAINING))])
    await served.store.apply([Reply(number=FIRST, agent=Agent("a", "Budi"), text="Segera terbit")])


async def split(served: Served, *, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    body = {"entries": [4, 5], "reason": "Dua kendala"} | changes
    return await served.client.post(f"/v1/cases/{FIRST}/split", json=body, headers=headers)


class TestSplitCase:
    async def test_and_unsplit(self, served: Served) -> None:
        made = await split(served, topic="training.certificate_missing")
        assert (made.status_code, made.json()["state"], made.json()["seq"]) == (201, "pending", 1)
        new = made.json()["number"]
        case = (await served.client.get(f"/v1/cases/{new}")).json()
        assert (case["subject"], case["topic"]) == (TRAINING, "training.certificate_missing")
        assert [(link["relation"], link["number"]) for link in case["links"]] == [("split_from", FIRST)]
        items = (await served.client.get(f"/v1/cases/{FIRST}/timeline")).json()["items"]
        assert [item["seq"] for item in items if item["moved_to"] == new] == [4, 5]
        assert (items[-1]["kind"], items[-1]["payload"]["reason"]) == ("entries_moved", "Dua kendala")
        undone = await served.client.post(f"/v1/cases/{new}/unsplit", json={"reason": "Satu kendala"})
        assert (undone.status_code, undone.json()["number"]) == (200, FIRST)
        assert (await served.client.get(f"/v1/cases/{new}")).json()["number"] == FIRST

    async def test_with_one_key_is_once(self, served: Served) -> None:
        first, second = [await split(served, headers={"idempotency-key": "key-0001"}) for _ in range(2)]
        assert first.json() == second.json()
        assert second.status_code == 201

    async def test_of_a_version_that_is_no_more(self, served: Served) -> None:
        refused = await split(served, headers={"if-match": f'"{FIRST}.1"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "case_changed")

    async def test_refused(self, served: Served) -> None:
        refused = [
            (await split(served, entries=[]), 422, "invalid_request"),
            (await split(served, reason=""), 422, "invalid_request"),
            (await split(served, entries=[1]), 422, "not_said"),
            (await split(served, entries=[77]), 404, "entry_not_found"),
            (await split(served, entries=[2, 4]), 422, "whole_case"),
            (await split(served, entries=[5]), 422, "nothing_to_split"),
            (await split(served, topic="weather"), 422, "unknown_topic"),
            (await served.client.post(f"/v1/cases/{FIRST}/unsplit"), 409, "not_split"),
        ]
        for answer, status, code in refused:
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_what_another_agent_has_split_off(self, served: Served) -> None:
        new = (await split(served)).json()["number"]
        refused = await split(served)
        assert (refused.status_code, refused.json()["code"]) == (409, "entry_moved")
        assert new in refused.json()["detail"]
