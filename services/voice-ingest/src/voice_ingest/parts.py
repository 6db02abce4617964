"""The parts of voice-ingest that belong together; `main` puts them into a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from kawal.case_numbers.leases import LeasedNumbers, lease_client
from kawal.spool import Spool, SpoolDrain, SpoolLimits
from voice_ingest.adapters.twilio import rest
from voice_ingest.adapters.twilio.rest import TwilioRest
from voice_ingest.emulator.switchboard import NetworkSettings
from voice_ingest.settings import NAME, Settings
from voice_ingest.store.intake import Intake
from voice_ingest.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Durable:
    """What an inbound call needs, all of it on this replica's own disk. `accepted` is set for each voicemail."""

    spool: Spool
    drain: SpoolDrain
    journal: Journal
    numbers: LeasedNumbers
    intake: Intake
    accepted: asyncio.Event


@asynccontextmanager
async def durable(settings: Settings) -> AsyncIterator[Durable]:
    async with AsyncExitStack() as stack:
        limits = SpoolLimits(settings.spool_max_rows, settings.spool_max_bytes, settings.spool_retention_s)
        spool = await Spool.open(settings.spool_path(NAME), limits=limits)
        stack.push_async_callback(spool.close)
        journal = Journal(settings.journal_path)
        stack.push_async_callback(journal.close)
        token = settings.service_token.get_secret_value()
        client = lease_client(ticket_core_url=settings.ticket_core_url, service_token=token)
        numbers = LeasedNumbers(spool, client=await stack.enter_async_context(client))
        accepted = asyncio.Event()
        yield Durable(
            spool=spool,
            drain=SpoolDrain(spool, bootstrap_servers=settings.kafka),
            journal=journal,
            numbers=numbers,
            intake=Intake(spool=spool, journal=journal, numbers=numbers, wake=accepted.set),
            accepted=accepted,
        )


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
