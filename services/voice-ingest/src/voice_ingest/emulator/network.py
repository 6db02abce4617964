"""The emulated provider, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from kawal.http import App
from kawal.pages import Pages, mount_assets
from kawal.service import Task
from voice_ingest.adapters.twilio.signature import TwilioSignatures
from voice_ingest.emulator import page, phones, rest
from voice_ingest.emulator.ledger import Ledger
from voice_ingest.emulator.switchboard import NetworkSettings, Switchboard
from voice_ingest.emulator.webhooks import Webhooks

PAGES = Path(__file__).with_name("pages")


@asynccontextmanager
async def opened(app: App, *, settings: NetworkSettings, auth_token: str, path: Path) -> AsyncIterator[Task]:
    """Add the phone page, its socket and the provider's API to `app`; yields what has to run for them."""
    ledger = Ledger(path)
    async with httpx.AsyncClient() as client:
        webhooks = Webhooks(client, signatures=TwilioSignatures(auth_token), account_sid=settings.account_sid)
        switchboard = Switchboard(settings, ledger=ledger, webhooks=webhooks)
        pages = Pages(PAGES, assets=mount_assets(app, PAGES / "static"))
        app.include_router(page.router(pages, hotline=settings.number))
        app.include_router(phones.router(switchboard))
        app.include_router(rest.router(switchboard, auth_token=auth_token))
        try:
            yield switchboard.run
        finally:
            await ledger.close()
