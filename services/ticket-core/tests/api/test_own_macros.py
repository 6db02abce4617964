"""Macros that agents write for themselves, and supervisors for teams."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from core_factories import contact, message, number
from core_service import Served
from ticket_core.domain.profiles import Profile
from ticket_core.store import stored_macros

pytestmark = pytest.mark.integration

THANKS = {
    "key": "my_thanks",
    "label": {"id": "Terima kasih", "en": "Thanks"},
    "text": {"id": "Terima kasih, {{participant.name|Bapak/Ibu}}. {{agent.name}}", "en": "Thank you. {{agent.name}}"},
    "then": {"tags": {"add": ["thanked"]}},
}
Ask = Callable[..., Awaitable[httpx.Response]]
Someone = Callable[..., Awaitable[Ask]]


@pytest.fixture
def someone(served: Served) -> Someone:
    """Somebody who works here, and how he asks."""

    async def works_here(name: str, *, teams: tuple[str, ...] = (), roles: tuple[str, ...] = ("agent",)) -> Ask:
        email = f"{name.lower()}@example.id"
        agent_id = await served.desk.agents.put(email=email, name=name, password="a long password", roles=roles)
        await served.desk.staffing.attendances.set_profile(email, Profile(teams=frozenset(teams)))
        session = await served.desk.sessions.create(agent_id)
        headers = {"cookie": f"kawal_session={session}", "sec-fetch-site": "same-origin"}

        async def ask(method: str, path: str = "", *, tag: str | None = None, **body: Any) -> httpx.Response:
            more = {"if-match": tag} if tag else {}
            json = {"json": body} if body else {}
            return await served.anyone.request(method, f"/v1/macros{path}", headers=headers | more, **json)  # type: ignore[arg-type]

        return ask

    return works_here


async def keys(ask: Ask) -> list[str]:
    return [one["key"] for one in (await ask("GET")).json()["items"] if one["origin"] != "file"]


class TestOwn:
    async def test_from_beginning_to_end(self, someone: Someone) -> None:
        budi = await someone("Budi")
        made = await budi("POST", **THANKS)
        assert (made.status_code, made.headers["etag"]) == (201, '"my_thanks.1"')
        view = made.json()
        assert (view["origin"], view["team"], view["then"]) == ("own", None, THANKS["then"])
        changed = await budi("PUT", "/my_thanks", tag='"my_thanks.1"', **THANKS | {"topics": ["incentive"]})
        assert (changed.status_code, changed.json()["topics"], changed.json()["version"]) == (200, ["incentive"], 2)
        assert (await budi("PUT", "/my_thanks", **THANKS | {"topics": ["incentive"]})).json()["version"] == 2
        assert (await budi("DELETE", "/my_thanks", tag='"my_thanks.2"')).status_code == 204
        assert (await budi("GET", "/my_thanks")).json()["code"] == "macro_not_found"
        again = await budi("POST", **THANKS)
        assert again.headers["etag"] == '"my_thanks.4"', "an old ETag never means another macro"

    async def test_is_nobody_elses(self, served: Served, someone: Someone) -> None:
        await served.store.apply([contact(message(reference=number(1)))])
        budi, other = await someone("Budi"), await someone("Siti", roles=("agent", "supervisor"))
        await budi("POST", **THANKS)
        assert await keys(budi) == ["my_thanks"]
        assert await keys(other) == []
        for answer in (
            await other("GET", "/my_thanks"),
            await other("PUT", "/my_thanks", **THANKS),
            await other("DELETE", "/my_thanks"),
            await other("GET", f"/my_thanks/preview?case={number(1)}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "macro_not_found")
        assert (await other("POST", **THANKS)).json()["code"] == "macro_exists"

    async def test_fills_in_and_does_what_it_says(self, served: Served) -> None:
        await served.store.apply([contact(message(reference=number(1), name="Siti"))])
        await served.client.post("/v1/macros", json=THANKS)
        seen = (await served.client.get(f"/v1/macros/my_thanks/preview?case={number(1)}")).json()
        assert seen["text"] == "Terima kasih, Siti. API"
        done = await served.client.post(f"/v1/cases/{number(1)}/macros/my_thanks", json={})
        assert done.status_code == 200, done.text
        assert (await served.desk.cases.case(number(1))).tags == ["thanked"]

    async def test_stands_before_the_others(self, served: Served) -> None:
        await served.client.post("/v1/macros", json=THANKS | {"topics": ["incentive"]})
        found = (await served.client.get("/v1/macros?topic=incentive.not_paid")).json()["items"]
        assert [one["key"] for one in found][:2] == ["my_thanks", "incentive_checked"]
        found = (await served.client.get("/v1/macros?topic=account.fraud")).json()["items"]
        assert "my_thanks" not in [one["key"] for one in found]


class TestOfATeam:
    async def test_is_written_by_supervisors_and_seen_by_the_team(self, someone: Someone) -> None:
        chief = await someone("Chief", roles=("agent", "supervisor"))
        inside, outside = await someone("Budi", teams=("payments",)), await someone("Siti", teams=("training",))
        theirs = THANKS | {"team": "payments"}
        assert (await inside("POST", **theirs)).json()["code"] == "not_your_macro"
        assert (await chief("POST", **theirs)).json()["team"] == "payments"
        assert (await keys(inside), await keys(outside), await keys(chief)) == (["my_thanks"], [], ["my_thanks"])
        for refused in (await inside("PUT", "/my_thanks", **theirs), await inside("DELETE", "/my_thanks")):
            assert (refused.status_code, refused.json()["code"]) == (403, "not_your_macro")
        assert (await chief("PUT", "/my_thanks", **theirs | {"topics": ["account"]})).status_code == 200
        moved = await chief("PUT", "/my_thanks", **THANKS)
        assert (moved.status_code, moved.json()["code"]) == (422, "invalid_macro")

    async def test_there_must_be_such_a_team(self, served: Served) -> None:
        refused = await served.client.post("/v1/macros", json=THANKS | {"team": "nobody"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_macro")


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"text": {"id": "{{participant.name}}", "en": "x"}}, "text.id"),
            ({"topics": ["no.such"]}, "topics"),
            ({"then": {"assign": "nobody@example.id"}}, "then.assign"),
        ],
    )
    async def test_says_what_is_wrong(self, served: Served, changes: dict[str, Any], said: str) -> None:
        refused = await served.client.post("/v1/macros", json=THANKS | changes)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_macro")
        assert refused.json()["detail"].startswith(said)

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    async def test_those_of_the_file_are_only_read(self, served: Served, method: str) -> None:
        body = {"json": THANKS | {"key": "answered"}} if method == "PUT" else {}
        refused = await served.client.request(method, "/v1/macros/answered", **body)  # type: ignore[arg-type]
        assert (refused.status_code, refused.json()["code"]) == (409, "macro_of_file")
        made = await served.client.post("/v1/macros", json=THANKS | {"key": "answered"})
        assert made.json()["code"] == "macro_exists"

    async def test_when_two_collide(self, served: Served) -> None:
        await served.client.post("/v1/macros", json=THANKS | {"team": "payments"})
        changes = [THANKS | {"team": "payments", "topics": [topic]} for topic in ("account", "incentive", "training")]
        answers = await asyncio.gather(
            *(
                served.client.put("/v1/macros/my_thanks", json=one, headers={"if-match": '"my_thanks.1"'})
                for one in changes
            )
        )
        assert sorted(one.status_code for one in answers) == [200, 412, 412]
        refused = next(one for one in answers if one.status_code == 412).json()
        assert (refused["code"], refused["etag"]) == ("macro_changed", '"my_thanks.2"')

    async def test_as_many_as_there_may_be(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stored_macros, "MOST_MACROS", 2)
        for key in ("one", "two"):
            assert (await served.client.post("/v1/macros", json=THANKS | {"key": key})).status_code == 201
        assert (await served.client.post("/v1/macros", json=THANKS)).json()["code"] == "too_many_macros"
        of_team = await served.client.post("/v1/macros", json=THANKS | {"team": "payments"})
        assert of_team.status_code == 201, "a team's are counted by themselves"
