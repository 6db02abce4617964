"""What is done, as rows of a form, and back: for rules and for macros."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from kawal.programme import CaseField
from ticket_core.adapters.rule_source import ActsSource
from ticket_core.console.detail_forms import value_of
from ticket_core.console.rule_choices import FIELD, Choices

SEVERAL_LINES = frozenset({"note", "reply"})
"""Acts whose values are texts; of all others but choices, each line is a value."""


@dataclass(frozen=True, slots=True)
class Row:
    """A condition or an act. The `values` of some have places: calendar and `open`; moment, hours, hours, calendar."""

    what: str
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def empty(self) -> bool:
        """Nothing was said; that a field is to be empty is something."""
        return not any(self.values) and not (self.what.startswith(FIELD) and self.values)


def text_in(form: FormData, name: str) -> str:
    return "\n".join(str(form.get(name, "")).splitlines()).strip()[:4_000]


def texts_in(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in form.getlist(name)[:100])


def row_in(form: FormData, place: str, what: str) -> Row:
    return Row(what[:80], _values(form, place, what), form.get(f"{place}.not") == "yes")


def acts_in(form: FormData) -> tuple[Row, ...]:
    return tuple(row_in(form, f"then.{what}", what) for what in dict.fromkeys(texts_in(form, "then")))


def _values(form: FormData, place: str, what: str) -> tuple[str, ...]:
    written = ["\n".join(value.splitlines()).strip() for value in texts_in(form, f"{place}.value")]
    if what in SEVERAL_LINES or f"{place}.lines" not in form:
        return tuple(written)
    return tuple(filter(None, (line.strip() for value in written for line in value.splitlines())))


def changed_acts(acts: tuple[Row, ...], step: str, *, act: str) -> tuple[Row, ...]:
    """With one more or less: `add_then`, `drop_then.note`."""
    name, _, which = step.partition(".")
    if name == "add_then" and act and act not in {one.what for one in acts}:
        return (*acts, Row(act))
    return tuple(one for one in acts if one.what != which) if name == "drop_then" else acts


def acts_of(then: ActsSource) -> Iterator[Row]:
    for name in ("topic", "priority", "assign", "team", "note"):
        if (value := getattr(then, name)) is not None:
            yield Row(name, (value,))
    for key, written in (then.fields or {}).items():
        yield Row(FIELD + key, words_of([written]))
    if then.tags is not None and then.tags.add:
        yield Row("add_tags", then.tags.add)
    if then.tags is not None and then.tags.remove:
        yield Row("remove_tags", then.tags.remove)
    if (reply := then.reply) is not None:
        yield Row("macro", (reply.macro,)) if reply.macro else Row("reply", (reply.id or "", reply.en or ""))
    if then.state is not None:
        yield Row("state", (f"{then.state}|{then.reason or ''}",))


def words_of(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(Choices.word, values))


class Writer:
    """What rows mean, as people write it in YAML."""

    def __init__(self, fields: Iterable[CaseField]) -> None:
        self._fields = {one.key: one for one in fields}

    def act(self, row: Row) -> dict[str, Any]:
        if row.what.startswith(FIELD):
            key = row.what.removeprefix(FIELD)
            return {"fields": {key: self.value(key, row.values[0])}}
        match row.what, row.values:
            case "add_tags" | "remove_tags", tags:
                return {"tags": {row.what.removesuffix("_tags"): tags}}
            case "reply", (indonesian, english):
                return {"reply": {"id": indonesian, "en": english}}
            case "macro", (macro,):
                return {"reply": {"macro": macro}}
            case "state", (state,):
                state, _, reason = state.partition("|")
                return {"state": state} | ({"reason": reason} if reason else {})
        return {row.what: row.values[0]}

    def value(self, key: str, written: str) -> Any:
        field = self._fields.get(key)
        return value_of(field, written) if field else written


def merged(acts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One `then` of all."""
    found: dict[str, Any] = {}
    for act in acts:
        for name, value in act.items():
            found[name] = found[name] | value if name in ("fields", "tags") and name in found else value
    return found
