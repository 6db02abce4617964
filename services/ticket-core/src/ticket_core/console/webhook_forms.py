"""Where supervisors say to whom what happens is told."""

from dataclasses import asdict, dataclass
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from kawal.errors import KawalError
from ticket_core.api.webhooks import WebhookBody
from ticket_core.console.webhook_pages import AtWebhooks, Here, to
from ticket_core.domain.kinds import EntryKind

USUAL_KINDS = (
    EntryKind.OPENED, EntryKind.MESSAGE, EntryKind.FORM, EntryKind.VOICEMAIL, EntryKind.CALLBACK, EntryKind.STATE,
    EntryKind.ASSIGNED, EntryKind.TOPIC, EntryKind.PRIORITY, EntryKind.SLA_WARNED, EntryKind.SLA_BREACHED,
)  # fmt: skip
OTHER_KINDS = tuple(kind for kind in EntryKind if kind not in USUAL_KINDS)

router = APIRouter(prefix="/console/webhooks", include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the form, whatever it is."""

    url: str = ""
    description: str = ""
    kinds: tuple[str, ...] = ()

    def checked(self) -> WebhookBody | None:
        """None: it cannot be meant."""
        try:
            return WebhookBody.model_validate(asdict(self))
        except ValidationError:
            return None


@router.get("/new")
async def new_page(here: Here) -> Response:
    return await _form(here, Draft(), action="")


@router.get("/{webhook_id}/edit")
async def edit_page(here: Here, webhook_id: UUID) -> Response:
    webhook = await here.webhooks.get(str(webhook_id))
    draft = Draft(url=webhook.url, description=webhook.description, kinds=tuple(webhook.kinds))
    return await _form(here, draft, action=f"/{webhook_id}")


@router.post("")
async def add(here: Here) -> Response:
    """The answer is the only place where its secret is ever shown."""
    draft = _draft(await here.request.form())
    body = draft.checked()
    if body is None:
        return await _form(here, draft, action="", problem="invalid_webhook")
    try:
        await here.console.desk.webhook_sender.check(body.url)
        webhook, secret = await here.webhooks.add(
            url=body.url, kinds=_kinds(body), description=body.description, agent_id=here.agent.id
        )
    except KawalError as refused:
        return await _form(here, draft, action="", problem=refused.code)
    return await here.page("webhook_secret.html", webhook=webhook, secret=secret, overlap=None)


@router.post("/{webhook_id}")
async def change(here: Here, webhook_id: UUID) -> Response:
    """The secret stays."""
    draft = _draft(await here.request.form())
    body = draft.checked()
    if body is None:
        return await _form(here, draft, action=f"/{webhook_id}", problem="invalid_webhook")
    try:
        await here.console.desk.webhook_sender.check(body.url)
    except KawalError as refused:
        return await _form(here, draft, action=f"/{webhook_id}", problem=refused.code)
    await here.webhooks.change(str(webhook_id), url=body.url, kinds=_kinds(body), description=body.description)
    return to(f"/{webhook_id}")


def _kinds(body: WebhookBody) -> list[str]:
    return sorted(set(body.kinds))


def _draft(form: FormData) -> Draft:
    kinds = tuple(str(kind) for kind in form.getlist("kinds"))
    return Draft(url=str(form.get("url", "")), description=str(form.get("description", "")), kinds=kinds)


async def _form(here: AtWebhooks, draft: Draft, *, action: str, problem: str | None = None) -> Response:
    return await here.page(
        "webhook_edit.html",
        draft=draft,
        action=action,
        problem=problem,
        usual_kinds=USUAL_KINDS,
        other_kinds=OTHER_KINDS,
    )
