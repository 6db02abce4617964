"""`/`: all three doors."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import phonenumbers
from fastapi import APIRouter, Request, Response

from kawal.http.headers import security_headers
from webform_ingest.pages.rendering import Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The other two doors: where the chat is served from, what number to call, and the browser phone if any."""

    chat_url: str
    phone_number: str | None
    browser_phone_url: str | None

    @property
    def written_number(self) -> str | None:
        """The number as people in the country write it."""
        number = self._parsed()
        if number is None:
            return self.phone_number
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    @property
    def is_toll_free(self) -> bool:
        number = self._parsed()
        return number is not None and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.TOLL_FREE

    def _parsed(self) -> phonenumbers.PhoneNumber | None:
        try:
            return phonenumbers.parse(self.phone_number) if self.phone_number else None
        except phonenumbers.NumberParseException:
            return None

    @property
    def policy(self) -> dict[str, str]:
        """What the Content-Security-Policy has to allow for the widget: its script, styles, pictures and socket."""
        parts = urlsplit(self.chat_url)
        chat = f"{parts.scheme}://{parts.netloc}"
        socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
        return {
            "script-src": f"'self' {chat}",
            "style-src": f"'self' {chat}",
            "img-src": f"'self' data: blob: {chat}",
            "connect-src": f"'self' {chat} {socket}",
        }


def router(views: Views, doors: Doors) -> APIRouter:
    routes = APIRouter()
    policy = {"content-security-policy": dict(security_headers(doors.policy))[b"content-security-policy"].decode()}

    @routes.get("/")
    async def show_portal(request: Request) -> Response:
        form = next(iter(views.site.forms.values()), None)
        return views.show(request, "portal.html", headers=policy, doors=doors, form=form)

    return routes
