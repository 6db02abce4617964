"""Somebody chats: signed in at the host site, anonymous, or with a phone number typed in."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from kawal.contracts.words import Locale
from kawal_bench.clients.chat import ChatClient, Frame, open_session
from kawal_bench.conversations import Contact
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.running import RunningStack
from kawal_bench.demo.telling import Tell
from kawal_bench.demo.visitors import Visitors

SIGNED_IN, TYPED_PHONE = 0.35, 0.35
TOKEN_LIFETIME_S = 3_600
STAYS_S = 60.0
THANKS = {Locale.INDONESIAN: "Baik, terima kasih banyak ya", Locale.ENGLISH: "Thank you very much"}


@dataclass(frozen=True, slots=True)
class Chats:
    """The chat's door."""

    stack: RunningStack
    http: httpx.AsyncClient
    pace: Pace
    tell: Tell
    visitors: Visitors

    async def visit(self, contact: Contact) -> None:
        """Write what there is to say, wait a while for an answer, and thank for it."""
        how, claims = self._introduction(contact)
        token, conversation = await open_session(self.http, locale=contact.person.locale, **claims)
        self.visitors.conversations.add(conversation)
        name = contact.person.name
        self.tell("chat", name, f"opens a chat ({how})")
        url = f"{self.stack.url('chat-ingest').replace('http', 'ws', 1)}/v1/chat/ws"
        async with ChatClient(url, token, on_message=lambda frame: self._heard(name, frame)) as window:
            for line in contact.lines:
                await self.pace.typing(line)
                await window.say(line)
                self.tell("chat", name, f"“{line}”")
            await self._wait_for_answer(contact, window)

    async def _wait_for_answer(self, contact: Contact, window: ChatClient) -> None:
        try:
            await window.until(lambda: any(_is_answer(frame) for frame in window.messages), within_s=STAYS_S)
        except TimeoutError:
            self.tell("chat", contact.person.name, "closes the window")
            return
        thanks = THANKS[contact.person.locale]
        await self.pace.typing(thanks)
        await window.say(thanks)
        self.tell("chat", contact.person.name, f"“{thanks}”")

    def _heard(self, name: str, frame: Frame) -> None:
        if _is_answer(frame):
            self.tell("chat", name, f"reads: “{frame['text']}”")

    def _introduction(self, contact: Contact) -> tuple[str, dict[str, str]]:
        person, chance = contact.person, self.pace.rng.random()
        if chance < SIGNED_IN:
            return "signed in on the host site", {"identity_token": self._identity_token(contact)}
        if chance < SIGNED_IN + TYPED_PHONE:
            return "types a phone number", {"name": person.name, "phone": person.phone}
        return "anonymous", {}

    def _identity_token(self, contact: Contact) -> str:
        key, audience = self.stack.host_site
        person, now = contact.person, int(time.time())
        claims: dict[str, Any] = {
            "sub": person.number,
            "name": person.name,
            "email": person.email,
            "phone_number": person.phone,
            "aud": audience,
            "exp": now + TOKEN_LIFETIME_S,
            "jti": json.dumps([person.number, now, self.pace.rng.random()]),
        }
        return jwt.encode(claims, key, algorithm="HS256")


def _is_answer(frame: Frame) -> bool:
    return bool(frame["author"] == "agent")
