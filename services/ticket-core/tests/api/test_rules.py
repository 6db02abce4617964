"""Rules that supervisors write, try out and ask about."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, contact, message, number
from core_service import PROGRAMME, Served
from core_tables import count, rows
from rule_acting import let_act
from rule_factories import shelf
from ticket_core.domain.inputs import ChangeTopic, Reply, Resolve
from ticket_core.rule_shelf import RuleShelf
from ticket_core.ruling import RuleRounds
from ticket_core.store.stored_rules import MOST_RULES

pytestmark = pytest.mark.integration

URGENT = {"key": "urgent_words", "label": {"id": "a", "en": "b"}, "when": ["contact"], "then": {"priority": "urgent"}}


@pytest.fixture
def client(served: Served) -> httpx.AsyncClient:
    return served.client


async def add(client: httpx.AsyncClient, key: str = "urgent_words", **changes: Any) -> httpx.Response:
    written = {name.removesuffix("_"): value for name, value in changes.items()}
    return await client.post("/v1/rules", json=URGENT | {"key": key} | written)


async def keys(client: httpx.AsyncClient) -> list[str]:
    return [one["key"] for one in (await client.get("/v1/rules")).json()["items"]]


@pytest.fixture
async def begun(served: Served, engine: AsyncEngine) -> None:
    await RuleRounds(engine, apply=served.store.apply, book=shelf()).step()


class TestWriting:
    async def test_a_rule_from_beginning_to_end(self, client: httpx.AsyncClient) -> None:
        made = await add(client, if_={"words": ["penipuan"]})
        assert (made.status_code, made.headers["etag"]) == (201, '"urgent_words.1"')
        view = made.json()
        assert (view["origin"], view["enabled"], view["order"], view["problems"]) == ("desk", True, 100, [])
        assert view["definition"] == URGENT | {"if": {"words": ["penipuan"]}}
        changed = await client.put("/v1/rules/urgent_words", json=URGENT, headers={"if-match": '"urgent_words.1"'})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"urgent_words.2"')
        again = await client.put("/v1/rules/urgent_words", json=URGENT)
        assert again.json()["version"] == 2, "the same again is no new version"
        off = await client.post("/v1/rules/urgent_words/disable")
        assert (off.json()["enabled"], off.json()["definition"]) == (False, URGENT | {"enabled": False})
        assert (await client.post("/v1/rules/urgent_words/enable")).json()["enabled"] is True
        assert (await client.delete("/v1/rules/urgent_words")).status_code == 204
        assert (await client.get("/v1/rules/urgent_words")).json()["code"] == "rule_not_found"
        versions = (await client.get("/v1/rules/urgent_words/versions")).json()["items"]
        assert [(one["version"], one["definition"] is None) for one in versions] == [
            (5, True), (4, False), (3, False), (2, False), (1, False),
        ]  # fmt: skip
        assert {one["agent_name"] for one in versions} == {"API"}
        assert (await add(client)).headers["etag"] == '"urgent_words.6"', (
            "what stands in timelines is never meant twice"
        )

    async def test_file_and_desk_in_one_order(self, client: httpx.AsyncClient) -> None:
        for key, order in (("zz_first", 1), ("bb", 100), ("aa", 100), ("last", 200)):
            await add(client, key, order=order)
        of_file = ["fraud_is_urgent", "fraud_in_words", "closed_hours", "unreachable"]
        assert await keys(client) == ["zz_first", *of_file, "aa", "bb", "last"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")],
    )
    async def test_those_of_the_file_are_only_read(self, client: httpx.AsyncClient, method: str, path: str) -> None:
        body = {"json": URGENT | {"key": "fraud_is_urgent"}} if method == "PUT" else {}
        refused = await client.request(method, f"/v1/rules/fraud_is_urgent{path}", **body)  # type: ignore[arg-type]
        assert (refused.status_code, refused.json()["code"]) == (409, "rule_of_file")
        view = (await client.get("/v1/rules/fraud_is_urgent")).json()
        assert (view["origin"], view["changed_by"]) == ("file", None)
        assert (await client.get("/v1/rules/fraud_is_urgent/versions")).json() == {"items": []}

    async def test_says_all_that_is_wrong(self, client: httpx.AsyncClient) -> None:
        refused = await add(client, when=["opens"], if_={"topic": ["x"]}, then={"assign": "nobody@example.id"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_rule")
        assert [one.split(":")[0] for one in refused.json()["detail"].split("; ") if ":" in one] == ["when", "if.topic"]
        refused = await add(client, then={"assign": "nobody@example.id"})
        assert "then.assign: Nobody" in refused.json()["detail"]
        refused = await add(client, if_={"topik": ["x"]})
        assert refused.json()["errors"][0]["field"] == "if.topik"
        assert await keys(client) == [one for one in await keys(client) if one != "urgent_words"]

    async def test_a_key_is_used_once_and_stays(self, client: httpx.AsyncClient) -> None:
        await add(client)
        assert (await add(client)).json()["code"] == "rule_exists"
        assert (await add(client, "fraud_is_urgent")).json()["code"] == "rule_exists"
        moved = await client.put("/v1/rules/urgent_words", json=URGENT | {"key": "other"})
        assert moved.json()["code"] == "invalid_rule"

    async def test_when_two_collide(self, client: httpx.AsyncClient) -> None:
        await add(client)
        changes = [URGENT | {"order": order} for order in range(8)]
        known = {"if-match": '"urgent_words.1"'}
        answers = await asyncio.gather(
            *(client.put("/v1/rules/urgent_words", json=one, headers=known) for one in changes)
        )
        assert sorted(one.status_code for one in answers) == [200, *[412] * 7]
        refused = next(one for one in answers if one.status_code == 412)
        assert (refused.json()["code"], refused.json()["etag"]) == ("rule_changed", '"urgent_words.2"')
        gone = await client.delete("/v1/rules/urgent_words", headers=known)
        assert gone.status_code == 412

    async def test_as_many_as_there_may_be(self, client: httpx.AsyncClient) -> None:
        for at in range(MOST_RULES):
            assert (await add(client, f"rule_{at}", enabled=False)).status_code == 201
        assert (await add(client, "one_more")).json()["code"] == "too_many_rules"

    async def test_for_supervisors_only(self, served: Served) -> None:
        agent_id = await served.desk.agents.put(email="budi@example.id", name="Budi", password="a long password")
        cookie = {"cookie": f"kawal_session={await served.desk.sessions.create(agent_id)}"}
        for answer in (
            await served.anyone.get("/v1/rules", headers=cookie),
            await served.anyone.post("/v1/rules", json=URGENT, headers=cookie | {"sec-fetch-site": "same-origin"}),
            await served.anyone.post("/v1/rules/dry-run", json={}, headers=cookie | {"sec-fetch-site": "same-origin"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "supervisors_only")

    async def test_what_cannot_be_used_any_more_is_shown_and_does_nothing(
        self, served: Served, engine: AsyncEngine
    ) -> None:
        """The programme has lost a team that a rule names; and a newer version has written what we cannot read."""
        stored = served.desk.rules.stored
        gone = '{"key": "gone", "label": {"id": "a", "en": "b"}, "when": ["note"], "then": {"team": "pilots"}}'
        await stored.add("gone", gone, BUDI)
        await stored.add("newer", '{"key": "newer", "dreams": true}', BUDI)
        view = (await served.client.get("/v1/rules/gone")).json()
        assert view["problems"] == ["then.team: there is no pilots; there are payments, training"]
        assert "newer" not in await keys(served.client)
        assert [rule.key for rule in (await served.desk.rules.book()).rules] == ["fraud_is_urgent"]
        assert (await served.client.get("/v1/rules/gone/why?case=4829130574")).json()["code"] == "rule_not_found"
        assert (await served.client.post("/v1/rules/gone/disable")).status_code == 200


@pytest.mark.usefixtures("begun")
class TestActing:
    async def test_from_the_next_entry_on(self, served: Served, engine: AsyncEngine) -> None:
        await served.store.apply([contact(message("Halo", reference=number(1)))])
        await let_act(served, engine)
        await add(served.client)
        await let_act(served, engine)
        assert await count(engine, "rule_firings") == 0
        await served.store.apply([contact(message("Halo lagi"))])
        await let_act(served, engine)
        assert await rows(engine, "SELECT rule, version, seq FROM core.rule_firings") == [("urgent_words", 1, 4)]
        await served.client.post("/v1/rules/urgent_words/disable")
        await served.store.apply([contact(message("Sekali lagi")), Resolve(number=number(1), agent=BUDI)])
        await let_act(served, engine)
        fired = (await served.client.get("/v1/rules/urgent_words/firings")).json()["items"]
        assert [(one["case_number"], one["kind"], one["first_seq"]) for one in fired] == [(number(1), "message", 5)]

    async def test_other_replicas_hear_of_it(self, served: Served, engine: AsyncEngine) -> None:
        other = RuleShelf.load(PROGRAMME, engine)
        before = await other.book()
        assert await other.book() is before
        await add(served.client)
        assert [rule.key for rule in (await other.book()).rules] == ["fraud_is_urgent", "urgent_words"]
        await served.client.delete("/v1/rules/urgent_words")
        assert [rule.key for rule in (await other.book()).rules] == ["fraud_is_urgent"]


class TestDryRun:
    @pytest.fixture(autouse=True)
    async def known(self, served: Served) -> None:
        """Three cases, one about fraud and answered, one that becomes so."""
        for at, topic in enumerate(("account.fraud", "incentive.not_paid", None)):
            heard = message(
                "Ada penipuan", conversation=f"chat:{at:08d}", reference=number(at), topic=topic, name="Siti"
            )
            await served.store.apply([contact(heard)])
        await served.store.apply([Reply(number=number(0), agent=BUDI, text="Baik")])
        await served.store.apply([ChangeTopic(number=number(2), agent=BUDI, topic="account.fraud")])

    async def test_says_what_would_have_been_done_and_does_nothing(self, served: Served, engine: AsyncEngine) -> None:
        before = await rows(engine, "SELECT count(*), max(stamp) FROM core.timeline")
        done = (await served.client.post("/v1/rules/dry-run", json={"cases": 10})).json()
        assert (done["cases"], done["complete"]) == (3, True)
        assert done["rules"] == [
            {"rule": "fraud_is_urgent", "fired": 2, "refused": 0, "loop": 0, "too_often": 0, "cases": 2}
        ]
        assert [(one["number"], one["seq"], one["kind"]) for one in done["items"]] == [
            (number(2), 4, "topic"),
            (number(0), 1, "opened"),
        ]
        assert done["items"][0]["changes"] == [
            {"kind": "priority", "text": "", "state": None, "details": {"priority": "urgent"}},
            {"kind": "tags", "text": "", "state": None, "details": {"tags": ["penipuan"]}},
        ]
        assert await rows(engine, "SELECT count(*), max(stamp) FROM core.timeline") == before
        assert await count(engine, "rule_firings") == 0

    async def test_a_draft_with_what_it_would_set_off(self, served: Served) -> None:
        await add(served.client, "on_note", when=["note"], then={"tags": {"add": ["dicatat"]}})
        draft = URGENT | {
            "enabled": False,
            "once_per_case": True,
            "if": {"state": ["new"]},
            "then": {
                "note": "Lihat",
                "reply": {"id": "{{participant.name|Anda}}, sabar", "en": "One moment"},
            },
        }
        asked = {"cases": 1, "rule": draft}
        (one, *others) = (await served.client.post("/v1/rules/dry-run", json=asked)).json()["items"][:2]
        assert [change["text"] for change in one["changes"]] == ["Lihat", "Siti, sabar"]
        assert [(other["rule"], other["seq"]) for other in others] == [("on_note", 2)]
        alone = (await served.client.post("/v1/rules/dry-run", json=asked | {"alone": True})).json()
        assert [item["rule"] for item in alone["items"]] == ["urgent_words"]
        assert "urgent_words" not in await keys(served.client)

    async def test_what_would_be_refused_or_go_round(self, served: Served) -> None:
        round_ = URGENT | {"when": ["contact", "note"], "then": {"note": "Lagi"}}
        done = (await served.client.post("/v1/rules/dry-run", json={"rule": round_, "alone": True})).json()
        assert done["rules"][0] == {
            "rule": "urgent_words", "fired": 3, "refused": 0, "loop": 3, "too_often": 0, "cases": 3,
        }  # fmt: skip
        refused = URGENT | {"then": {"fields": {"batch": 71}}}
        done = (await served.client.post("/v1/rules/dry-run", json={"rule": refused, "alone": True})).json()
        assert [(one["number"], one["outcome"], one["refused"]) for one in done["items"]] == [
            (number(2), "refused", "field_not_for_topic"),
            (number(0), "refused", "field_not_for_topic"),
            (number(1), "fired", None),
        ]

    async def test_a_draft_must_be_right(self, served: Served) -> None:
        refused = await served.client.post("/v1/rules/dry-run", json={"rule": URGENT | {"when": ["opens"]}})
        assert refused.json()["code"] == "invalid_rule"

    async def test_is_cut_in_time_and_says_so(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ticket_core.rule_rehearsal.ENOUGH_S", -1.0)
        done = (await served.client.post("/v1/rules/dry-run", json={})).json()
        assert (done["cases"], done["complete"], done["items"]) == (0, False, [])

    async def test_one_at_a_time(self, served: Served) -> None:
        answers = await asyncio.gather(*(served.client.post("/v1/rules/dry-run", json={}) for _ in range(4)))
        assert {one.status_code for one in answers} <= {200, 503}
        assert 200 in {one.status_code for one in answers}
        busy = [one for one in answers if one.status_code == 503]
        assert all(one.json()["code"] == "dry_run_goes_on" for one in busy)
        assert (await served.client.post("/v1/rules/dry-run", json={})).status_code == 200


class TestWhy:
    @pytest.mark.usefixtures("begun")
    async def test_at_each_entry(self, served: Served, engine: AsyncEngine) -> None:
        await add(served.client, if_={"all": [{"words": ["penipuan"]}, {"not": {"channel": ["web"]}}]})
        await served.store.apply([contact(message("Halo", reference=number(1)))])
        await served.store.apply([contact(message("Ada penipuan"))])
        await let_act(served, engine)
        await served.store.apply([contact(message("Penipuan lagi"))])
        await let_act(served, engine)
        why = (await served.client.get(f"/v1/rules/urgent_words/why?case={number(1)}")).json()
        assert (why["rule"], why["number"], why["enabled"]) == ("urgent_words", number(1), True)
        assert [(one["seq"], one["because"]) for one in why["items"]] == [
            (2, "not_met"),
            (4, "acted"),
            (6, "nothing_to_change"),
        ]
        assert why["items"][0]["failed"] == [
            {"condition": "words", "wanted": ["penipuan"], "found": [], "met": False, "parts": []}
        ]

    async def test_other_reasons(self, served: Served) -> None:
        await add(served.client, when=["reply", "state"], then={"fields": {"batch": 71}}, enabled=False)
        await served.store.apply([contact(message("Halo", reference=number(1)))])
        await served.store.apply([Reply(number=number(1), agent=BUDI, text="Baik")])
        why = (await served.client.get(f"/v1/rules/urgent_words/why?case={number(1)}")).json()
        assert [(one["because"], one["refused"]) for one in why["items"]] == [
            ("would_be_refused", "field_not_for_topic")
        ]
        assert why["enabled"] is False
        assert (await served.client.get("/v1/rules/fraud_is_urgent/why?case=123")).status_code == 404
