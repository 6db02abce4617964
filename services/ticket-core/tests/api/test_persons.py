from typing import Any

import pytest

from core_factories import claimed, contact, form, identity, message
from core_service import Served
from ticket_core.domain.fold import Applied

pytestmark = pytest.mark.integration

NOBODY = "0198f2c0-0000-7000-8000-000000000000"


@pytest.fixture
async def pair(served: Served) -> tuple[str, str]:
    """Two participants of whom one claims the number of the other, the older one first."""
    found = []
    for given in (message(identities=(identity(),)), form(identities=(claimed(),))):
        (applied,) = await served.store.apply([contact(given)])
        assert isinstance(applied, Applied)
        found.append((await served.client.get(f"/v1/cases/{applied.number}")).json()["participant_id"])
    return found[0], found[1]


async def post(served: Served, participant: str, what: str, body: Any = None, *, key: str | None = None) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return await served.client.post(f"/v1/participants/{participant}/{what}", json=body or {}, headers=headers)


async def seen(served: Served, participant: str) -> dict[str, Any]:
    view: dict[str, Any] = (await served.client.get(f"/v1/participants/{participant}")).json()
    return view


class TestSuggestions:
    async def test_accept_and_undo(self, served: Served, pair: tuple[str, str]) -> None:
        known, other = pair
        answer = await post(served, other, f"suggestions/{known}/accept")
        assert (answer.status_code, answer.json()) == (200, {"participant_id": known})
        shown = await seen(served, other)
        assert shown["merged"] == [{"participant_id": other, "name": None, "merged_into": known}]
        assert len(shown["cases"]) == 2
        assert (await post(served, other, "unmerge", {"reason": "Ternyata kakaknya"})).json() == {
            "participant_id": other
        }
        assert [one["participant_id"] for one in (await seen(served, known))["suggestions"]] == [other]

    async def test_dismiss(self, served: Served, pair: tuple[str, str]) -> None:
        known, other = pair
        for _ in range(2):
            assert (await post(served, known, f"suggestions/{other}/dismiss")).status_code == 200
        assert (await seen(served, known))["suggestions"] == (await seen(served, other))["suggestions"] == []

    async def test_evidence(self, served: Served, pair: tuple[str, str]) -> None:
        (suggestion,) = (await seen(served, pair[0]))["suggestions"]
        assert suggestion["evidence"] == [{"kind": "phone", "value": "+6281234567890", "assurance": "claimed"}]


class TestIdentities:
    async def test_link_and_unlink(self, served: Served, pair: tuple[str, str]) -> None:
        body = {"kind": "phone", "value": "0812 9999 8888", "reason": "KTP diperiksa"}
        assert (await post(served, pair[0], "identities/link", body)).json() == {"participant_id": pair[0]}
        known = (await seen(served, pair[0]))["identities"]
        assert {"kind": "phone", "value": "+6281299998888", "assurance": "verified"} in known
        taken = await post(served, pair[1], "identities/link", body)
        assert (taken.status_code, taken.json()["code"]) == (409, "identity_taken")
        assert (await post(served, pair[0], "identities/unlink", body)).status_code == 200
        assert len((await seen(served, pair[0]))["identities"]) == len(known) - 1
        again = await post(served, pair[0], "identities/unlink", body)
        assert (again.status_code, again.json()["code"]) == (409, "identity_not_linked")

    async def test_wants_a_reason_and_a_real_value(self, served: Served, pair: tuple[str, str]) -> None:
        for wrong in (
            {"kind": "phone", "value": "0812 9999 8888"},
            {"kind": "phone", "value": "not a phone", "reason": "x"},
            {"kind": "email", "value": "nobody", "reason": "x"},
            {"kind": "conversation", "value": "chat:aaaaaaaa", "reason": "x"},
        ):
            assert (await post(served, pair[0], "identities/link", wrong)).status_code == 422


class TestMerge:
    async def test_with_one_key_is_once(self, served: Served, pair: tuple[str, str]) -> None:
        body = {"other_id": pair[1], "reason": "Sama tanggal lahir"}
        first, second = [await post(served, pair[0], "merge", body, key="key-0001") for _ in range(2)]
        assert (
            (first.status_code, first.json())
            == (second.status_code, second.json())
            == (200, {"participant_id": pair[0]})
        )
        assert (await post(served, pair[0], "merge", {"other_id": NOBODY}, key="key-0001")).json()[
            "code"
        ] == "idempotency_conflict"

    async def test_refused(self, served: Served, pair: tuple[str, str]) -> None:
        known, other = pair
        refused = [
            (await post(served, known, "merge", {"other_id": known}), 409, "same_person"),
            (await post(served, known, "merge", {"other_id": NOBODY}), 404, "participant_not_found"),
            (await post(served, NOBODY, "unmerge"), 404, "participant_not_found"),
            (await post(served, known, "unmerge"), 409, "not_merged"),
            (await post(served, known, f"suggestions/{known}/accept"), 404, "suggestion_not_found"),
            (await post(served, known, "merge", {"other_id": "somebody"}), 422, "invalid"),
            (await post(served, "somebody", "unmerge"), 422, "invalid"),
            (await post(served, known, "merge", {"other_id": other, "colour": "red"}), 422, "invalid"),
        ]
        for answer, status, _ in refused:
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
        assert [answer.json()["code"] for answer, _, _ in refused[:5]] == [code for _, _, code in refused[:5]]

    async def test_only_for_agents(self, served: Served, pair: tuple[str, str]) -> None:
        answer = await served.anyone.post(f"/v1/participants/{pair[0]}/merge", json={"other_id": pair[1]})
        assert answer.status_code == 401
