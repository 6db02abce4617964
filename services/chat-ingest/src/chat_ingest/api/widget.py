"""`/widget.js`: the widget's files as one classic script, put together at the start; there is no build step."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PARTS = (
    "texts.js",
    "icons.js",
    "storage.js",
    "connection.js",
    "messages.js",
    "prechat.js",
    "skeleton.js",
    "kawal-chat.js",
)
STYLES = ("kawal-chat.css", "messages.css", "writing.css", "conditions.css")
FRESH_FOR_S = 300


def script() -> bytes:
    """The script: the parts share one scope, which leaves nothing behind on the host's page."""
    style = json.dumps(_joined(STYLES))
    return f'(() => {{\n"use strict";\nconst STYLE = {style};\n{_joined(PARTS)}\n}})();\n'.encode()


def _joined(names: Sequence[str]) -> str:
    folder = files("chat_ingest") / "widget"
    return "\n".join(_dense((folder / name).read_text(encoding="utf-8")) for name in names)


def _dense(text: str) -> str:
    """Without indentation and lines of comment: participants pay for every byte."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


class Widget:
    """Any site may load the script; what it may talk to is decided where it talks."""

    def __init__(self) -> None:
        self._plain = script()
        self._compressed = gzip.compress(self._plain, compresslevel=9, mtime=0)
        self._etag = f'"{hashlib.sha256(self._plain).hexdigest()[:16]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response(dict(scope["headers"]))(scope, receive, send)

    def _response(self, request: dict[bytes, bytes]) -> Response:
        headers = {
            "etag": self._etag,
            "cache-control": f"public, max-age={FRESH_FOR_S}, stale-while-revalidate=86400",
            "vary": "accept-encoding",
            "cross-origin-resource-policy": "cross-origin",
        }
        if self._etag.encode() in request.get(b"if-none-match", b""):
            return Response(status_code=304, headers=headers)
        body = self._plain
        if b"gzip" in request.get(b"accept-encoding", b""):
            body, headers["content-encoding"] = self._compressed, "gzip"
        return Response(body, headers=headers, media_type="text/javascript")
