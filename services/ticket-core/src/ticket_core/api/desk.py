"""What the handlers, and the console's, work with; made once, in `main`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from kawal.vault import Vault
from ticket_core.adapters.vocabulary import Vocabulary
from ticket_core.adapters.webhook_sender import WebhookSender
from ticket_core.api.auth import Gatekeeper
from ticket_core.api.staffing import Staffing
from ticket_core.batcher import Batcher
from ticket_core.live import LiveFeed
from ticket_core.macro_shelf import MacroShelf
from ticket_core.rule_rehearsal import RuleRehearsals
from ticket_core.rule_shelf import RuleShelf
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
from ticket_core.store.sessions import Sessions
from ticket_core.store.tags import Tags
from ticket_core.store.timeline import Timelines
from ticket_core.store.webhooks import WebhookSubscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """In `app.state.desk`; a handler asks for it by the parameter `desk: Annotated[Desk, Depends(desk_of)]`."""

    batcher: Batcher
    claims: Claims
    cases: CaseQueries
    timelines: Timelines
    people: People
    mentions: Mentions
    incidents: Incidents
    rises: Rises
    agents: Agents
    views: SavedViews
    webhooks: WebhookSubscriptions
    webhook_sender: WebhookSender
    sessions: Sessions
    numbers: CaseNumbers
    live: LiveFeed
    vault: Vault
    accesses: RecordingAccesses
    gatekeeper: Gatekeeper
    staffing: Staffing
    rules: RuleShelf
    macros: MacroShelf
    rehearsals: RuleRehearsals
    vocabulary: Vocabulary
    tags: Tags
    glimpses: Glimpses
    clock: Callable[[], datetime]


async def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk
