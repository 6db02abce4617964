"""Starts the real service for tests, plays the provider to it, and looks at what leaves it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

import httpx

from kawal.contracts.envelope import Envelope
from kawal.contracts.interactions import Interaction, interaction_adapter
from kawal.contracts.topics import INTERACTIONS
from kawal.service import Service
from kawal.spool import Spool, SpoolLimits
from kawal.spool.file import decode_headers
from kawal_local.program import free_port
from voice_factories import ACCOUNT, AUTH_TOKEN, CALL, CALLER, HOTLINE, number, settings
from voice_ingest.adapters.twilio.signature import TwilioSignatures
from voice_ingest.emulator.client import phone
from voice_ingest.main import opened
from voice_ingest.settings import NAME, PORT, Settings

WEBHOOKS = "/v1/voice/twilio"
NUMBERS = 50


@dataclass
class Edge:
    """A running voice-ingest. `post` speaks as the provider does; `phone` opens a phone of the emulated one."""

    settings: Settings
    client: httpx.AsyncClient = field(repr=False)

    @property
    def url(self) -> str:
        return self.settings.voice_public_url

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """`path` may be a full URL, as it stands in TwiML. Fields replace those of an ordinary call."""
        url, sent = self._request(path, fields)
        headers = {"X-Twilio-Signature": TwilioSignatures(AUTH_TOKEN).sign(url, sent)}
        return await self.client.post(url, data=sent, headers=headers)

    async def post_unsigned(self, path: str) -> httpx.Response:
        url, sent = self._request(path, {})
        return await self.client.post(url, data=sent)

    def _request(self, path: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
        url = path if path.startswith("http") else f"{self.url}{WEBHOOKS}{path}"
        plain = {"CallSid": CALL, "AccountSid": ACCOUNT, "From": CALLER, "To": HOTLINE, "CallStatus": "in-progress"}
        return url, plain | fields

    async def twiml(self, path: str, **fields: str) -> Element:
        response = await self.post(path, **fields)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/xml")
        return fromstring(response.content)

    async def press(self, asked: Element, digits: str, **fields: str) -> Element:
        """Answer a `<Gather>`."""
        gather = asked.find("Gather")
        assert gather is not None
        return await self.twiml(gather.attrib["action"], Digits=digits, **fields)

    async def reach(self, digits: str, **fields: str) -> Element:
        """A call, and one key after the other."""
        asked = await self.twiml("/incoming", **fields)
        for digit in digits:
            asked = await self.press(asked, digit, **fields)
        return asked

    def phone(self, caller: str = CALLER) -> Any:
        return phone(self.url, caller)

    def spooled(self) -> list[tuple[Envelope, Interaction]]:
        """The interactions in the spool, oldest first, sent or not."""
        return [
            (envelope, interaction_adapter.validate_json(value)) for envelope, value in self.messages(INTERACTIONS.name)
        ]

    def messages(self, topic: str) -> list[tuple[Envelope, bytes]]:
        with closing(sqlite3.connect(self.settings.spool_path(NAME))) as spool:
            rows = spool.execute("SELECT headers, value FROM message WHERE topic = ? ORDER BY seq", (topic,)).fetchall()
        return [(Envelope.from_headers(decode_headers(headers)), value) for headers, value in rows]


def said(twiml: Element) -> str:
    return " ".join(say.text or "" for say in twiml.iter("Say"))


async def seed_numbers(chosen: Settings) -> None:
    """Case numbers that were leased before."""
    spool = await Spool.open(chosen.spool_path(NAME), limits=SpoolLimits())
    await spool.add_case_numbers([number(seed) for seed in range(1, NUMBERS + 1)])
    await spool.close()


@asynccontextmanager
async def edge(
    state: Path, *, outbound_topic: str = "nowhere", group: str = "nobody", **changes: Any
) -> AsyncIterator[Edge]:
    """The running service with its emulated provider, on a free port; drained at the end of the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    plain = {"state": state, "voice_emulator": True, "voice_public_url": url, "twilio_api_url": url}
    chosen = settings(**(plain | changes))
    if not chosen.spool_path(NAME).exists():
        await seed_numbers(chosen)
    made = partial(opened, chosen, outbound_topic=outbound_topic, group=group)
    service = Service(NAME, settings=chosen, port=PORT, opened=made)
    async with service.serving(urlsplit(chosen.voice_public_url).port or 0, 0), httpx.AsyncClient(timeout=30) as client:
        yield Edge(chosen, client)
