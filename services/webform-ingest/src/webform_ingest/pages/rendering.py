"""Shows pages: what every page of the web door needs to know."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from kawal import pages as shared
from kawal.contracts.words import Locale
from webform_ingest.api import sessions
from webform_ingest.api.site import Site
from webform_ingest.domain.proofs import SignIn
from webform_ingest.pages import language

LANGUAGES = ((Locale.INDONESIAN.value, "Indonesia"), (Locale.ENGLISH.value, "English"))
WARNINGS = frozenset({"form_busy", "prove_empty", "prove_away", "status_busy", "status_known"})
# Our own pages must send an Origin when they post, and with `no-referrer` browsers send "null" instead.
HEADERS = {"referrer-policy": "same-origin"}


class Views:
    """The pages of `site`."""

    def __init__(self, site: Site, *, pages: shared.Pages) -> None:
        self.site = site
        self._pages = pages

    def show(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        locale: Locale | None = None,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """A page in the reader's language, which is remembered when the address chose it.

        `notice` in `context` is the key of a text that tells what just happened.
        """
        reads = locale or language.chosen(request)
        standard: dict[str, Any] = {
            "language": reads,
            "languages": LANGUAGES,
            "signed_in_as": sessions.proven_email(request, self.site),
            "notice": None,
            "notice_words": {},
            "warnings": WARNINGS,
        }
        response = self._pages.response(template, locale=reads, status=status, **(standard | context))
        response.headers.update(HEADERS | dict(headers or {}))
        if language.PARAMETER in request.query_params:
            language.remember(response, reads, site=self.site)
        return response

    async def request_sign_in(self, request: Request, sign_in: SignIn, *, locale: Locale) -> None:
        """See `SignInDesk.request`.

        Raises:
            TooManyRequests: from this address.
        """
        self.site.limits.sign_in_mails.take(request.scope)
        await self.site.sign_in.request(sign_in, locale=locale, now=self.site.now())
