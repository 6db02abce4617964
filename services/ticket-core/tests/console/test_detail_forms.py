import re

import pytest

from console_factories import AtDesk
from core_factories import BUDI, contact, message, number
from core_service import Served
from ticket_core.domain.inputs import ChangeTags, ChangeTopic, SetFields

pytestmark = pytest.mark.integration

CASE = f"/cases/{number(1)}"


@pytest.fixture(autouse=True)
async def cases(served: Served) -> None:
    for at, topic in ((1, "incentive.not_paid"), (2, None)):
        await served.store.apply([contact(message(conversation=f"chat:{at:08d}", reference=number(at), topic=topic))])


async def values(served: Served) -> dict[str, object]:
    return dict((await served.desk.cases.case(number(1))).fields)


class TestTags:
    async def test_are_put_on_and_taken_off(self, desk: AtDesk, served: Served) -> None:
        part = await desk.post(f"{CASE}/tags", {"add": "Gelombang 12, <b>".removesuffix(", <b>")})
        assert part.startswith('<section id="case-tags"')
        assert '<input type="hidden" name="remove" value="gelombang-12">' in part
        await desk.post(f"{CASE}/tags", {"add": "vip, bank bni"})
        assert (await served.desk.cases.case(number(1))).tags == ["gelombang-12", "vip", "bank-bni"]
        assert 'value="vip"' not in await desk.post(f"{CASE}/tags", {"remove": "vip"})

    async def test_suggests_those_in_use_that_it_has_not(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([ChangeTags(number=number(2), agent=BUDI, add=("vip", "lama"))])
        await served.store.apply([ChangeTags(number=number(1), agent=BUDI, add=("lama",))])
        found = re.search(r'<datalist id="used-tags">(.*?)</datalist>', await desk.page(CASE))
        assert found
        assert found[1] == '<option value="vip"></option>'

    async def test_refused_is_told_with_and_without_script(self, desk: AtDesk) -> None:
        assert "(invalid_tag)" in await desk.post(f"{CASE}/tags", {"add": "a/b"})
        page = (await desk.browser.post(f"/console{CASE}/tags", data={"add": "a/b"})).text
        assert "<html" in page
        assert "Label hanya huruf" in page


class TestFields:
    async def test_of_the_topic_are_shown_by_kind(self, desk: AtDesk) -> None:
        page = await desk.page(CASE)
        for field in ("batch", "transaction_id", "due_on", "paid_through", "call_back_wanted"):
            assert f'id="field-{field}"' in page
        assert 'id="field-batch" name="value" type="number"' in page
        assert 'id="field-due_on" name="value" type="date"' in page
        assert '<option value="ovo">OVO</option>' in page
        other = await desk.page(f"/cases/{number(2)}")
        assert 'id="field-call_back_wanted"' in other
        assert 'id="field-batch"' not in other

    @pytest.mark.parametrize(
        ("key", "written", "kept"),
        [
            ("batch", "12", 12),
            ("batch", "12,5", 12.5),
            ("transaction_id", " TRX <1> ", "TRX <1>"),
            ("due_on", "2026-11-24", "2026-11-24"),
            ("paid_through", "ovo", "ovo"),
            ("call_back_wanted", "no", False),
            ("call_back_wanted", "yes", True),
        ],
    )
    async def test_are_kept_as_their_kind(
        self, desk: AtDesk, served: Served, key: str, written: str, kept: object
    ) -> None:
        part = await desk.post(f"{CASE}/fields", {"key": key, "value": written})
        assert part.startswith(f'<form class="field" id="field-{key}-form"')
        assert await values(served) == {key: kept}
        assert type((await values(served))[key]) is type(kept)
        await desk.post(f"{CASE}/fields", {"key": key, "value": ""})
        assert await values(served) == {}

    @pytest.mark.parametrize(
        ("key", "written"),
        [
            ("batch", "x"),
            ("batch", "nan"),
            ("batch", "1e99"),
            ("due_on", "24.11.2026"),
            ("paid_through", "cash"),
            ("call_back_wanted", "perhaps"),
        ],
    )
    async def test_what_does_not_fit_is_told_at_the_field(
        self, desk: AtDesk, served: Served, key: str, written: str
    ) -> None:
        assert "(invalid_field_value)" in await desk.post(f"{CASE}/fields", {"key": key, "value": written})
        page = (await desk.browser.post(f"/console{CASE}/fields", data={"key": key, "value": written})).text
        assert page.count("(invalid_field_value)") == 1
        assert await values(served) == {}

    async def test_of_another_topic_stay_until_they_are_taken_away(self, desk: AtDesk, served: Served) -> None:
        given = {"paid_through": "gopay", "call_back_wanted": True}
        await served.store.apply([SetFields(number=number(1), agent=BUDI, values=given)])
        await served.store.apply([ChangeTopic(number=number(1), agent=BUDI, topic="account.fraud")])
        page = await desk.page(CASE)
        assert 'id="field-paid_through"' not in page
        assert "GoPay" in page
        await desk.browser.post(f"/console{CASE}/fields", data={"key": "paid_through"})
        assert await values(served) == {"call_back_wanted": True}

    async def test_that_the_programme_does_not_have(self, desk: AtDesk) -> None:
        assert "(unknown_field)" in await desk.post(f"{CASE}/fields", {"key": "shoe_size", "value": "42"})


class TestResolution:
    async def test_with_a_reason_and_without(self, desk: AtDesk, served: Served) -> None:
        assert '<option value="explained">Sudah dijelaskan</option>' in await desk.page(CASE)
        await desk.post(f"{CASE}/resolve", {"reason": "explained"})
        assert (await served.desk.cases.case(number(1))).reason == "explained"
        await desk.post(f"/cases/{number(2)}/resolve", {"reason": ""})
        assert (await served.desk.cases.case(number(2))).state == "resolved"

    async def test_that_the_programme_does_not_have(self, desk: AtDesk) -> None:
        assert "(unknown_reason)" in await desk.post(f"{CASE}/resolve", {"reason": "weather"})
