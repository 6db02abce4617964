"""What the doors are given by `main`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from starlette.requests import Request

from kawal.errors import KawalError
from kawal.http.address_limits import AddressLimit
from kawal.links import InvalidLink
from kawal.programme import Topics
from webform_ingest.api.reading import ReadingRoom
from webform_ingest.domain.definitions import Form
from webform_ingest.domain.intake import Intake
from webform_ingest.domain.sign_in import SignInDesk

T = TypeVar("T")


class UnknownForm(KawalError):
    status, code, title = 404, "unknown_form", "There is no such form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one address may do; see the settings."""

    form_posts: AddressLimit
    wrong_links: AddressLimit
    sign_in_mails: AddressLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The web door as its handlers see it; `now` is aware, UTC."""

    forms: Mapping[str, Form]
    topics: Topics
    intake: Intake
    reading: ReadingRoom
    sign_in: SignInDesk
    link_key: str
    web_url: str
    limits: Limits
    now: Callable[[], datetime]

    def form(self, name: str) -> Form:
        """The form of this name.

        Raises:
            UnknownForm
        """
        if name not in self.forms:
            raise UnknownForm("Look at the address again")
        return self.forms[name]

    def open_link(self, request: Request, read: Callable[[], T]) -> T:
        """What `read` finds in a link. A right one is opened whatever its address has tried: it cannot be guessed.

        Thousands share an address, and one of them must not close the pages of all others.

        Raises:
            TooManyRequests: too many from this address were none of ours.
        """
        try:
            return read()
        except InvalidLink:
            self.limits.wrong_links.take(request.scope)
            raise

    @property
    def secure(self) -> bool:
        """Whether cookies may only travel over TLS."""
        return self.web_url.startswith("https://")
