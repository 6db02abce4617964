"""ticket-core without Kafka, on a free port of this machine."""

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import SPACE
from kawal.service import Parts, Service, running
from kawal.vault import Vault
from ticket_core.adapters.programme import with_programme
from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.adapters.vocabulary import Vocabulary
from ticket_core.adapters.webhook_sender import WebhookSender
from ticket_core.api.app import create_api
from ticket_core.api.auth import Gatekeeper
from ticket_core.api.desk import Desk
from ticket_core.api.staffing import Staffing
from ticket_core.batcher import Batcher
from ticket_core.console.wiring import add_console
from ticket_core.domain.sla import SlaPolicies
from ticket_core.live import LiveFeed
from ticket_core.macro_shelf import MacroShelf
from ticket_core.rule_rehearsal import RuleRehearsals
from ticket_core.rule_shelf import RuleShelf
from ticket_core.settings import Settings
from ticket_core.store.agents import Agents
from ticket_core.store.glimpses import Glimpses
from ticket_core.store.incidents import Incidents
from ticket_core.store.mentions import Mentions
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.once import Claims
from ticket_core.store.people import People
from ticket_core.store.queries import CaseQueries
from ticket_core.store.recordings import RecordingAccesses
from ticket_core.store.rises import Rises
from ticket_core.store.saved_views import SavedViews
from ticket_core.store.search_index import SearchIndex
from ticket_core.store.sessions import Sessions
from ticket_core.store.store import CaseStore, utc_now
from ticket_core.store.stream import CaseStream
from ticket_core.store.tags import Tags
from ticket_core.store.timeline import Timelines
from ticket_core.store.webhooks import WebhookSubscriptions

PROGRAMME = Path(__file__).parents[3] / "programme"
API_TOKEN = "the bootstrap token"
SERVICE_TOKEN = "the token of the edges"
TLS = ssl.create_default_context()
"""One for all clients: each would read all root certificates for itself."""
PATIENCE_S = 30
"""For an answer, on a busy machine."""
VAULT_KEY = base64.urlsafe_b64encode(b"v" * 32).decode()


def settings(*, dsn: str, state: Path, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "postgres_dsn": dsn,
        "kafka": "127.0.0.1:9",
        "state": state,
        "service_token": SERVICE_TOKEN,
        "case_number_key": "a key for tests of numbers",
        "vault_key": VAULT_KEY,
        "programme_dir": PROGRAMME,
        "api_token_hash": hashlib.sha256(API_TOKEN.encode()).hexdigest(),
    }
    return Settings(**values | changes)


@dataclass(frozen=True, slots=True)
class Served:
    """`client` speaks to the service with the bootstrap token, `anyone` without; `index` is moved on by the test."""

    client: httpx.AsyncClient
    anyone: httpx.AsyncClient
    store: CaseStore
    desk: Desk
    stream: CaseStream
    index: SearchIndex
    url: str


@asynccontextmanager
async def serving(engine: AsyncEngine, chosen: Settings, *, sla: SlaPolicies | None = None) -> AsyncIterator[Served]:
    """Without `sla` nothing is promised: what comes at the factories' `NOW` would be overdue at once."""
    stream = CaseStream(engine)
    live = LiveFeed(stream)
    numbers = CaseNumbers(engine, space=SPACE)
    policy = replace(with_programme(chosen.policy, programme=PROGRAMME), sla=sla or SlaPolicies())
    store = CaseStore(engine, numbers=numbers, policy=policy, committed=live.wake)
    sessions = Sessions(engine)
    desk = Desk(
        batcher=Batcher(store.apply),
        claims=Claims(engine),
        cases=CaseQueries(engine),
        timelines=Timelines(engine),
        people=People(engine),
        mentions=Mentions(engine),
        incidents=Incidents(engine),
        rises=Rises(engine),
        agents=Agents(engine),
        views=SavedViews(engine),
        webhooks=WebhookSubscriptions(engine, vault_key=chosen.vault_key),
        webhook_sender=WebhookSender(networks=chosen.webhook_networks, tls=TLS),
        sessions=sessions,
        numbers=numbers,
        live=live,
        vault=Vault(chosen.vault_path, key=SecretStr(VAULT_KEY)),
        accesses=RecordingAccesses(engine),
        gatekeeper=Gatekeeper(sessions, bootstrap_hash=chosen.api_token_hash),
        staffing=Staffing.of(engine, RoutingFile.load(PROGRAMME)),
        macros=MacroShelf.load(PROGRAMME, engine),
        rules=RuleShelf.load(PROGRAMME, engine),
        rehearsals=RuleRehearsals(engine, policy=policy),
        vocabulary=Vocabulary.load(PROGRAMME),
        tags=Tags(engine),
        glimpses=Glimpses(engine),
        clock=utc_now,
    )

    @asynccontextmanager
    async def opened() -> AsyncIterator[Parts]:
        app = create_api(chosen, desk)
        add_console(app, desk, settings=chosen)
        yield Parts(app=app, tasks={"commands": desk.batcher.run, "live": live.run})

    async with running(Service("ticket-core", settings=chosen, port=0, opened=opened)) as address:
        headers = {"authorization": f"Bearer {API_TOKEN}"}
        async with (
            httpx.AsyncClient(base_url=address.url, headers=headers, verify=TLS, timeout=PATIENCE_S) as client,
            httpx.AsyncClient(base_url=address.url, verify=TLS, timeout=PATIENCE_S) as anyone,
        ):
            yield Served(client, anyone, store, desk, stream, SearchIndex(engine), address.url)
