"""Where a browser says that a request comes from (RFC 6454)."""

from urllib.parse import urlsplit


def host_of(origin: str) -> str | None:
    """Host and port of an `Origin` header as a `Host` header has them; `None` for `null` and what is none."""
    try:
        return urlsplit(origin.lower()).netloc or None
    except ValueError:
        return None
