"""Shapes shared by the middleware."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
