"""The parts of voice-ingest that belong together; `main` puts them into a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from kawal import edge
from kawal.edge import Accepting
from voice_ingest.adapters.twilio import rest
from voice_ingest.adapters.twilio.rest import TwilioRest
from voice_ingest.emulator.switchboard import NetworkSettings
from voice_ingest.settings import NAME, Settings
from voice_ingest.store.intake import Intake
from voice_ingest.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Durable:
    """What an inbound call needs, all of it on this replica's own disk. `accepted` is set for each voicemail."""

    accepting: Accepting
    journal: Journal
    intake: Intake
    accepted: asyncio.Event


@asynccontextmanager
async def durable(settings: Settings) -> AsyncIterator[Durable]:
    async with AsyncExitStack() as stack:
        accepting = await stack.enter_async_context(edge.accepting(settings, service=NAME))
        journal = Journal(settings.journal_path)
        stack.push_async_callback(journal.close)
        accepted = asyncio.Event()
        intake = Intake(spool=accepting.spool, journal=journal, numbers=accepting.numbers, wake=accepted.set)
        yield Durable(accepting=accepting, journal=journal, intake=intake, accepted=accepted)


@asynccontextmanager
async def provider(settings: Settings) -> AsyncIterator[TwilioRest]:
    client = rest.client(
        api_url=settings.twilio_api_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
    )
    async with client:
        yield TwilioRest(client, account_sid=settings.twilio_account_sid, number=settings.twilio_number)


def network_settings(settings: Settings) -> NetworkSettings:
    return NetworkSettings(
        account_sid=settings.twilio_account_sid,
        number=settings.twilio_number,
        public_url=settings.voice_public_url,
        api_url=settings.twilio_api_url,
        max_ring_s=settings.voice_ring_s,
        recording_delay=timedelta(seconds=settings.voice_recording_delay_s),
    )
