"""Typing somebody's number makes nobody that person."""

import pytest
from playwright.async_api import expect

from e2e.drivers.console import Console
from e2e.drivers.people import identity_token, new_participant
from e2e.drivers.visits import PHONE, Visit
from e2e.drivers.widget import Widget
from kawal import case_numbers
from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

SECRET = "NIK saya dipakai orang lain, tolong rahasiakan."
STRANGERS = "Saya mau tanya jadwal gelombang berikutnya."


class TestTypedNumber:
    async def test_has_a_case_of_his_own_and_the_agent_is_told(
        self, stack: StackProcess, visit: Visit, console: Console
    ) -> None:
        owner = new_participant()
        async with visit(PHONE) as first, visit(PHONE) as second:
            known, stranger = Widget(first), Widget(second)
            await known.visit(stack.url("chat-ingest"))
            await known.open_signed_in(identity_token(owner, stack.facts["host_site"]))
            await known.say(SECRET)
            await stranger.visit(stack.url("chat-ingest"))
            await stranger.open_as_guest(Nama="Budi Santoso", Nomor_HP=owner.phone)
            await stranger.say(STRANGERS)
            numbers = [await known.case_number(), await stranger.case_number()]
            assert numbers[0] != numbers[1]
            await self.agent_sees_two(console, numbers, owner_name=owner.name)
            await console.answer("Gelombang berikutnya dibuka hari Senin.")
            await stranger.hear("Gelombang berikutnya dibuka hari Senin.", author="agent")
            assert SECRET not in " ".join(await stranger.texts())
            assert "Gelombang berikutnya" not in " ".join(await known.texts())

    async def agent_sees_two(self, console: Console, numbers: list[str], *, owner_name: str) -> None:
        """Each case has its own story; the stranger's says who else has that number."""
        await console.open_case(numbers[0])
        await expect(console.entry(SECRET)).to_have_count(1)
        await expect(console.entry(STRANGERS)).to_have_count(0)
        await console.open_case(numbers[1])
        await expect(console.entry(STRANGERS)).to_have_count(1)
        await expect(console.entry(SECRET)).to_have_count(0)
        await expect(console.suggestions).to_have_count(1)
        await expect(console.suggestions).to_contain_text(owner_name)
        await expect(console.suggestions).to_contain_text(case_numbers.display(numbers[0]))
