"""uvicorn's WebSocket protocol with a bound that it lacks: a closed connection ends, whether the peer reads or not."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSED_WITHIN_S = 5.0


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Cuts what is left of a connection whose peer does not read the end of it.

    A transport that is being closed first waits for its buffer to drain: a peer that never reads would keep its
    socket, and the buffer, for ever.
    """

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(CLOSED_WITHIN_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(CLOSED_WITHIN_S, self.transport.abort)
