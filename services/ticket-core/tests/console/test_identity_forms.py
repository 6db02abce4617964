import pytest

from console_factories import AtDesk
from core_factories import claimed, contact, form, identity, message, number
from core_service import Served

pytestmark = pytest.mark.integration

PHONE = "+6281234567890"
OTHER = "+6281234567891"


@pytest.fixture
async def participant(served: Served) -> str:
    """Siti, who has proven her number."""
    await served.store.apply([contact(message(identities=(identity(PHONE),), name="Siti", reference=number(0)))])
    return (await served.desk.cases.case(number(0))).participant_id


def path(participant: str, what: str) -> str:
    return f"/cases/{number(0)}/person/{participant}/{what}"


def written(value: str = OTHER, *, kind: str = "phone", reason: str = "Ditelepon <balik>") -> dict[str, str]:
    return {"kind": kind, "value": value, "reason": reason}


async def known(served: Served, participant: str) -> dict[str, str]:
    return {one.value: one.assurance for one in (await served.desk.people.participant(participant)).identities}


class TestLink:
    async def test_with_how_it_was_checked(self, desk: AtDesk, served: Served, participant: str) -> None:
        panel = await desk.post(path(participant, "identities/link"), written("0812-3456-7891"))
        assert panel.startswith('<aside class="person"')
        assert f"{OTHER} <span" in panel
        assert await known(served, participant) == {PHONE: "possessed", OTHER: "verified"}
        page = await desk.page(f"/cases/{number(0)}")
        assert "Telepon sudah diperiksa (Ditelepon &lt;balik&gt;) · Dewi" in page
        assert 'id="identity-link" open' not in page

    async def test_what_somebody_else_has_is_told_with_all_that_was_written(
        self, desk: AtDesk, served: Served, participant: str
    ) -> None:
        await served.store.apply([contact(form(identities=(identity(OTHER),), reference=number(1)))])
        for answer in (
            await desk.post(path(participant, "identities/link"), written()),
            (await desk.browser.post(f"/console{path(participant, 'identities/link')}", data=written())).text,
        ):
            assert "(identity_taken)" in answer
            assert 'id="identity-link" open' in answer
            assert f'autocomplete="off" value="{OTHER}"' in answer
            assert 'value="Ditelepon &lt;balik&gt;"' in answer

    @pytest.mark.parametrize(("kind", "code"), [("phone", "invalid_phone_number"), ("email", "invalid_email_address")])
    async def test_what_is_none_is_told(self, desk: AtDesk, participant: str, kind: str, code: str) -> None:
        assert f"({code})" in await desk.post(path(participant, "identities/link"), written("siti", kind=kind))

    async def test_not_without_a_reason(self, desk: AtDesk, participant: str) -> None:
        answer = await desk.browser.post(f"/console{path(participant, 'identities/link')}", data=written(reason=" "))
        assert answer.status_code == 422


class TestUnlink:
    async def test_with_a_reason(self, desk: AtDesk, served: Served, participant: str) -> None:
        assert path(participant, "identities/unlink") in await desk.page(f"/cases/{number(0)}")
        panel = await desk.post(path(participant, "identities/unlink"), written(PHONE, reason="Nomor dijual"))
        assert "identities/unlink" not in panel
        assert "Telepon bukan milik peserta (Nomor dijual)" in await desk.page(f"/cases/{number(0)}")

    async def test_only_what_was_proven_can_be_taken_away(self, desk: AtDesk, served: Served) -> None:
        await served.store.apply([contact(message(identities=(claimed(),), reference=number(0)))])
        assert "identities/unlink" not in await desk.page(f"/cases/{number(0)}")

    async def test_refused_is_told(self, desk: AtDesk, participant: str) -> None:
        assert "(identity_not_linked)" in await desk.post(path(participant, "identities/unlink"), written())


class TestUnmerge:
    async def test_with_a_reason(self, desk: AtDesk, served: Served, participant: str) -> None:
        await served.store.apply([contact(form(identities=(claimed(PHONE),), reference=number(1)))])
        other = (await served.desk.cases.case(number(1))).participant_id
        panel = await desk.post(path(participant, f"suggestions/{other}/accept"))
        assert f'id="unmerge-{other}"' in panel
        await desk.post(path(other, "unmerge"), {"reason": "Kakaknya"})
        assert "Ternyata dua orang berbeda (Kakaknya)" in await desk.page(f"/cases/{number(0)}")
