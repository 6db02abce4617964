"""The language somebody reads: Indonesian, unless he chose another."""

from fastapi import Request, Response

from kawal.contracts.words import Locale
from webform_ingest.api.site import Site

COOKIE = "kawal_language"
PARAMETER = "lang"
YEAR_S = 365 * 24 * 60 * 60


def chosen(request: Request) -> Locale:
    """By the address first (`?lang=en`), then by the cookie."""
    for wanted in (request.query_params.get(PARAMETER), request.cookies.get(COOKIE)):
        if wanted in set(Locale):
            return Locale(wanted)
    return Locale.INDONESIAN


def remember(response: Response, locale: Locale, *, site: Site) -> None:
    response.set_cookie(COOKIE, locale.value, max_age=YEAR_S, httponly=True, secure=site.secure, samesite="lax")
