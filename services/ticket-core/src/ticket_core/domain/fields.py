"""Typed values that agents write down about a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ticket_core.domain.errors import FieldNotForTopic, InvalidFieldValue, UnknownField

FieldValue = bool | int | float | str
"""A number is an int or a float; a date is its ISO 8601 text; a choice is its key."""

TEXT_LENGTH = 1_000
LARGEST_NUMBER = 10**15
"""Up to here a float still tells whole numbers apart."""


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """A field that cases about `topics` have (keys of topics or of their groups; none: all cases)."""

    key: str
    kind: FieldKind
    topics: frozenset[str] = frozenset()
    choices: frozenset[str] = frozenset()

    def is_for(self, topic: str | None) -> bool:
        if not self.topics:
            return True
        return topic is not None and (topic in self.topics or topic.partition(".")[0] in self.topics)


def checked(
    values: Mapping[str, FieldValue | None], *, rules: Mapping[str, FieldRule], topic: str | None
) -> dict[str, FieldValue | None]:
    """`values` as they are kept, by the field's key. `None` takes a value away, which is always allowed.

    Raises:
        UnknownField: the programme has no such field.
        FieldNotForTopic: cases about `topic` do not have it.
        InvalidFieldValue: the value is of another kind.
    """
    return {key: None if value is None else _checked(key, value, rules, topic) for key, value in values.items()}


def _checked(key: str, value: FieldValue, rules: Mapping[str, FieldRule], topic: str | None) -> FieldValue:
    rule = rules.get(key)
    if rule is None:
        raise UnknownField("A key is not in the programme's fields")
    if not rule.is_for(topic):
        raise FieldNotForTopic(f"{rule.key} belongs to other topics of complaint")
    if not _fits(rule, value):
        raise InvalidFieldValue(f"{rule.key} takes {_TAKES[rule.kind]}")
    return value


_TAKES = {
    FieldKind.TEXT: f"text of 1 to {TEXT_LENGTH:,} characters",
    FieldKind.NUMBER: f"a number of at most {LARGEST_NUMBER:,} either way",
    FieldKind.DATE: "a date as YYYY-MM-DD",
    FieldKind.CHOICE: "one of its choices",
    FieldKind.YES_NO: "true or false",
}


def _fits(rule: FieldRule, value: FieldValue) -> bool:
    match rule.kind:
        case FieldKind.TEXT:
            return isinstance(value, str) and 0 < len(value) <= TEXT_LENGTH
        case FieldKind.NUMBER:
            return _is_number(value)
        case FieldKind.DATE:
            return isinstance(value, str) and _is_date(value)
        case FieldKind.CHOICE:
            return isinstance(value, str) and value in rule.choices
        case FieldKind.YES_NO:
            return isinstance(value, bool)


def _is_number(value: FieldValue) -> bool:
    if isinstance(value, bool | str):  # a bool is an int to Python
        return False
    return abs(value) <= LARGEST_NUMBER  # neither infinity nor NaN is


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value  # only the one form, not 20261124 or 2026-W48
    except ValueError:
        return False
