"""Static files under names that change with their content, so that browsers may keep them for good."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kawal.http.problems import problem

PATH = "/assets"
_OWN = Path(__file__).with_name("static")
_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATE = "public, no-cache"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}


@dataclass(frozen=True, slots=True)
class _Asset:
    hashed_name: str
    etag: str
    media_type: str
    body: bytes
    compressed: bytes | None


class Assets:
    """An ASGI app over a few small files, held in memory. `kawal.css` is served as itself and by its hashed name."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._named = {name: _load(name, path) for name, path in files.items()}
        self._hashed = {asset.hashed_name: asset for asset in self._named.values()}

    def url(self, name: str) -> str:
        """The path for a page to refer to.

        Raises:
            KeyError: there is no such file.
        """
        return f"{PATH}/{self._named[name].hashed_name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._respond(scope)(scope, receive, send)

    def _respond(self, scope: Scope) -> Response:
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        asset = self._hashed.get(name) or self._named.get(name)
        if asset is None:
            return problem(status=404, code="not_found", title="Not Found")
        if scope["method"] not in ("GET", "HEAD"):
            return problem(
                status=405, code="method_not_allowed", title="Method Not Allowed", headers={"allow": "GET, HEAD"}
            )
        return _response(asset, request=dict(scope["headers"]), lasting=name == asset.hashed_name)


def mount_assets(app: FastAPI, *folders: Path, files: Mapping[str, Path] | None = None) -> Assets:
    """Serve our own static files, those in `folders` and single `files` (name -> path) of `app` below `/assets/`."""
    found = {path.name: path for folder in (_OWN, *folders) for path in sorted(folder.iterdir()) if path.is_file()}
    assets = Assets({**found, **(files or {})})
    app.mount(PATH, assets, name="assets")
    return assets


def _load(name: str, path: Path) -> _Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    stem, dot, suffix = name.rpartition(".")
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    compressed = gzip.compress(body, mtime=0) if media_type.startswith(_COMPRESSIBLE) else None
    return _Asset(f"{stem}.{digest}{dot}{suffix}", f'"{digest}"', media_type, body, compressed)


def _response(asset: _Asset, *, request: Mapping[bytes, bytes], lasting: bool) -> Response:
    headers = {"etag": asset.etag, "cache-control": _FOREVER if lasting else _REVALIDATE, "vary": "accept-encoding"}
    if asset.etag.encode() in request.get(b"if-none-match", b""):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.compressed is not None and b"gzip" in request.get(b"accept-encoding", b""):
        body, headers["content-encoding"] = asset.compressed, "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)
