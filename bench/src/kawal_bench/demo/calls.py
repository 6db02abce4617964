"""Somebody calls the hotline, and is called back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kawal.contracts.words import Locale
from kawal_bench.conversations import Contact
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.running import RunningStack
from kawal_bench.demo.telling import Tell
from kawal_bench.demo.visitors import Visitors
from voice_ingest.emulator.client import Phone, beep, phone

LANGUAGE_KEYS = {Locale.INDONESIAN: "1", Locale.ENGLISH: "2"}
SKIP_PROOF, LEAVE_MESSAGE, BE_CALLED_BACK = "#", "1", "2"
LEAVES_MESSAGE = 0.6
SUBJECT = "subject"
ANY_NUMBER = r"[0-9]"
MESSAGE_S = 4.0
STAYS_S = 90.0


@dataclass(frozen=True, slots=True)
class Menus:
    """The menus of `programme/ivr/hotline.yaml`, as far as a caller needs them."""

    steps: dict[str, Any]

    @classmethod
    def load(cls, programme: Path) -> "Menus":
        text = (programme / "ivr" / "hotline.yaml").read_text(encoding="utf-8")
        return cls(yaml.safe_load(text)["steps"])

    def keys_to(self, topic: str, *, step: str = SUBJECT, seen: frozenset[str] = frozenset()) -> Sequence[str]:
        """The keys that lead from the first menu to `topic`; "something else" where no key does."""
        return self._search(topic, step, seen) or ["0"]

    def _search(self, topic: str, step: str, seen: frozenset[str]) -> list[str] | None:
        options = self.steps[step].get("options", {}) if step not in seen else {}
        for key, option in options.items():
            if option.get("topic") == topic:
                return [key]
            if (behind := self._search(topic, option["next"], seen | {step})) is not None:
                return [key, *behind]
        return None


@dataclass(frozen=True, slots=True)
class Calls:
    """The hotline's door; it needs the emulated provider, as `make run` has it."""

    stack: RunningStack
    menus: Menus
    pace: Pace
    tell: Tell
    visitors: Visitors

    async def visit(self, contact: Contact) -> None:
        person = contact.person
        self.visitors.phones.add(person.phone)
        async with phone(self.stack.url("voice-ingest"), person.phone) as caller:
            self.tell("call", person.name, f"calls the hotline about {contact.topic}")
            await caller.call()
            for key in (LANGUAGE_KEYS[person.locale], *self.menus.keys_to(contact.topic), SKIP_PROOF):
                await self._press(caller, key)
            await self._say(caller, contact)
            await caller.hear(ANY_NUMBER)
            await caller.hang_up()
            await self._be_called_back(caller, contact)

    async def _say(self, caller: Phone, contact: Contact) -> None:
        if self.pace.chance(LEAVES_MESSAGE):
            await self._press(caller, LEAVE_MESSAGE)
            await caller.record(beep(MESSAGE_S), duration_s=MESSAGE_S)
            self.tell("call", contact.person.name, "leaves a message")
        else:
            await self._press(caller, BE_CALLED_BACK)
            self.tell("call", contact.person.name, "asks to be called back")

    async def _press(self, caller: Phone, key: str) -> None:
        await self.pace.listening()
        await caller.press(key)

    async def _be_called_back(self, caller: Phone, contact: Contact) -> None:
        try:
            await caller.wait_for_ring(within_s=STAYS_S)
        except TimeoutError:
            return
        await caller.answer()
        self.tell("call", contact.person.name, "is called back and hears the answer")
        await caller.wait_for_end(within_s=STAYS_S)
