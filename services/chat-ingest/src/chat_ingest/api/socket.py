"""`WS /v1/chat/ws`: the endpoint as plain ASGI, for speed and for memory per connection."""

from starlette.types import Receive, Scope, Send

from chat_ingest.api.connection import Connection
from chat_ingest.api.desk import Desk
from chat_ingest.api.origins import Origins
from chat_ingest.api.places import Places
from chat_ingest.domain.protocol import SUBPROTOCOL
from kawal.observability import metrics

FORBIDDEN, BAD_REQUEST, BUSY = 403, 400, 503


class ChatSocket:
    """Refuses before it accepts: a foreign origin 403, a missing subprotocol 400, one connection too many 503."""

    def __init__(self, desk: Desk, *, origins: Origins, places: Places) -> None:
        self._desk = desk
        self._origins = origins
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if status := self._refusal(scope):
            await _refuse(send, status)
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": []})
        scope["headers"].clear()  # read by nobody from here on, and kept for as long as the connection
        with self._places.taken(), metrics.CHAT_CONNECTIONS.track_inprogress():
            await Connection(self._desk, receive=receive, send=send).run()

    def _refusal(self, scope: Scope) -> int | None:
        if not self._origins.allow(scope):
            return FORBIDDEN
        if SUBPROTOCOL not in scope["subprotocols"]:
            return BAD_REQUEST
        return BUSY if self._places.full else None


async def _refuse(send: Send, status: int) -> None:
    """Websocket denial response (ASGI extension `websocket.http.response`)."""
    metrics.CHAT_CONNECTIONS_REFUSED.labels(str(status)).inc()
    headers = [(b"retry-after", b"5")] if status == BUSY else []
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
