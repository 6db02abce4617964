from typing import Any

import pytest

from core_factories import contact, form, identity, message, number, voicemail
from core_service import Served

pytestmark = pytest.mark.integration

FIRST, SECOND = number(1), number(2)


@pytest.fixture(autouse=True)
async def two(served: Served) -> None:
    known = (identity(),)
    await served.store.apply([contact(message("Insentif saya belum cair", identities=known, reference=FIRST))])
    other = form(("Masalah", "Sertifikat pelatihan belum terbit"), identities=known, reference=SECOND)
    await served.store.apply([contact(other)])


async def post(served: Served, case: str, what: str, other: str, *, key: str | None = None) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return await served.client.post(f"/v1/cases/{case}/{what}", json={"other": other}, headers=headers)


async def seen(served: Served, path: str) -> Any:
    return (await served.client.get(f"/v1/cases/{path}")).json()


class TestMerge:
    async def test_and_undo(self, served: Served) -> None:
        merged = await post(served, FIRST, "merge", f"{SECOND[:3]}-{SECOND[3:6]}-{SECOND[6:]}")
        assert (merged.status_code, merged.json()["number"]) == (200, FIRST)
        assert (await seen(served, SECOND))["number"] == FIRST
        active = (await served.client.get("/v1/cases", params={"active": "true"})).json()["items"]
        assert [case["number"] for case in active] == [FIRST]
        (absorbed,) = [one for one in (await seen(served, f"{SECOND}/timeline"))["items"] if one["kind"] == "absorbed"]
        assert absorbed["payload"]["number"] == SECOND
        assert "form" in [one["kind"] for one in absorbed["included"]]
        undone = await post(served, FIRST, "merge/undo", SECOND)
        assert undone.status_code == 200
        assert (await seen(served, SECOND))["state"] == "new"

    async def test_with_one_key_is_once(self, served: Served) -> None:
        first, second = [await post(served, FIRST, "merge", SECOND, key="key-0001") for _ in range(2)]
        assert first.json() == second.json()

    async def test_a_recording_of_the_merged_case_can_be_heard(self, served: Served) -> None:
        kept = await served.desk.vault.put(b"RIFFdata", media_type="audio/wav")
        given = voicemail(identities=(identity(),), reference=number(3), topic="incentive.not_paid", recording=kept)
        await served.store.apply([contact(given)])
        number_ = (await seen(served, number(3)))["number"]
        other = SECOND if number_ == FIRST else FIRST
        seq = next(
            one["seq"] for one in (await seen(served, f"{number_}/timeline"))["items"] if one["kind"] == "voicemail"
        )
        assert (await post(served, other, "merge", number_)).status_code == 200
        heard = await served.client.get(f"/v1/cases/{other}/entries/{seq}/recording", params={"part": number_})
        assert (heard.status_code, heard.content) == (200, b"RIFFdata")

    async def test_refused(self, served: Served) -> None:
        refused = [
            (await post(served, FIRST, "merge", FIRST), 409, "same_case"),
            (await post(served, FIRST, "merge", number(7)), 404, "case_not_found"),
            (await post(served, FIRST, "merge", "not a number"), 404, "case_not_found"),
            (await post(served, FIRST, "merge/undo", SECOND), 409, "case_not_merged"),
            (await post(served, FIRST, "merge", "short"), 422, None),
        ]
        for answer, status, code in refused:
            assert answer.status_code == status
            assert code is None or answer.json()["code"] == code
