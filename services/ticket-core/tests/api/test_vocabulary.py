import pytest

from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core.domain.inputs import ChangeTags

pytestmark = pytest.mark.integration


async def items(served: Served, path: str, **query: str) -> list[dict[str, object]]:
    answer = await served.client.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    found: list[dict[str, object]] = answer.json()["items"]
    return found


class TestTopics:
    async def test_with_their_groups(self, served: Served) -> None:
        known = {one["key"]: one for one in await items(served, "topics")}
        assert known["incentive.not_paid"] == {
            "key": "incentive.not_paid",
            "label": {"id": "Insentif belum cair", "en": "The incentive has not been paid"},
            "group": "incentive",
            "group_label": {"id": "Insentif", "en": "Incentive"},
        }


class TestReasons:
    async def test_for_each_step_and_for_one(self, served: Served) -> None:
        every = await items(served, "reasons")
        holding, resolving = (
            await items(served, "reasons", step="on_hold"),
            await items(served, "reasons", step="resolution"),
        )
        assert every == holding + resolving
        assert {one["step"] for one in holding} == {"on_hold"}
        assert "fixed" in {one["key"] for one in resolving}

    async def test_each_can_be_given(self, served: Served) -> None:
        await served.store.apply([contact(message(reference=number(1)))])
        for step, path in (("on_hold", "hold"), ("resolution", "resolve")):
            reason = (await items(served, "reasons", step=step))[0]["key"]
            answer = await served.client.post(f"/v1/cases/{number(1)}/{path}", json={"reason": reason})
            assert answer.status_code == 200, answer.text

    async def test_of_no_step(self, served: Served) -> None:
        assert (await served.client.get("/v1/reasons", params={"step": "x"})).status_code == 422


class TestFields:
    async def test_of_a_topic(self, served: Served) -> None:
        every = {str(one["key"]): one for one in await items(served, "fields")}
        assert (every["due_on"]["kind"], every["due_on"]["topics"]) == ("date", ["incentive"])
        assert {"key": "ovo", "label": {"id": "OVO", "en": "OVO"}} in every["paid_through"]["choices"]  # type: ignore[operator]
        of_fraud = {one["key"] for one in await items(served, "fields", topic="account.fraud")}
        assert of_fraud == {"call_back_wanted"}


class TestTags:
    async def test_in_use_the_commonest_first(self, served: Served) -> None:
        for at, tags in enumerate((("vip", "gelombang-12"), ("gelombang-12",), ())):
            await served.store.apply([contact(message(conversation=f"chat:{at:08d}", reference=number(at)))])
            await served.store.apply([ChangeTags(number=number(at), agent=BUDI, add=tags)])
        assert await items(served, "tags") == [{"tag": "gelombang-12", "cases": 2}, {"tag": "vip", "cases": 1}]
        assert await items(served, "tags", q="Gelombang 1") == [{"tag": "gelombang-12", "cases": 2}]
