"""Makes a rule of what stands in the form, or says beside which part of it what is wrong."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from kawal.programme import CaseField
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.adapters.rule_source import RuleSource
from ticket_core.console.act_rows import Row, Writer, merged
from ticket_core.console.rule_choices import FIELD
from ticket_core.console.rule_draft import ENTRY, Draft
from ticket_core.domain.errors import InvalidRule

_ANY_EVENT, _ANY_ACT = ["contact"], {"priority": "high"}
_PLACEHOLDERS = frozenset({"note", "reply"})


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is that of a text; `detail` is for whoever has to find out more."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checking:
    """`problems` are by place: `label_id`, `when`, `if.0`, `then.note`, `rule`."""

    source: RuleSource | None
    problems: dict[str, Problem] = field(default_factory=dict)


class RuleChecking:
    def __init__(self, maker: RuleMaker, fields: Iterable[CaseField]) -> None:
        self._maker = maker
        self._writer = Writer(fields)

    def check(self, draft: Draft) -> Checking:
        """Every part by itself, so that each has its own problem; then all of it."""
        found: dict[str, Problem] = {}
        self._check_head(draft, found)
        conditions = [self._part(f"if.{at}", row, self._condition, found) for at, row in enumerate(draft.rows)]
        acts = [self._part(f"then.{row.what}", row, self._writer.act, found) for row in draft.acts]
        if not acts:
            found["then"] = Problem("no_acts")
        if found:
            return Checking(None, found)
        return self._whole(draft, conditions, acts)

    def _check_head(self, draft: Draft, found: dict[str, Problem]) -> None:
        for name in ("label_id", "label_en"):
            if not 0 < len(getattr(draft, name)) <= 100:
                found[name] = Problem("name")
        if not draft.when:
            found["when"] = Problem("no_event")
        if not (draft.order.isascii() and draft.order.isdigit() and int(draft.order[:9]) <= 10_000):
            found["order"] = Problem("order")

    def _part(
        self, place: str, row: Row, make: Callable[[Row], dict[str, Any]], found: dict[str, Problem]
    ) -> dict[str, Any]:
        """What stands in the row; whether it can be used is asked of the rule that has nothing else."""
        if row.empty:
            found[place] = Problem("empty")
            return {}
        part = make(row)
        alone = {"then": part} if place.startswith("then.") else {"if": part, "then": _ANY_ACT}
        try:
            self._maker.rule(_source({"when": _ANY_EVENT} | alone))
        except ValidationError as wrong:
            detail = wrong.errors()[0]["msg"]
            found[place] = Problem("hours") if row.what == "since" else Problem("invalid", detail)
        except InvalidRule as wrong:
            if not row.what.startswith(ENTRY):  # which depends on the events
                found[place] = Problem("placeholder" if row.what in _PLACEHOLDERS else "invalid", str(wrong))
        return part

    def _whole(self, draft: Draft, conditions: list[dict[str, Any]], acts: list[dict[str, Any]]) -> Checking:
        written: dict[str, Any] = {
            "key": draft.key or key_of(draft.label_en, draft.token, kind="rule"),
            "label": {"id": draft.label_id, "en": draft.label_en},
            "enabled": draft.enabled,
            "order": int(draft.order),
            "once_per_case": draft.once_per_case,
            "when": draft.when,
            "then": merged(acts),
        }
        if conditions:
            written["if"] = {"any": conditions} if draft.any else _all(conditions)
        try:
            source = RuleSource.model_validate(written)
            self._maker.rule(source)
        except ValidationError as wrong:
            return Checking(None, {"rule": Problem("invalid", wrong.errors()[0]["msg"])})
        except InvalidRule as refused:
            return Checking(None, {"rule": Problem("invalid", str(refused))})
        return Checking(source)

    def _condition(self, row: Row) -> dict[str, Any]:
        part = self._positive(row)
        return {"not": part} if row.negated else part

    def _positive(self, row: Row) -> dict[str, Any]:
        if row.what.startswith(FIELD):
            key = row.what.removeprefix(FIELD)
            return {"fields": {key: [self._writer.value(key, one) for one in row.values]}}
        if row.what.startswith(ENTRY):
            return {"entry": {row.what.removeprefix(ENTRY): row.values}}
        match row.what, row.values:
            case "hours", (calendar, shown):
                return {"hours": {"calendar": calendar, "open": shown == "open"}}
            case "since", (moment, at_least, at_most, calendar):
                since = {"what": moment, "calendar": calendar}
                since |= {"at_least_hours": _decimal(at_least), "at_most_hours": _decimal(at_most)}
                return {"since": {name: value for name, value in since.items() if value}}
        return {row.what: row.values}


def key_of(label: str, token: str, *, kind: str) -> str:
    """The name in the letters of a key. By the token, the same form sent twice makes the same one."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return f"{name if name[:1].isalpha() else f'{kind}_{name}'}"[:24].rstrip("_") + f"_{token}"


def _source(parts: dict[str, Any]) -> RuleSource:
    return RuleSource.model_validate({"key": "draft", "label": {"id": "-", "en": "-"}} | parts)


def _all(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for one in conditions for name in one]
    if len(set(names)) < len(names):
        return {"all": conditions}
    return {name: value for one in conditions for name, value in one.items()}


def _decimal(written: str) -> str:
    return written.replace(",", ".")
