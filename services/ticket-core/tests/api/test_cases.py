import base64
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from core_factories import BUDI, claimed, contact, form, identity, message, number, read, report
from core_service import Served
from kawal import case_numbers
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import IdentityKind
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Reply, Resolve
from ticket_core.store.views import CasePage, CaseView, ParticipantView, TimelinePage

pytestmark = pytest.mark.integration


async def hear(served: Served, *interactions: object) -> list[Applied]:
    outcomes = await served.store.apply([contact(one) for one in interactions])  # type: ignore[arg-type]
    return [outcome for outcome in outcomes if isinstance(outcome, Applied)]


async def numbers(served: Served, **query: str) -> list[str]:
    answer = await served.client.get("/v1/cases", params=query)
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in TypeAdapter(dict).validate_json(answer.content)["items"]]


def forged(at: str) -> str:
    """A cursor as nobody gave it out."""
    return base64.urlsafe_b64encode(json.dumps(["-activity", at, str(uuid4()), 1, 0]).encode()).decode()


class TestListCases:
    async def test_none(self, served: Served) -> None:
        assert (await served.client.get("/v1/cases")).json() == {"items": [], "next_cursor": None, "matches": {}}

    async def test_is_as_documented(self, served: Served) -> None:
        await hear(served, message(name="Siti"))
        page = TypeAdapter(CasePage).validate_json((await served.client.get("/v1/cases")).content)
        assert page.items[0].participant_name == "Siti"

    async def test_page_by_page(self, served: Served) -> None:
        for turn in range(7):
            await hear(served, message(conversation=f"chat:{turn:08d}", at=datetime.now(UTC)))
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await served.client.get("/v1/cases", params={"limit": "3", **cursor})).json()
            seen += [item["number"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == await numbers(served)
        assert len(set(seen)) == 7

    async def test_a_cursor_of_somewhere_else(self, served: Served) -> None:
        for cursor in ("x", "!!!", "MjAyNg", forged("0001-01-01T00:00:00+23:59")):
            answer = await served.client.get("/v1/cases", params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    async def test_filters(self, served: Served) -> None:
        (chat,) = await hear(served, message("Kartu hilang", topic="account", name="Siti Aminah"))
        (web,) = await hear(served, form(topic="payment"))
        await served.store.apply([Resolve(number=web.number, agent=BUDI)])
        assert await numbers(served, state="new") == [chat.number]
        assert await numbers(served, active="true") == [chat.number]
        assert await numbers(served, channel="web") == [web.number]
        assert await numbers(served, topic="account") == [chat.number]
        assert set(await numbers(served, assignee="none")) == {chat.number, web.number}
        assert await numbers(served, assignee="me") == []
        assert await numbers(served, assignee=str(uuid4())) == []

    async def test_search(self, served: Served) -> None:
        known = (identity(), claimed("siti@example.id", kind=IdentityKind.EMAIL))
        (case,) = await hear(
            served,
            message("Kartu 100% hilang", name="Siti Aminah", identities=known, reference=number(1)),
        )
        await hear(
            served,
            form(
                ("Masalah", "Kartu 100% hilang"),
                conversation="web:dddddddd",
                identities=(identity(),),
                reference=number(2),
            ),
        )
        await hear(served, message("Lain", conversation="chat:zzzzzzzz"))
        await served.index.catch_up()
        for typed in (
            number(1),
            case_numbers.display(number(1)),
            number(2),
            number(1)[:5],
            "siti am",
            "100%",
            "SITI@example.id",
            "0812 3456 7890",
        ):
            assert await numbers(served, q=typed) == [case.number], typed
        for typed in ("nobody@example.id", "0899 9999 9999", "_ilang", "Kartu x%"):
            assert await numbers(served, q=typed) == [], typed

    async def test_what_is_not_valid(self, served: Served) -> None:
        for query in ({"state": "x"}, {"channel": "x"}, {"limit": "0"}, {"assignee": "x"}):
            assert (await served.client.get("/v1/cases", params=query)).status_code == 422


class TestGetCase:
    async def test_by_any_number(self, served: Served) -> None:
        await hear(served, message(identities=(identity(),), reference=number(1)))
        await hear(served, form(identities=(identity(),), reference=number(2)))
        for written in (number(1), case_numbers.display(number(1)), number(2)):
            answer = await served.client.get(f"/v1/cases/{written}")
            case = TypeAdapter(CaseView).validate_json(answer.content)
            assert (case.number, case.aliases) == (number(1), [number(2)])
            assert [one.channel for one in case.conversations] == ["chat", "web"]

    async def test_no_such_case(self, served: Served) -> None:
        for written in (number(77), "1", "abc", "1234567890"):
            answer = await served.client.get(f"/v1/cases/{written}")
            assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


class TestGetTimeline:
    async def test_after(self, served: Served) -> None:
        (case,) = await hear(served, message())
        await hear(served, message("Lagi"))
        page = (await served.client.get(f"/v1/cases/{case.number}/timeline", params={"after": "2"})).json()
        assert [item["seq"] for item in page["items"]] == [3, 4]
        assert page["next_cursor"] is None

    async def test_page_by_page(self, served: Served) -> None:
        (case,) = await hear(served, message())
        path = f"/v1/cases/{case.number}/timeline"
        page = TypeAdapter(TimelinePage).validate_json((await served.client.get(path, params={"limit": "2"})).content)
        assert ([item.seq for item in page.items], page.next_cursor) == ([1, 2], "2")

    async def test_nothing_new(self, served: Served) -> None:
        (case,) = await hear(served, message())
        answer = await served.client.get(f"/v1/cases/{case.number}/timeline", params={"after": "3"})
        assert answer.json() == {"items": [], "next_cursor": None}

    async def test_what_became_of_telling_it(self, served: Served) -> None:
        (case,) = await hear(served, message())
        await served.store.apply([Reply(number=case.number, agent=BUDI, text="Baik")])
        await served.store.apply([report(case.case_id, 3, DeliveryState.SENT)])
        await served.store.apply([report(case.case_id, 4, DeliveryState.FAILED)])
        await hear(served, read(2))
        items = (await served.client.get(f"/v1/cases/{case.number}/timeline")).json()["items"]
        told = {item["seq"]: item["delivery"] for item in items if item["delivery"]}
        assert told == {3: {"chat": "read"}, 4: {"chat": "failed"}}

    async def test_no_such_case(self, served: Served) -> None:
        assert (await served.client.get(f"/v1/cases/{number(5)}/timeline")).status_code == 404


class TestGetParticipant:
    async def test_with_identities_cases_and_suggestions(self, served: Served) -> None:
        (first,) = await hear(served, message(identities=(identity(),), name="Siti"))
        (second,) = await hear(served, form(identities=(claimed(),)))
        case = (await served.client.get(f"/v1/cases/{second.number}")).json()
        answer = await served.client.get(f"/v1/participants/{case['participant_id']}")
        participant = TypeAdapter(ParticipantView).validate_json(answer.content)
        assert [(one.kind, one.assurance) for one in participant.identities] == [("phone", "claimed")]
        assert [one.number for one in participant.cases] == [second.number]
        assert [(one.participant_name, one.case_numbers) for one in participant.suggestions] == [
            ("Siti", [first.number])
        ]

    async def test_nobody(self, served: Served) -> None:
        for wanted in ("x", str(uuid4())):
            answer = await served.client.get(f"/v1/participants/{wanted}")
            assert (answer.status_code, answer.json()["code"]) == (404, "participant_not_found")
