"""The cookie of somebody who proved an address."""

from fastapi import Request, Response

from webform_ingest.api.site import Site
from webform_ingest.domain.proofs import SESSION_LIFETIME, read_session_cookie, session_cookie

COOKIE = "kawal_session"


def proven_email(request: Request, site: Site) -> str | None:
    """The address that this request's cookie proves, if any."""
    return read_session_cookie(request.cookies.get(COOKIE), key=site.link_key, now=site.now())


def begin(response: Response, email: str, *, site: Site) -> None:
    value = session_cookie(email, key=site.link_key, now=site.now())
    lifetime = int(SESSION_LIFETIME.total_seconds())
    response.set_cookie(COOKIE, value, max_age=lifetime, httponly=True, secure=site.secure, samesite="lax")


def end(response: Response, *, site: Site) -> None:
    response.delete_cookie(COOKIE, httponly=True, secure=site.secure, samesite="lax")
