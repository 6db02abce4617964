import base64
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import BUDI, NOW, claimed, contact, identity, message
from core_service import Served
from kawal.contracts.interactions import Interaction
from kawal.contracts.words import IdentityKind
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import ChangeTags, ChangeTopic, Reply
from ticket_core.store import searching
from ticket_core.store.search_index import SearchIndex

pytestmark = pytest.mark.integration


async def hear(served: Served, *interactions: Interaction) -> list[str]:
    """The numbers of their cases; search knows all of it."""
    outcomes = await served.store.apply([contact(one) for one in interactions])
    await served.index.catch_up()
    return [outcome.number for outcome in outcomes if isinstance(outcome, Applied)]


async def grown_old(engine: AsyncEngine, cases: Sequence[str], step: timedelta) -> None:
    """As if nothing had happened in each of `cases` for `step` longer than in the one before it."""
    older = text("UPDATE core.cases SET activity_at = now() - CAST(:age AS interval) WHERE number = :number")
    async with engine.begin() as connection:
        for place, number in enumerate(cases):
            await connection.execute(older, {"age": place * step, "number": number})
    await SearchIndex(engine).rebuild()


async def page(served: Served, **query: object) -> dict[str, object]:
    answer = await served.client.get("/v1/cases", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def numbers(served: Served, **query: object) -> list[str]:
    return [item["number"] for item in (await page(served, **query))["items"]]  # type: ignore[attr-defined]


def chat(turn: int) -> str:
    return f"chat:{turn:08d}"


class TestWords:
    async def test_in_any_entry_and_across_entries(self, served: Served) -> None:
        (case,) = await hear(served, message("Insentif saya belum cair"))
        await hear(served, message("Rekening sudah benar"))
        await hear(served, message("Kode OTP", conversation=chat(1)))
        await served.store.apply([Reply(number=case, agent=BUDI, text="Mohon tunggu verifikasi")])
        assert await numbers(served, q="verifikasi") == []  # not yet
        await served.index.catch_up()
        for typed in ("verifikasi", "insentif rekening", "verif", '"belum cair"', "zzz or insentif", "insentif -otp"):
            assert await numbers(served, q=typed) == [case], typed
        for typed in ('"cair belum"', "insentif -rekening", "insentif otp"):
            assert await numbers(served, q=typed) == [], typed

    async def test_in_any_form_and_either_language(self, served: Served) -> None:
        (indonesian,) = await hear(served, message("Tolong bayarkan insentif saya"))
        (english,) = await hear(served, message("My payments were rejected", conversation=chat(1)))
        assert await numbers(served, q="dibayarkan") == [indonesian]
        assert await numbers(served, q="reject payment") == [english]

    async def test_without_accents(self, served: Served) -> None:
        (case,) = await hear(served, message("Café di São Paulo", name="André Gómez"))
        for typed in ("cafe", "CAFÉ", "sao paulo", "andre gomez", "gómez"):
            assert await numbers(served, q=typed) == [case], typed

    async def test_says_where(self, served: Served) -> None:
        (case,) = await hear(served, message("Halo <b>min</b>", name="Siti Aminah", identities=(identity(),)))
        await hear(served, message("Sudah dua minggu insentif belum juga cair"))
        match = (await page(served, q="insentif"))["matches"][case]  # type: ignore[index]
        assert (match["where"], match["seq"]) == ("text", 4)
        assert [match["snippet"][start:end] for start, end in match["marks"]] == ["insentif"]
        for typed, where in (
            ("siti am", "name"),
            ("0812 3456 7890", "address"),
            (case, "number"),
            (case[:4], "number"),
        ):
            assert (await page(served, q=typed))["matches"][case]["where"] == where, typed  # type: ignore[index]

    async def test_what_means_nothing(self, served: Served) -> None:
        await hear(served, message("Halo"))
        for typed in ("-", '"', "()", ":*", "&|!", "'", "\\", "%", "_", "-halo x", "a" * 200, "\u0130", "<->"):
            await page(served, q=typed)
        assert len(await numbers(served, q="  ")) == 1

    async def test_with_filters_order_and_pages(self, served: Served) -> None:
        cases = [
            (await hear(served, message("Kartu hilang", conversation=chat(turn), at=NOW + timedelta(minutes=turn))))[0]
            for turn in range(5)
        ]
        await served.store.apply([ChangeTopic(number=cases[2], agent=BUDI, topic="account.fraud")])
        assert await numbers(served, q="kartu", topic="account") == [cases[2]]
        first = await page(served, q="kartu", sort="opened", limit=3)
        rest = await page(served, q="kartu", sort="opened", limit=3, cursor=first["next_cursor"])
        seen = [item["number"] for item in [*first["items"], *rest["items"]]]  # type: ignore[misc]
        assert sorted(seen) == sorted(cases)
        assert set(rest["matches"]) == {item["number"] for item in rest["items"]}  # type: ignore[call-overload, attr-defined]

    @pytest.mark.parametrize("days", [0, 5, 40])
    async def test_the_same_in_every_way(
        self, served: Served, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, days: int
    ) -> None:
        """How it is found depends on how many there are and how old they are; what is found does not."""
        said = ["Kartu hilang", "Lain", "Kartu hilang lagi", "Kartunya hilang", "Lain", "Hilang kartu", "Kartu"]
        cases = [(await hear(served, message(words, conversation=chat(turn))))[0] for turn, words in enumerate(said)]
        await grown_old(engine, cases, timedelta(days=days, seconds=1))
        lost = [cases[turn] for turn in (0, 2, 3, 5)]
        for ahead, few in itertools.product((0, 2, 300), (0, 2, 1_000)):
            monkeypatch.setattr(searching, "AHEAD", ahead)
            monkeypatch.setattr(searching, "FEW", few)
            monkeypatch.setattr(searching, "FEW_OF_SOME", few)
            assert await numbers(served, q="kartu hilang") == lost, (ahead, few)
            assert await numbers(served, q="kartu hilang", sort="opened") == lost, (ahead, few)
            assert await numbers(served, q="kartu hilang", active="true") == lost, (ahead, few)
            first = await page(served, q="hilang kartu", limit=3)
            rest = await page(served, q="hilang kartu", limit=3, cursor=first["next_cursor"])
            assert [item["number"] for item in [*first["items"], *rest["items"]]] == lost, (ahead, few)  # type: ignore[misc]
            assert await numbers(served, q=cases[1][:5]) == [cases[1]], (ahead, few)

    async def test_whole_words_before_beginnings(self, served: Served) -> None:
        """What fills the page with whole words does so; else their beginnings are found as well, all in one order."""
        whole = [(await hear(served, message("Dana belum cair", conversation=chat(turn))))[0] for turn in range(3)]
        (beginning,) = await hear(served, message("Danamon, rekening saya", conversation=chat(9)))
        assert sorted(await numbers(served, q="dana", limit=25)) == sorted([*whole, beginning])
        first = await page(served, q="dana", limit=2)
        rest = await page(served, q="dana", limit=2, cursor=first["next_cursor"])
        assert sorted(item["number"] for item in [*first["items"], *rest["items"]]) == sorted(whole)  # type: ignore[misc]


class TestPeople:
    async def test_similar_names_when_nothing_else_is_found(self, served: Served) -> None:
        (case,) = await hear(served, message(name="Mohammad Rizky"))
        assert await numbers(served, q="muhammad rizki") == [case]
        assert await numbers(served, q="Bambang") == []

    async def test_parts_of_addresses(self, served: Served) -> None:
        known = (identity(), claimed("siti.aminah@example.id", kind=IdentityKind.EMAIL))
        (case,) = await hear(served, message(identities=known))
        for typed in ("siti.am", "aminah@example", "3456 78", "0812345", "+6281234"):
            assert await numbers(served, q=typed) == [case], typed

    async def test_a_name_that_was_given_later(self, served: Served) -> None:
        (first,) = await hear(served, message(identities=(identity(),), topic="a.b"))
        (second,) = await hear(
            served, message(identities=(identity(),), conversation=chat(1), topic="c.d", name="Siti Aminah")
        )
        assert set(await numbers(served, q="siti aminah")) == {first, second}


class TestFilters:
    async def test_topics_and_groups(self, served: Served) -> None:
        (otp,) = await hear(served, message(topic="registration.otp"))
        (email,) = await hear(served, message(conversation=chat(1), topic="registration.email"))
        await hear(served, message(conversation=chat(2), topic="registrationx.email"))
        assert await numbers(served, topic="registration.otp") == [otp]
        assert set(await numbers(served, topic="registration")) == {otp, email}
        assert await numbers(served, topic="registration_") == []

    async def test_states_and_times(self, served: Served) -> None:
        (old,) = await hear(served, message(at=NOW - timedelta(days=2)))
        (new,) = await hear(served, message(conversation=chat(1), at=NOW))
        await served.store.apply([Reply(number=new, agent=BUDI, text="Baik")])
        assert await numbers(served, state=["pending", "closed"]) == [new]
        assert set(await numbers(served, state=["pending", "new"])) == {new, old}
        items = {item["number"]: item for item in (await page(served))["items"]}  # type: ignore[attr-defined]
        opened, waiting = items[old]["opened_at"], datetime.fromisoformat(items[old]["waiting_since"])
        assert old in await numbers(served, opened_from=opened)
        assert old not in await numbers(served, opened_until=opened)
        assert await numbers(served, waiting_until=(waiting + timedelta(seconds=1)).isoformat()) == [old]
        assert await numbers(served, waiting_until=waiting.isoformat()) == []
        assert await numbers(served, activity_from=datetime(2100, 1, 1, tzinfo=UTC).isoformat()) == []
        assert await numbers(served, priority=["urgent", "high"]) == []
        assert len(await numbers(served, priority="normal")) == 2

    async def test_what_is_not_valid(self, served: Served) -> None:
        for query in ({"sort": "x"}, {"priority": "x"}, {"opened_from": "2026-01-01T00:00:00"}, {"topic": ""}):
            assert (await served.client.get("/v1/cases", params=query)).status_code == 422


class TestOrders:
    async def test_every_order_page_by_page(self, served: Served) -> None:
        """Each case once, and in the order of the whole list, whatever the order."""
        for turn in (3, 1, 4, 0, 2):
            await hear(served, message(conversation=chat(turn), at=NOW + timedelta(minutes=turn % 3)))
        for sort in ("-activity", "activity", "-opened", "opened", "waiting", "priority"):
            seen: list[str] = []
            query: dict[str, object] = {"sort": sort, "limit": 2}
            while True:
                got = await page(served, **query)
                seen += [item["number"] for item in got["items"]]  # type: ignore[attr-defined]
                if got["next_cursor"] is None:
                    break
                query["cursor"] = got["next_cursor"]
            assert seen == await numbers(served, sort=sort), sort
            assert len(set(seen)) == 5

    async def test_a_cursor_of_another_order(self, served: Served) -> None:
        for turn in range(2):
            await hear(served, message(conversation=chat(turn)))
        cursor = (await page(served, limit=1))["next_cursor"]
        answer = await served.client.get("/v1/cases", params={"cursor": str(cursor), "sort": "opened"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    async def test_a_cursor_of_another_age(self, served: Served) -> None:
        await hear(served, message("Insentif"))
        made_up = ["-activity", "0001-01-01T00:00:00+00:00", str(UUID(int=0)), 1, 0]
        cursor = base64.urlsafe_b64encode(json.dumps(made_up).encode()).decode().rstrip("=")
        assert await numbers(served, q="insentif", cursor=cursor) == []

    async def test_while_cases_change(self, served: Served) -> None:
        """What moves to the top while somebody turns the page hides nothing that stays, and repeats nothing."""
        cases = [(await hear(served, message(conversation=chat(turn))))[0] for turn in range(6)]
        first = await page(served, limit=3)
        await served.store.apply([Reply(number=cases[0], agent=BUDI, text="Baik")])  # of the second page
        rest = await numbers(served, limit=3, cursor=first["next_cursor"])
        assert rest == [cases[2], cases[1]]


class TestTags:
    async def test_all_of_them(self, served: Served) -> None:
        (both,) = await hear(served, message())
        (one,) = await hear(served, message(conversation=chat(1)))
        for case, tags in ((both, ("vip", "refund")), (one, ("vip",))):
            await served.store.apply([ChangeTags(number=case, agent=BUDI, add=tags)])
        assert set(await numbers(served, tag="vip")) == {both, one}
        assert await numbers(served, tag=["vip", "refund"]) == [both]
