"""Is a changed schema still safe, while old and new versions of the services run side by side?

Allowed are new messages, new optional fields and wider values. Wider values need the readers deployed first: a
reader of the old version refuses a word it does not know.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# Bounds that may only move outwards, and whether a larger number allows more.
_BOUNDS = {
    "maxLength": True,
    "maxItems": True,
    "maximum": True,
    "exclusiveMaximum": True,
    "minLength": False,
    "minItems": False,
    "minimum": False,
    "exclusiveMinimum": False,
}
_FIXED = ("pattern", "format")


def breaking_changes(released: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[str]:
    """What would break somebody, one sentence each; both mappings are file name -> schema."""
    gone = [f"{name}: the message is gone" for name in released.keys() - current.keys()]
    changed = [
        f"{name}: {problem}"
        for name in released.keys() & current.keys()
        for problem in _Comparison(released[name], current[name]).problems()
    ]
    return sorted(gone + changed)


class _Comparison:
    """One message's schema, then and now; each side resolves its own `$ref`s."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old_root = old
        self._new_root = new

    def problems(self) -> Iterator[str]:
        yield from self._compare(self._old_root, self._new_root, "the message")

    def _compare(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        old, new = _resolve(old, self._old_root), _resolve(new, self._new_root)
        if "anyOf" in old or "anyOf" in new:
            yield from self._compare_alternatives(old, new, place)
            return
        yield from _compare_values(old, new, place)
        yield from _compare_bounds(old, new, place)
        yield from self._compare_objects(old, new, place)
        if "items" in new and "items" in old:
            yield from self._compare(old["items"], new["items"], f"{place}[]")

    def _compare_alternatives(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Each thing that was allowed must still fit one that is."""
        for was in old.get("anyOf", [old]):
            if not any(not list(self._compare(was, now, place)) for now in new.get("anyOf", [new])):
                yield f"{place} no longer takes all it took"
                return

    def _compare_objects(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            where = f"{place}.{name}"
            if name not in after:
                yield f"{where} is gone"
                continue
            if name in required_before - required_after:
                yield f"{where} is no longer always there"
            yield from self._compare(before[name], after[name], where)
        for name in sorted(required_after - required_before):
            yield f"{place}.{name} is now required"


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _compare_values(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if (now := _values(new)) is not None:
        was = _values(old)
        if was is None or not was <= now:
            missing = ", ".join(sorted(map(str, (was or set()) - now))) or "any value"
            yield f"{place} no longer takes {missing}"
    kinds = {"integer": {"integer", "number"}}
    if "type" in new and old.get("type") != new["type"] and new["type"] not in kinds.get(old.get("type", ""), set()):
        yield f"{place} was {old.get('type', 'anything')} and is {new['type']}"


def _values(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _compare_bounds(old: Schema, new: Schema, place: str) -> Iterator[str]:
    for bound, larger_allows_more in _BOUNDS.items():
        was, now = old.get(bound), new.get(bound)
        if now is None or was == now:
            continue
        if was is None or (now > was) is not larger_allows_more:
            yield f"{place}: {bound} went from {'none' if was is None else was} to {now}"
    for fixed in _FIXED:
        if fixed in new and old.get(fixed) != new[fixed]:
            yield f"{place}: {fixed} has changed"
