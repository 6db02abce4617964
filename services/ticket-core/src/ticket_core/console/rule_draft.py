"""A rule as it stands in a form: rows that a person can fill in, and back.

Not every rule fits: conditions are one list, of which all or any must be so, each of them or its opposite. Whoever
nests them deeper writes them by REST.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from starlette.datastructures import FormData

from ticket_core.adapters.rule_source import ConditionSource, RuleSource
from ticket_core.console.act_rows import Row, acts_in, acts_of, changed_acts, row_in, text_in, texts_in, words_of
from ticket_core.console.rule_choices import FIELD
from ticket_core.domain.conditions import What

ENTRY = "entry."
MOST_ROWS = 20
_LISTS = (*map(str, What), "words")


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
            case "drop_if":
                return replace(self, rows=tuple(one for at, one in enumerate(self.rows) if str(at) != which))
        return replace(self, acts=changed_acts(self.acts, step, act=act))


def of_form(form: FormData) -> Draft:
    """What was typed, whatever it was."""
    whats = [(at, text_in(form, f"if.{at}.what")) for at in range(MOST_ROWS)]
    return Draft(
        token=text_in(form, "token")[:8],
        key=text_in(form, "key")[:31],
        version=text_in(form, "version")[:64],
        label_id=text_in(form, "label_id"),
        label_en=text_in(form, "label_en"),
        order=text_in(form, "order"),
        enabled=form.get("enabled") == "yes",
        once_per_case=form.get("once_per_case") == "yes",
        any=form.get("any") == "yes",
        when=texts_in(form, "when"),
        rows=tuple(row_in(form, f"if.{at}", what) for at, what in whats if what),
        acts=acts_in(form),
    )


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
        acts=tuple(acts_of(source.then)),
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
            yield Row(name, words_of(wanted))
    for key, values in (source.fields or {}).items():
        yield Row(FIELD + key, words_of(values))
    for name, words in (source.entry or {}).items():
        yield Row(ENTRY + name, words_of(words))
    if (hours := source.hours) is not None:
        yield Row("hours", (hours.calendar, "open" if hours.open else "shut"))
    if (since := source.since) is not None:
        bounds = ("" if one is None else f"{one:g}" for one in (since.at_least_hours, since.at_most_hours))
        yield Row("since", (since.what, *bounds, since.calendar or ""))
