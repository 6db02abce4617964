"""Shows an event without what may be personal: every text is masked, except under a few known names."""

import json
from typing import Any

# Words of the contracts (`kawal.contracts`) that say what and where, never who.
PLAIN = frozenset(
    {
        "kind", "channel", "locale", "topic", "form", "field", "state", "detail", "reference", "conversation_id",
        "case_id", "case_number", "case_seq", "delivery_id", "occurred_at", "at", "assurance", "media_type",
        "vault_ref", "template", "author",
    }
)  # fmt: skip


def masked(data: bytes) -> str:
    """`data` as indented JSON with masked texts; only its size when it is not JSON."""
    try:
        read = json.loads(data)
    except ValueError:
        return f"({len(data)} bytes that are not JSON)"
    return json.dumps(_masked(read), indent=2, ensure_ascii=False)


def revealed(data: bytes) -> str:
    """`data` as it is, indented where it is JSON."""
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:
        return data.decode(errors="backslashreplace")


def _masked(value: Any, *, plain: bool = False) -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner, plain=name in PLAIN) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, plain=plain) for inner in value]
    if plain or value is None or isinstance(value, bool):
        return value
    return f"({len(str(value))} characters)" if isinstance(value, str) else "(number)"
