"""Webhooks: who is told what happens, what became of each message, and what can be done about it. For supervisors."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ticket_core.console.navigation import surroundings
from ticket_core.console.rendering import AtConsole, Console
from ticket_core.console.rule_pages import Supervisor
from ticket_core.domain.case import Agent

DELIVERIES = 25
STATES = ("pending", "delivered", "failed")
OVERLAPS = ("0", "1", "24", "72", "168")
"""Hours in which the secret before signs, too."""
BEFORE = ("1", "6", "24", "72", "168", "720")
"""Hours from which on what happened is sent again; there is no record to the minute of what was earlier."""

router = APIRouter(prefix="/console/webhooks", include_in_schema=False)


class AtWebhooks:
    """The webhooks' pages, and who looks at them."""

    def __init__(self, request: Request, console: AtConsole, agent: Supervisor) -> None:
        self.request = request
        self.console: Console = console
        self.agent: Agent = agent
        self.webhooks = console.desk.webhooks

    async def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        around = await surroundings(self.console, self.agent, here="webhooks")
        return self.console.response(self.request, template, status=status, **around | context)


Here = Annotated[AtWebhooks, Depends(AtWebhooks)]
DeliveryState = Annotated[Literal["", "pending", "delivered", "failed"], Query()]
Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def webhooks_page(here: Here) -> Response:
    """All of them, the oldest first."""
    return await here.page("webhooks.html", webhooks=await here.webhooks.all())


@router.get("/{webhook_id}")
async def webhook_page(here: Here, webhook_id: UUID, state: DeliveryState = "", cursor: Cursor = None) -> Response:
    """One, and what was sent to it lately."""
    webhook = await here.webhooks.get(str(webhook_id))
    sent = await here.webhooks.deliveries(str(webhook_id), state=state or None, cursor=cursor, limit=DELIVERIES)
    return await here.page(
        "webhook.html",
        webhook=webhook,
        sent=sent,
        state=state,
        cursor=cursor,
        states=STATES,
        overlaps=OVERLAPS,
        before=BEFORE,
    )


@router.post("/{webhook_id}/secret")
async def replace_secret(
    here: Here, webhook_id: UUID, overlap: Annotated[Literal["0", "1", "24", "72", "168"], Form()] = "24"
) -> Response:
    """The answer is the only place where the new one is ever shown."""
    webhook, secret = await here.webhooks.rotate(str(webhook_id), overlap=timedelta(hours=int(overlap)))
    return await here.page("webhook_secret.html", webhook=webhook, secret=secret, overlap=int(overlap))


@router.post("/{webhook_id}/enable")
async def enable(here: Here, webhook_id: UUID) -> Response:
    await here.webhooks.enable(str(webhook_id))
    return to(f"/{webhook_id}")


@router.post("/{webhook_id}/disable")
async def disable(here: Here, webhook_id: UUID) -> Response:
    await here.webhooks.disable(str(webhook_id))
    return to(f"/{webhook_id}")


@router.post("/{webhook_id}/replay")
async def replay(
    here: Here, webhook_id: UUID, hours: Annotated[Literal["1", "6", "24", "72", "168", "720"], Form()]
) -> Response:
    """Send again what happened in the last hours."""
    since = here.console.clock() - timedelta(hours=int(hours))
    await here.webhooks.replay(str(webhook_id), since=since)
    return to(f"/{webhook_id}")


@router.post("/{webhook_id}/remove")
async def remove(here: Here, webhook_id: UUID) -> Response:
    await here.webhooks.remove(str(webhook_id))
    return to("")


def to(path: str) -> Response:
    return RedirectResponse(f"/console/webhooks{path}", status_code=303)
