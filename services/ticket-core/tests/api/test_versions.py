import asyncio
from typing import Any

import httpx
import pytest

from core_factories import contact, message, number
from core_service import Served
from ticket_core.domain.fold import Applied

pytestmark = pytest.mark.integration

COMMANDS: list[tuple[str, Any]] = [
    ("replies", {"text": "Baik"}),
    ("assign", {"assignee_id": None}),
    ("resolve", {}),
    ("reopen", {}),
    ("topic", {"topic": "payment"}),
    ("pend", {}),
    ("hold", {"reason": "technical_fix"}),
    ("resume", {}),
    ("notes", {"text": "Sudah ditanya"}),
    ("priority", {"priority": "high"}),
    ("tags", {"add": ["vip"]}),
    ("fields", {"values": {"call_back_wanted": True}}),
]


@pytest.fixture
async def case(served: Served) -> str:
    (applied,) = await served.store.apply([contact(message(reference=number(1)))])
    assert isinstance(applied, Applied)
    return applied.number


async def etag(served: Served, case: str) -> str:
    return (await served.client.get(f"/v1/cases/{case}")).headers["etag"]


async def note(served: Served, case: str, *, if_match: str, key: str | None = None) -> httpx.Response:
    headers = {"if-match": if_match.encode("latin-1"), **({"idempotency-key": key.encode()} if key else {})}
    return await served.client.post(f"/v1/cases/{case}/notes", json={"text": "Sudah"}, headers=headers)


async def entries(served: Served, case: str) -> int:
    return len((await served.client.get(f"/v1/cases/{case}/timeline")).json()["items"])


class TestETag:
    async def test_is_made_of_what_lists_and_commands_say(self, served: Served, case: str) -> None:
        view = (await served.client.get(f"/v1/cases/{case}")).json()
        assert await etag(served, case) == f'"{view["number"]}.{view["last_seq"]}"'
        applied = (await served.client.post(f"/v1/cases/{case}/resolve")).json()
        assert await etag(served, case) == f'"{applied["number"]}.{applied["last_seq"]}"'
        assert applied["last_seq"] == applied["seq"] + 1, "the notice to the participant follows"


class TestIfMatch:
    async def test_the_version_that_it_has(self, served: Served, case: str) -> None:
        for known in (await etag(served, case), "*"):
            assert (await note(served, case, if_match=known)).status_code == 201
        several = f'"1.1", {await etag(served, case)}'
        assert (await note(served, case, if_match=several)).status_code == 201

    @pytest.mark.parametrize(("what", "body"), COMMANDS)
    async def test_an_older_version(self, served: Served, case: str, what: str, body: Any) -> None:
        known = await etag(served, case)
        await served.client.post(f"/v1/cases/{case}/tags", json={"add": ["new"]})
        there = await entries(served, case)
        answer = await served.client.post(f"/v1/cases/{case}/{what}", json=body, headers={"if-match": known})
        assert (answer.status_code, answer.json()["code"]) == (412, "case_changed")
        assert await entries(served, case) == there

    async def test_what_changed_is_told(self, served: Served, case: str) -> None:
        known = await etag(served, case)
        await served.client.post(f"/v1/cases/{case}/tags", json={"add": ["vip"]})
        await served.client.post(f"/v1/cases/{case}/resolve")
        problem = (await note(served, case, if_match=known)).json()
        assert problem["etag"] == await etag(served, case)
        told = [(change["seq"], change["kind"], change["author"]) for change in problem["changes"]]
        assert told == [(4, "tags", "agent"), (5, "state", "agent"), (6, "notice", "system")]
        assert (await note(served, case, if_match=problem["etag"])).status_code == 201

    async def test_a_version_of_another_case(self, served: Served, case: str) -> None:
        other = f'"{number(2)}.3"'
        answer = await note(served, case, if_match=other)
        assert (answer.status_code, answer.json()["changes"]) == (412, [])

    async def test_a_weak_tag_matches_nothing(self, served: Served, case: str) -> None:
        assert (await note(served, case, if_match=f"W/{await etag(served, case)}")).status_code == 412

    async def test_a_version_that_is_still_to_come(self, served: Served, case: str) -> None:
        answer = await note(served, case, if_match=f'"{case}.99"')
        assert (answer.status_code, answer.json()["changes"]) == (412, [])

    @pytest.mark.parametrize("written", ["", "3", '"3', "*, *", '"a" "b"', '"ä"'])
    async def test_what_is_no_version(self, served: Served, case: str, written: str) -> None:
        answer = await note(served, case, if_match=written)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_if_match")

    async def test_of_several_at_once_one_is_done(self, served: Served, case: str) -> None:
        known = await etag(served, case)
        answers = await asyncio.gather(*(note(served, case, if_match=known) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [201, *[412] * 7]

    async def test_a_retry_with_its_key_is_answered_as_before(self, served: Served, case: str) -> None:
        known = await etag(served, case)
        first = await note(served, case, if_match=known, key="key-12345")
        again = await note(served, case, if_match=known, key="key-12345")
        assert (again.status_code, again.content) == (201, first.content)

    async def test_a_key_that_was_refused_can_be_used_again(self, served: Served, case: str) -> None:
        assert (await note(served, case, if_match='"x"', key="key-12345")).status_code == 412
        assert (await note(served, case, if_match="*", key="key-12345")).status_code == 201

    async def test_no_such_case(self, served: Served) -> None:
        assert (await note(served, number(9), if_match="*")).status_code == 404
