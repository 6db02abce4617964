"""Security headers for every response; a handler that sets one itself keeps its own."""

from collections.abc import Mapping, MutableSequence

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""ASGI's headers: names in lower case."""

DEFAULT_POLICY: Mapping[str, str] = {
    "default-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "object-src": "'none'",
}


def security_headers(policy: Mapping[str, str]) -> RawHeaders:
    """The headers to add; `policy` changes single directives of `DEFAULT_POLICY`.

    A page that may be embedded passes `{"frame-ancestors": "https://host.example"}`.
    """
    merged = {**DEFAULT_POLICY, **policy}
    value = "; ".join(f"{directive} {sources}" for directive, sources in merged.items())
    return (
        (b"content-security-policy", value.encode()),
        (b"x-content-type-options", b"nosniff"),
        # Not `no-referrer`: with it browsers send `Origin: null` from our own forms, which then look foreign.
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        # Pages and answers hold personal data; what may be kept (assets) says so itself.
        (b"cache-control", b"no-store"),
    )


def add_missing(present: MutableSequence[tuple[bytes, bytes]], wanted: RawHeaders) -> None:
    """Append those of `wanted` that are not `present` yet (names are lower case in ASGI)."""
    names = {name for name, _ in present}
    present.extend(header for header in wanted if header[0] not in names)
