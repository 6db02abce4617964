"""`/sign-in`: proving an address by a link in a mail."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from kawal.identities import InvalidEmailAddress, normalise_email
from webform_ingest.api import sessions
from webform_ingest.domain.proofs import SignIn, read_sign_in_token
from webform_ingest.domain.sign_in import MailUnavailable
from webform_ingest.domain.validation import FieldError, Problem
from webform_ingest.pages import language
from webform_ingest.pages.bodies import read_form
from webform_ingest.pages.rendering import Views


def router(views: Views) -> APIRouter:
    site = views.site
    routes = APIRouter()

    @routes.get("/sign-in")
    async def show_sign_in(request: Request) -> Response:
        return views.show(request, "sign_in.html", email="", error=None)

    @routes.post("/sign-in")
    async def request_link(request: Request) -> Response:
        """The answer is the same for every address."""
        typed = (await read_form(request)).get("email", "")
        try:
            sign_in = SignIn(email=normalise_email(typed), back_to="/")
            await views.request_sign_in(request, sign_in, locale=language.chosen(request))
        except InvalidEmailAddress:
            error = FieldError("email", Problem.NOT_AN_EMAIL)
            return views.show(request, "sign_in.html", status=422, email=typed, error=error)
        except MailUnavailable:
            return views.show(request, "sign_in.html", status=503, email=typed, error=None, notice="prove_away")
        return RedirectResponse("/sign-in/sent", status_code=303)

    @routes.get("/sign-in/sent")
    async def show_sent(request: Request) -> Response:
        return views.show(request, "sign_in_sent.html")

    @routes.get("/sign-in/{token}")
    async def show_confirm(token: str, request: Request) -> Response:
        """Only a button: mail scanners open links, but press nothing."""
        link = site.open_link(request, lambda: read_sign_in_token(token, key=site.link_key, now=site.now()))
        return views.show(request, "sign_in_confirm.html", email=link.sign_in.email, token=token)

    @routes.post("/sign-in/{token}")
    async def confirm(token: str, request: Request) -> Response:
        """Signs in, once; the second press of an impatient finger finds it done."""
        link = site.open_link(request, lambda: read_sign_in_token(token, key=site.link_key, now=site.now()))
        response = RedirectResponse(link.sign_in.back_to, status_code=303)
        if sessions.proven_email(request, site) != link.sign_in.email:
            await site.sign_in.accept(link)
            sessions.begin(response, link.sign_in.email, site=site)
        return response

    @routes.post("/sign-out")
    async def sign_out() -> Response:
        response = RedirectResponse("/", status_code=303)
        sessions.end(response, site=site)
        return response

    return routes
