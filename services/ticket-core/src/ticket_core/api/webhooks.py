"""`/v1/webhooks`: who is told what happens, by signed HTTP requests. For supervisors."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from kawal.http.inputs import Line
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body
from ticket_core.api.supervisors import Supervisor
from ticket_core.domain.kinds import EntryKind
from ticket_core.store.webhooks import MOST_LISTED, DeliveryPage, WebhookView

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=problems(401, 403))


class WebhookBody(Body):
    """`kinds` are those of timeline entries; without any, all are sent. The URL must lead to a public address."""

    url: Annotated[Line, Field(min_length=1, max_length=1_000)]
    kinds: Annotated[tuple[EntryKind, ...], Field(max_length=len(EntryKind))] = ()
    description: Annotated[Line, Field(max_length=200)] = ""


class SecretBody(Body):
    """For so long the secrets before sign too; 0 ends them at once, as for one that others have seen."""

    overlap_hours: Annotated[int, Field(ge=0, le=7 * 24)] = 24


class ReplayBody(Body):
    since: AwareDatetime


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """`secret` signs what is sent. It is shown this once."""

    webhook: WebhookView
    secret: str


@dataclass(frozen=True, slots=True)
class WebhookList:
    items: list[WebhookView]
    next_cursor: str | None = None


@router.get("", response_model=WebhookList)
async def list_webhooks(desk: AtDesk, _agent: Supervisor) -> Response:
    """All of them, the oldest first."""
    return answer(WebhookList(await desk.webhooks.all()))


@router.post("", status_code=201, response_model=NewWebhook, responses=problems(409, 422))
async def add_webhook(body: WebhookBody, desk: AtDesk, agent: Supervisor) -> Response:
    """Send what happens from now on to `url`, signed as Standard Webhooks has it.

    A message is `{"type": "case.KIND", "timestamp", "data"}`: which case, which entry, never what was written. It may
    come more than once, with the same id, and in another order than it happened: `data.seq` is its place.
    """
    await desk.webhook_sender.check(body.url)
    webhook, secret = await desk.webhooks.add(
        url=body.url, kinds=_kinds(body), description=body.description, agent_id=agent.id
    )
    return answer(NewWebhook(webhook, secret), status=201)


@router.get("/{webhook_id}", response_model=WebhookView, responses=problems(404))
async def get_webhook(webhook_id: UUID, desk: AtDesk, _agent: Supervisor) -> Response:
    """One, without its secret."""
    return answer(await desk.webhooks.get(str(webhook_id)))


@router.put("/{webhook_id}", response_model=WebhookView, responses=problems(404, 422))
async def change_webhook(webhook_id: UUID, body: WebhookBody, desk: AtDesk, _agent: Supervisor) -> Response:
    """Send something else, or elsewhere; the secret stays."""
    await desk.webhook_sender.check(body.url)
    return answer(
        await desk.webhooks.change(str(webhook_id), url=body.url, kinds=_kinds(body), description=body.description)
    )


@router.delete("/{webhook_id}", status_code=204, responses=problems(404))
async def remove_webhook(webhook_id: UUID, desk: AtDesk, _agent: Supervisor) -> Response:
    """Send nothing more, and forget what was sent."""
    await desk.webhooks.remove(str(webhook_id))
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", response_model=NewWebhook, responses=problems(404))
async def replace_webhook_secret(webhook_id: UUID, body: SecretBody, desk: AtDesk, _agent: Supervisor) -> Response:
    """Sign with a new secret. While both hold, each message has a signature by either, and one is enough."""
    overlap = timedelta(hours=body.overlap_hours)
    return answer(NewWebhook(*await desk.webhooks.rotate(str(webhook_id), overlap=overlap)))


@router.post("/{webhook_id}/enable", response_model=WebhookView, responses=problems(404))
async def enable_webhook(webhook_id: UUID, desk: AtDesk, _agent: Supervisor) -> Response:
    """Go on where it stood: what happened meanwhile is sent now."""
    return answer(await desk.webhooks.enable(str(webhook_id)))


@router.post("/{webhook_id}/disable", response_model=WebhookView, responses=problems(404))
async def disable_webhook(webhook_id: UUID, desk: AtDesk, _agent: Supervisor) -> Response:
    """Send nothing until it is enabled again."""
    return answer(await desk.webhooks.disable(str(webhook_id)))


@router.post("/{webhook_id}/replay", response_model=WebhookView, responses=problems(404))
async def replay_webhook(webhook_id: UUID, body: ReplayBody, desk: AtDesk, _agent: Supervisor) -> Response:
    """Send again, with the same ids, what happened since then: to the minute for 30 days, before that all there is."""
    return answer(await desk.webhooks.replay(str(webhook_id), since=body.since))


@router.get("/{webhook_id}/deliveries", response_model=DeliveryPage, responses=problems(400, 404))
async def list_webhook_deliveries(
    webhook_id: UUID,
    desk: AtDesk,
    _agent: Supervisor,
    *,
    state: Annotated[Literal["pending", "delivered", "failed"] | None, Query(description="Only these")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 25,
) -> Response:
    """What was sent in the last 30 days, or waits to be, the latest first."""
    return answer(await desk.webhooks.deliveries(str(webhook_id), state=state, cursor=cursor, limit=limit))


def _kinds(body: WebhookBody) -> list[str]:
    return sorted(set(body.kinds))
