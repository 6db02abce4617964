"""`/status/{token}`: what became of it, and a box to answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from kawal.http.address_limits import TooManyRequests
from kawal.spool import IdempotencyConflict, SpoolFull, SpoolUnavailable
from webform_ingest.api.status import After, cleaned, opened
from webform_ingest.domain.history import PAGE_LENGTH, HistoryUnavailable
from webform_ingest.domain.submissions import MESSAGE_MAX_LENGTH
from webform_ingest.domain.validation import FieldError, InvalidText
from webform_ingest.pages import language
from webform_ingest.pages.bodies import read_form
from webform_ingest.pages.forms import new_key, valid_key
from webform_ingest.pages.rendering import Views

MESSAGE = "message"


def router(views: Views) -> APIRouter:
    site = views.site
    routes = APIRouter(prefix="/status")

    @routes.get("/{token}")
    async def show_status(
        token: str,
        request: Request,
        after: After = 0,
        sent: Annotated[bool, Query()] = False,  # noqa: FBT002
    ) -> Response:
        return await _page(views, request, token, after=after, notice="status_sent" if sent else None)

    @routes.post("/{token}")
    async def post_message(token: str, request: Request) -> Response:
        page = opened(token, site, request=request)
        fields = await read_form(request)
        key, text = valid_key(fields), fields.get(MESSAGE, "")
        locale = language.chosen(request)
        try:
            site.limits.form_posts.take(request.scope)
            await site.intake.add_message(cleaned(text), page=page, idempotency_key=key, locale=locale, now=site.now())
        except InvalidText as invalid:
            error = FieldError(MESSAGE, invalid.problem, invalid.limit)
            return await _page(views, request, token, status=422, key=key, text=text, error=error)
        except IdempotencyConflict:
            return await _page(views, request, token, status=409, text=text, notice="status_known")
        except (SpoolFull, SpoolUnavailable, TooManyRequests) as full:
            response = await _page(views, request, token, status=full.status, key=key, text=text, notice="status_busy")
            response.headers["retry-after"] = str(full.retry_after_s)
            return response
        return RedirectResponse(f"/status/{token}?sent=1", status_code=303)

    return routes


async def _page(
    views: Views, request: Request, token: str, *, status: int = 200, after: int = 0, **shown: Any
) -> Response:
    site = views.site
    page = opened(token, site, request=request)
    away = False
    try:
        history = await site.reading.read(page.conversation_id, after=after, now=site.now())
    except HistoryUnavailable:
        away, history = True, site.reading.histories.accepted_here(page.conversation_id)
    return views.show(
        request,
        "status.html",
        status=status,
        token=token,
        history=history,
        away=away,
        after=after,
        before=max(0, after - PAGE_LENGTH),
        max_length=MESSAGE_MAX_LENGTH,
        **({"key": new_key(), "text": "", "error": None} | shown),
    )
