"""`/forms/{form}`: the form as a page."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from kawal.contracts.words import Locale
from kawal.http.address_limits import TooManyRequests
from kawal.identities import InvalidEmailAddress, normalise_email
from kawal.spool import IdempotencyConflict, SpoolFull, SpoolUnavailable
from webform_ingest.api import sessions
from webform_ingest.domain.definitions import LOCALE, Form
from webform_ingest.domain.proofs import SignIn, read_receipt_token, receipt_token
from webform_ingest.domain.sign_in import MailUnavailable
from webform_ingest.domain.validation import FieldError, InvalidSubmission, validate
from webform_ingest.pages import language
from webform_ingest.pages.bodies import UnreadableForm, read_form
from webform_ingest.pages.rendering import Views

KEY, ACTION = "idempotency_key", "action"
KEY_LENGTH = range(8, 129)
# Going back must show what was typed, with the same hidden key: so the page may be kept, but not by others.
KEEP = {"cache-control": "private, max-age=0"}


@dataclass(slots=True)
class Filled:
    """A form as it was posted: what was typed, and what is hidden."""

    form: Form
    locale: Locale
    key: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def idempotency_key(self) -> str:
        """The hidden key in a space of its own: no key that a program chose for `/v1/forms` can be met from a page."""
        return f"page/{self.key}"

    def submission(self) -> dict[str, object]:
        """What was typed, as the JSON door would get it."""
        typed: dict[str, object] = dict(self.values)
        for definition in self.form.fields:
            if definition.type == "checkbox":
                typed[definition.key] = definition.key in self.values
        return typed | {LOCALE: self.locale.value}


def router(views: Views) -> APIRouter:
    site = views.site
    routes = APIRouter(prefix="/forms")

    @routes.get("/{form}")
    async def show_form(form: str, request: Request) -> Response:
        filled = Filled(site.form(form), language.chosen(request), new_key())
        return _page(views, request, filled)

    @routes.post("/{form}")
    async def post_form(form: str, request: Request) -> Response:
        filled, action = _read(site.form(form), await read_form(request))
        match action.partition(":"):
            case ("submit", _, _):
                return await _submit(views, request, filled)
            case ("prove", _, _):
                return await _prove(views, request, filled)
            case ("sign_out", _, _):
                response = _page(views, request, filled, signed_in_as=None, notice="signed_out")
                sessions.end(response, site=site)
                return response
            case ("language", _, wanted) if wanted in set(Locale):
                filled.locale = Locale(wanted)
                response = _page(views, request, filled)
                language.remember(response, filled.locale, site=site)
                return response
        raise UnreadableForm("Use the buttons of the page")

    @routes.get("/{form}/received/{receipt}")
    async def show_received(form: str, receipt: str, request: Request) -> Response:
        site.form(form)
        received = site.open_link(request, lambda: read_receipt_token(receipt, key=site.link_key, now=site.now()))
        return views.show(request, "received.html", receipt=received, web_url=site.web_url)

    return routes


def new_key() -> str:
    """A fresh idempotency key for a hidden field."""
    return secrets.token_urlsafe(24)


def valid_key(fields: dict[str, str]) -> str:
    """The hidden key of a posted page.

    Raises:
        UnreadableForm: it is not there, or none of ours.
    """
    key = fields.pop(KEY, "")
    if len(key) not in KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise UnreadableForm("Open the page again")
    return key


def _read(form: Form, fields: dict[str, str]) -> tuple[Filled, str]:
    key, action = valid_key(fields), fields.pop(ACTION, "submit")
    locale = fields.pop(LOCALE, Locale.INDONESIAN)
    if locale not in set(Locale):
        raise UnreadableForm("Open the page again")
    return Filled(form, Locale(locale), key, fields), action


async def _submit(views: Views, request: Request, filled: Filled) -> Response:
    site = views.site
    try:
        site.limits.form_posts.take(request.scope)
        answered = validate(filled.form, filled.submission(), topics=site.topics)
        receipt = await site.intake.submit(
            filled.form.form,
            answered,
            idempotency_key=filled.idempotency_key,
            proven_email=sessions.proven_email(request, site),
            now=site.now(),
        )
    except InvalidSubmission as invalid:
        return _page(views, request, filled, status=422, errors=invalid.errors)
    except IdempotencyConflict:
        return await _known_already(views, request, filled)
    except (SpoolFull, SpoolUnavailable, TooManyRequests) as full:
        response = _page(views, request, filled, status=full.status, notice="form_busy")
        response.headers["retry-after"] = str(full.retry_after_s)
        return response
    token = receipt_token(receipt, key=site.link_key)
    where = f"/forms/{filled.form.form}/received/{token}"
    return RedirectResponse(where, status_code=303)


async def _known_already(views: Views, request: Request, filled: Filled) -> Response:
    """Sent before with other answers: from here on it would be another report."""
    known = await views.site.intake.submitted(filled.form.form, idempotency_key=filled.idempotency_key)
    filled.key = new_key()
    return _page(views, request, filled, status=409, known=known)


async def _prove(views: Views, request: Request, filled: Filled) -> Response:
    """Mail a sign-in link to the typed address, and keep everything that is typed."""
    key = next((definition.key for definition in filled.form.fields if definition.type == "email"), "")
    try:
        email = normalise_email(filled.values.get(key, ""))
        await views.request_sign_in(
            request, SignIn(email=email, back_to=f"/forms/{filled.form.form}"), locale=filled.locale
        )
    except InvalidEmailAddress:
        return _page(views, request, filled, status=422, notice="prove_empty")
    except MailUnavailable:
        return _page(views, request, filled, status=503, notice="prove_away")
    return _page(views, request, filled, notice="prove_done", notice_words={"email": email})


def _page(
    views: Views,
    request: Request,
    filled: Filled,
    *,
    status: int = 200,
    errors: tuple[FieldError, ...] = (),
    **shown: Any,
) -> Response:
    by_field = {error.field: error for error in errors}
    return views.show(
        request,
        "form.html",
        status=status,
        locale=filled.locale,
        headers=KEEP,
        filled=filled,
        form=filled.form,
        topics=views.site.topics,
        errors=by_field,
        **({"known": None} | shown),
    )
