"""uvicorn's HTTP protocol with bounds that it lacks: what is not body ends within so many bytes, a head in time."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kawal.http.problems import MEDIA_TYPE

HEAD_MAX_BYTES = 32 * 1024
HEAD_WITHIN_S = 15.0


class BoundedHttp(HttpToolsProtocol):
    """Refuses, and hangs up on, clients that never come to the point; what is no HTTP gets a problem too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_message = self._in_head = False
        self._bare_bytes = 0  # that were neither body nor a message's end: the head, trailers, extensions of chunks
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bare_bytes += len(data)
        super().data_received(data)
        if self._in_message and self._bare_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
            self._refuse_bare_bytes()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_message = self._in_head = True
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bare_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message, self._bare_bytes = False, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 uvicorn's signature
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _head_arrived(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_bare_bytes(self) -> None:
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            self.transport.close()  # its answer may have begun, a second one would be taken for part of it

    def _refuse(self, status: HTTPStatus) -> None:
        code = status.phrase.lower().replace(" ", "_")
        body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "code": code})
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode("ascii"))
        self.transport.close()
