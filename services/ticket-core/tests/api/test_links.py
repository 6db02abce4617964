from typing import Any

import pytest

from core_factories import contact, message, number
from core_service import Served

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)
DASHED = f"{SECOND[:3]}-{SECOND[3:6]}-{SECOND[6:]}"


@pytest.fixture(autouse=True)
async def two(served: Served) -> None:
    await served.store.apply([contact(message("Insentif saya belum cair", reference=FIRST))])
    await served.store.apply([contact(message("Kartu hilang", conversation="chat:bbbbbbbb", reference=SECOND))])


async def link(served: Served, other: str = SECOND, *, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    body = {"other": other, "relation": "parent", "reason": "Satu penyebab"} | changes
    return await served.client.post(f"/v1/cases/{FIRST}/links", json=body, headers=headers)


async def unlink(
    served: Served, other: str = SECOND, *, of: str = FIRST, headers: dict[str, str] | None = None, **said: str
) -> Any:
    return await served.client.post(f"/v1/cases/{of}/links/undo", json={"other": other, **said}, headers=headers)


async def links(served: Served, of: str) -> Any:
    return (await served.client.get(f"/v1/cases/{of}")).json()["links"]


class TestLinkCases:
    async def test_and_unlink(self, served: Served) -> None:
        linked = await link(served, DASHED)
        assert (linked.status_code, linked.json()["number"]) == (200, FIRST)
        told = {"state": "new", "topic": None, "participant_name": None}
        assert await links(served, FIRST) == [
            {"relation": "parent", "number": SECOND, "subject": "Kartu hilang", **told}
        ]
        assert [one["relation"] for one in await links(served, SECOND)] == ["child"]
        unlinked = await unlink(served, FIRST, of=SECOND, reason="Keliru")
        assert (unlinked.status_code, unlinked.json()["number"]) == (200, SECOND)
        assert await links(served, FIRST) == []
        last = (await served.client.get(f"/v1/cases/{FIRST}/timeline")).json()["items"][-1]
        assert (last["kind"], last["payload"]["reason"], last["author"]) == ("unlinked", "Keliru", "agent")

    async def test_with_one_key_is_once(self, served: Served) -> None:
        first, second = [await link(served, headers={"idempotency-key": "key-0001"}) for _ in range(2)]
        assert first.json() == second.json()
        key = {"idempotency-key": "key-0002"}
        asked = [await unlink(served, reason=reason, headers=key) for reason in ("a", "a", "b")]
        assert [answer.status_code for answer in asked] == [200, 200, 409]
        assert asked[2].json()["code"] == "idempotency_conflict"

    async def test_of_a_version_that_is_no_more(self, served: Served) -> None:
        refused = await link(served, headers={"if-match": f'"{FIRST}.1"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "case_changed")

    async def test_refused(self, served: Served) -> None:
        refused = [
            (await link(served, FIRST), 409, "same_case"),
            (await link(served, number(7)), 404, "case_not_found"),
            (await link(served, relation="sibling"), 422, "invalid_request"),
            (await unlink(served), 409, "not_linked"),
            (await unlink(served, "tidak ada."), 404, "case_not_found"),
            (await unlink(served, reason=""), 422, "invalid_request"),
        ]
        for answer, status, code in refused:
            assert (answer.status_code, answer.json()["code"]) == (status, code)
