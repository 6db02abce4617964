"""`/v1/forms`: what a form wants, and sending it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse

from kawal.contracts.words import Locale
from kawal.http import IdempotencyKey
from webform_ingest.api import sessions
from webform_ingest.api.site import Site
from webform_ingest.domain.schema import json_schema
from webform_ingest.domain.validation import validate

SCHEMA_MEDIA_TYPE = "application/schema+json"


def router(site: Site) -> APIRouter:
    routes = APIRouter(prefix="/v1/forms")

    @routes.get("/{form}")
    async def show_form(form: str, locale: Locale = Locale.INDONESIAN) -> JSONResponse:
        """The JSON Schema of a submission, in the words of `locale`."""
        schema = json_schema(site.form(form), topics=site.topics, locale=locale)
        return JSONResponse(schema, media_type=SCHEMA_MEDIA_TYPE)

    @routes.post("/{form}/submissions", status_code=202)
    async def submit(
        form: str, submission: Annotated[dict[str, Any], Body()], key: IdempotencyKey, request: Request
    ) -> JSONResponse:
        """Accepted means durable. The same key with the same body gets the same answer."""
        site.limits.form_posts.take(request.scope)
        answered = validate(site.form(form), submission, topics=site.topics)
        email = sessions.proven_email(request, site)
        receipt = await site.intake.submit(form, answered, idempotency_key=key, proven_email=email, now=site.now())
        status_url = f"{site.web_url}/status/{receipt.status_token}"
        return JSONResponse({"reference": receipt.reference, "status_url": status_url}, status_code=202)

    return routes
