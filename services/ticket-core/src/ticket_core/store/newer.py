"""Reads what a later version has kept, which runs beside this one while it takes over: see ADR 24."""

from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class Kept(Generic[T]):
    """A document that is kept with a case: written whole, and read whoever has written it."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._adapter = TypeAdapter[T](kind)

    def write(self, value: T | None) -> str | None:
        return self._adapter.dump_json(value).decode() if value else None

    def read(self, document: str | None) -> T | None:
        if not document:
            return None
        try:
            return self._adapter.validate_json(document)
        except ValidationError:
            known = without_what_is_newer(TypeAdapter(Any).validate_json(document), self._kind)
            return self._adapter.validate_json(TypeAdapter(Any).dump_json(known))


def without_what_is_newer(value: Any, kind: Any) -> Any:
    """`value` is the JSON of a `kind` that may have more members by now, in arrays at the end."""
    if value is None:
        return None
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return without_what_is_newer(value, kinds[0]) if len(kinds) == 1 else value
    if get_origin(kind) is tuple:
        return [without_what_is_newer(one, get_args(kind)[0]) for one in value]
    if is_dataclass(kind):
        return {
            name: without_what_is_newer(value[name], of) for name, of in get_type_hints(kind).items() if name in value
        }
    if hasattr(kind, "_fields"):
        return [without_what_is_newer(one, of) for one, of in zip(value, get_type_hints(kind).values(), strict=False)]
    return value
