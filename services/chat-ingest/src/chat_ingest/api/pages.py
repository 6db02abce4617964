"""`/`: a page of an imagined host site that embeds the widget, as a host would."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from secrets import token_hex

import jwt
from fastapi import Response
from starlette.exceptions import HTTPException

from chat_ingest.api.exchange import PlainRoute
from chat_ingest.api.widget import Widget
from chat_ingest.domain.participants import HostSite
from chat_ingest.settings import Settings
from kawal.contracts.words import Locale
from kawal.http import App
from kawal.pages import Pages, mount_assets

DEMO_TOKEN_LIFETIME = timedelta(hours=1)
MADE_UP = {"name": "Sari Wulandari", "email": "sari@peserta.example", "phone_number": "+6281200000117"}
MADE_UP_NUMBER = "PRK-2026-000117"


def add_pages(app: App, settings: Settings, *, now: Callable[[], datetime]) -> None:
    """The widget and the demonstration page; the demonstration's sign-in only where `chat_demo` is set."""
    folder = Path(str(files("chat_ingest"))) / "pages"
    assets = mount_assets(app, folder / "assets")
    pages = Pages(folder, assets=assets)
    host_site = settings.host_site if settings.chat_demo else None

    async def page(lang: Locale = Locale.INDONESIAN) -> Response:
        return pages.response("demonstration.html", locale=lang, sign_in=host_site is not None)

    async def identity_token() -> Response:
        if host_site is None:
            raise HTTPException(404)
        return Response(demo_token(host_site, now=now().timestamp()), media_type="text/plain")

    app.router.routes.append(PlainRoute("/widget.js", Widget(), methods=["GET"]))
    app.add_api_route("/", page, include_in_schema=False)
    app.add_api_route("/demonstration/identity-token", identity_token, methods=["POST"], include_in_schema=False)


def demo_token(host_site: HostSite, *, now: float) -> str:
    """What a host site would sign for a participant who is signed in there; this one does not exist."""
    claims = {
        "sub": MADE_UP_NUMBER,
        "aud": host_site.audience,
        "exp": int(now + DEMO_TOKEN_LIFETIME.total_seconds()),
        "jti": token_hex(8),
        **MADE_UP,
    }
    return jwt.encode(claims, host_site.key, algorithm="HS256")
