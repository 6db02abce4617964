"""All doors of the chat in one app."""

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute

from chat_ingest.api.desk import Desk
from chat_ingest.api.exchange import PlainRoute
from chat_ingest.api.messages import Messages, ReadMarks
from chat_ingest.api.origins import Origins
from chat_ingest.api.pages import add_pages
from chat_ingest.api.places import Places
from chat_ingest.api.sessions import Sessions
from chat_ingest.api.socket import ChatSocket
from chat_ingest.settings import Settings
from kawal.http import App, create_app
from kawal.http.address_limits import AddressLimit
from kawal.rates import Buckets

PREFLIGHT_KEPT_S = 3600


def create_chat_app(settings: Settings, desk: Desk, *, new_id: Callable[[], str]) -> App:
    """`new_id` makes the part of a conversation's id behind `chat:`; it must be unguessable and URL-safe."""
    app = create_app(title="Kawal chat", settings=settings)
    limit = AddressLimit(
        "chat_sessions", settings.chat_sessions_per_address, unlimited=settings.unlimited_networks, clock=desk.steady
    )
    sessions = Sessions(desk, host_site=settings.host_site, new_id=new_id, limit=limit)
    places = Places(desk.limits.connections)
    socket = ChatSocket(desk, origins=Origins(settings.chat_allowed_origins), places=places)
    rates = Buckets(desk.limits.rate)
    app.router.routes += [
        PlainRoute("/v1/chat/sessions", sessions, methods=["POST"]),
        PlainRoute("/v1/chat/messages", Messages(desk, rates=rates, places=places), methods=["GET", "POST"]),
        PlainRoute("/v1/chat/read", ReadMarks(desk, rates=rates), methods=["POST"]),
        WebSocketRoute("/v1/chat/ws", socket),
    ]
    add_pages(app, settings, now=desk.now)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.chat_allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after"],
        max_age=PREFLIGHT_KEPT_S,
    )
    return app
