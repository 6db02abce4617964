"""`/v1/status`: the conversation behind a status link."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StrictStr

from kawal.contracts.words import Author, Channel, Locale
from kawal.http import IdempotencyKey
from webform_ingest.api.site import Site
from webform_ingest.domain.history import Entry, History
from webform_ingest.domain.intake import Acceptance
from webform_ingest.domain.proofs import StatusPage, read_status_token
from webform_ingest.domain.submissions import MESSAGE_MAX_LENGTH
from webform_ingest.domain.validation import InvalidText, Problem, clean

After = Annotated[int, Query(ge=0, le=2**31 - 1)]


class NewMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: StrictStr
    locale: Locale = Locale.INDONESIAN


def router(site: Site) -> APIRouter:
    routes = APIRouter(prefix="/v1/status")

    @routes.get("/{token}")
    async def show_status(token: str, request: Request, after: After = 0) -> JSONResponse:
        """The entries above `after` in order, and what is accepted but not numbered yet."""
        page = opened(token, site, request=request)
        history = await site.reading.read(page.conversation_id, after=after, now=site.now())
        return JSONResponse(_as_json(history))

    @routes.post("/{token}/messages", status_code=202)
    async def add_message(token: str, message: NewMessage, key: IdempotencyKey, request: Request) -> JSONResponse:
        """Accepted means durable. The same key with the same text gets the same answer."""
        page = opened(token, site, request=request)
        site.limits.form_posts.take(request.scope)
        received = await site.intake.add_message(
            cleaned(message.text),
            page=page,
            idempotency_key=key,
            locale=message.locale,
            now=site.now(),
        )
        return JSONResponse({"client_id": received.client_id}, status_code=202)

    return routes


def opened(token: str, site: Site, *, request: Request) -> StatusPage:
    """The page a token opens.

    Raises:
        InvalidLink: 404.
        TooManyRequests: too many that were none, from this address.
    """
    return site.open_link(request, lambda: read_status_token(token, key=site.link_key, now=site.now()))


def cleaned(text: str) -> str:
    """What was written into the box.

    Raises:
        InvalidText: empty, too long, or with control characters.
    """
    kept = clean(text, max_length=MESSAGE_MAX_LENGTH, lines=True)
    if not kept:
        raise InvalidText(Problem.REQUIRED)
    return kept


def _as_json(history: History) -> dict[str, Any]:
    return {
        "reference": history.reference,
        "case_number": history.case_number,
        "items": [_entry(entry) for entry in history.entries],
        "pending": [_pending(acceptance) for acceptance in history.pending],
        "next_cursor": str(history.last_seq) if history.more else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    message = entry.message
    return {
        "seq": message.seq,
        "kind": message.kind,
        "id": message.message_id,
        "at": message.at.isoformat(),
        "channel": Channel.WEB,
        "conversation_id": message.conversation_id,
        "author": message.author,
        "name": message.author_name,
        "text": message.text,
        "client_id": message.client_id,
    }


def _pending(acceptance: Acceptance) -> dict[str, Any]:
    return {
        "client_id": acceptance.client_id,
        "at": acceptance.at.isoformat(),
        "author": Author.PARTICIPANT,
        "text": acceptance.text,
    }
