"""A rule as it stands in a form: rows that a person can fill in, and back.

Not every rule fits: conditions are one list, of which all or any must be so, each of them or its opposite. Whoever
nests them deeper writes them by REST.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from ticket_core.adapters.rule_source import ActsSource, ConditionSource, RuleSource
from ticket_core.console.rule_choices import FIELD, Choices
from ticket_core.domain.conditions import What

ENTRY = "entry."
MOST_ROWS = 20
SEVERAL_LINES = frozenset({"note", "reply"})
"""Acts whose values are texts; of all others but choices, each line is a value."""
_LISTS = (*map(str, What), "words")


@dataclass(frozen=True, slots=True)
class Row:
    """A condition or an act. The `values` of some have places: calendar and `open`; moment, hours, hours, calendar."""

    what: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`key` and `version` are of the rule that is changed; a new one gets its key from its name and `token`."""

    token: str
    key: str = ""
    version: str = ""
    label_id: str = ""
    label_en: str = ""
    order: str = "100"
    enabled: bool = False
    once_per_case: bool = False
    any: bool = False
    when: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    acts: tuple[Row, ...] = field(default_factory=tuple)

    def changed(self, step: str, *, condition: str, act: str) -> "Draft":
        """With a row more or less: `add_if`, `add_then`, `drop_if.2`, `drop_then.note`."""
        name, _, which = step.partition(".")
        match name:
            case "add_if" if condition and len(self.rows) < MOST_ROWS:
                return replace(self, rows=(*self.rows, Row(condition)))
            case "add_then" if act and act not in {one.what for one in self.acts}:
                return replace(self, acts=(*self.acts, Row(act)))
            case "drop_if":
                return replace(self, rows=tuple(one for at, one in enumerate(self.rows) if str(at) != which))
            case "drop_then":
                return replace(self, acts=tuple(one for one in self.acts if one.what != which))
        return self


def of_form(form: FormData) -> Draft:
    """What was typed, whatever it was."""

    def text(name: str) -> str:
        return "\n".join(str(form.get(name, "")).splitlines()).strip()[:4_000]

    def row(place: str, what: str) -> Row:
        return Row(what[:80], _values(form, place, what), form.get(f"{place}.not") == "yes")

    whats = [(at, text(f"if.{at}.what")) for at in range(MOST_ROWS)]
    return Draft(
        token=text("token")[:8],
        key=text("key")[:31],
        version=text("version")[:64],
        label_id=text("label_id"),
        label_en=text("label_en"),
        order=text("order"),
        enabled=form.get("enabled") == "yes",
        once_per_case=form.get("once_per_case") == "yes",
        any=form.get("any") == "yes",
        when=_texts(form, "when"),
        rows=tuple(row(f"if.{at}", what) for at, what in whats if what),
        acts=tuple(row(f"then.{what}", what) for what in dict.fromkeys(_texts(form, "then"))),
    )


def _texts(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in form.getlist(name)[:100])


def _values(form: FormData, place: str, what: str) -> tuple[str, ...]:
    written = ["\n".join(value.splitlines()).strip() for value in _texts(form, f"{place}.value")]
    if what in SEVERAL_LINES or f"{place}.lines" not in form:
        return tuple(written)
    return tuple(filter(None, (line.strip() for value in written for line in value.splitlines())))


def of_rule(source: RuleSource, *, version: str, token: str) -> Draft | None:
    """`None`, if it does not fit into the form."""
    rows = _rows_of(source.if_)
    if rows is None or len(rows) > MOST_ROWS:
        return None
    return Draft(
        token=token,
        key=source.key,
        version=version,
        label_id=source.label.id,
        label_en=source.label.en,
        order=str(source.order),
        enabled=source.enabled,
        once_per_case=source.once_per_case,
        any=_is_any(source.if_),
        when=source.when,
        rows=tuple(rows),
        acts=tuple(_acts_of(source.then)),
    )


def _is_any(source: ConditionSource | None) -> bool:
    return source is not None and source.any is not None and not list(_simple(source))


def _rows_of(source: ConditionSource | None) -> list[Row] | None:
    if source is None:
        return []
    if _is_any(source) and source.all is None and source.not_ is None:
        parts = [_together(part) for part in source.any or ()]
        return [row for part in parts for row in part or ()] if all(part and len(part) == 1 for part in parts) else None
    return _together(source)


def _together(source: ConditionSource) -> list[Row] | None:
    """What must all be so; `None`, if it is not that simple."""
    if source.any is not None:
        return None
    found = list(_simple(source))
    for part in source.all or ():
        inner = _together(part)
        if inner is None:
            return None
        found += inner
    if source.not_ is not None:
        inner = _together(source.not_)
        if inner is None or len(inner) != 1:
            return None
        found.append(replace(inner[0], negated=not inner[0].negated))
    return found


def _simple(source: ConditionSource) -> Iterator[Row]:
    for name in _LISTS:
        if (wanted := getattr(source, name)) is not None:
            yield Row(name, _words(wanted))
    for key, values in (source.fields or {}).items():
        yield Row(FIELD + key, _words(values))
    for name, words in (source.entry or {}).items():
        yield Row(ENTRY + name, _words(words))
    if (hours := source.hours) is not None:
        yield Row("hours", (hours.calendar, "open" if hours.open else "shut"))
    if (since := source.since) is not None:
        bounds = ("" if one is None else f"{one:g}" for one in (since.at_least_hours, since.at_most_hours))
        yield Row("since", (since.what, *bounds, since.calendar or ""))


def _words(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(Choices.word, values))


def _acts_of(then: ActsSource) -> Iterator[Row]:
    for name in ("topic", "priority", "assign", "team", "note"):
        if (value := getattr(then, name)) is not None:
            yield Row(name, (value,))
    for key, written in (then.fields or {}).items():
        yield Row(FIELD + key, _words([written]))
    if then.tags is not None and then.tags.add:
        yield Row("add_tags", then.tags.add)
    if then.tags is not None and then.tags.remove:
        yield Row("remove_tags", then.tags.remove)
    if (reply := then.reply) is not None:
        yield Row("macro", (reply.macro,)) if reply.macro else Row("reply", (reply.id or "", reply.en or ""))
    if then.state is not None:
        yield Row("state", (f"{then.state}|{then.reason or ''}",))
