"""Rules as people write them, in `programme/rules.yaml` or by REST. `rule_maker` makes the domain's of them."""

from datetime import date
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    model_validator,
)

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Channel, Locale
from kawal.programme.loading import Closed
from kawal.programme.topics import Key
from ticket_core.domain.conditions import Moment
from ticket_core.domain.kinds import Priority
from ticket_core.domain.tags import MOST_TAGS

MOST_PARTS = 20
MOST_VALUES = 50
MOST_FIELDS = 20
DEEPEST = 4
TEXT_LENGTH = 4_000

_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_PROSE = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_LINE)]
Text = Annotated[
    str,
    BeforeValidator(lambda text: text.replace("\r\n", "\n") if isinstance(text, str) else text),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LENGTH, pattern=_PROSE),
]
Hours = Annotated[float, Field(ge=0, le=24 * 366, allow_inf_nan=False)]
Order = Annotated[int, Field(ge=0, le=10_000)]


def _date_as_text(value: Any) -> Any:
    """YAML has dates; a field's date is its text."""
    return value.isoformat() if isinstance(value, date) else value


Value = Annotated[
    StrictBool | StrictInt | StrictFloat | Annotated[str, StringConstraints(max_length=1_000, pattern=_LINE)] | None,
    BeforeValidator(_date_as_text),
]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=MOST_VALUES)]
Values = Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST_VALUES)]


class Source(Closed):
    """A closed record, some of whose members are words of Python."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False, serialize_by_alias=True)

    @property
    def written(self) -> dict[str, Any]:
        """As its author wrote it: nothing that he left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Name(Source):
    """What the rule is called, in both languages."""

    id: Word
    en: Word


class HoursSource(Source):
    """`calendar` is a key of `programme/calendars.yaml`."""

    calendar: Key
    open: StrictBool


class SinceSource(Source):
    """Without a calendar, all hours count."""

    what: Moment
    at_least_hours: Hours | None = None
    at_most_hours: Hours | None = None
    calendar: Key | None = None

    @model_validator(mode="after")
    def _bounds(self) -> "SinceSource":
        low, high = self.at_least_hours, self.at_most_hours
        if low is None and high is None:
            raise ValueError("say `at_least_hours`, `at_most_hours` or both")
        if low is not None and high is not None and low > high:
            raise ValueError("`at_least_hours` must not be above `at_most_hours`")
        return self


class ConditionSource(Source):
    """All that is said must be so. Of a list, one is enough; `none` stands for nothing at all."""

    channel: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=len(Channel))] | None = None
    topic: Words | None = None
    state: Annotated[tuple[CaseState, ...], Field(min_length=1, max_length=len(CaseState))] | None = None
    priority: Annotated[tuple[Priority, ...], Field(min_length=1, max_length=len(Priority))] | None = None
    tags: Words | None = None
    assignee: Words | None = None
    team: Words | None = None
    language: Annotated[tuple[Locale, ...], Field(min_length=1, max_length=len(Locale))] | None = None
    author: Words | None = None
    words: Words | None = None
    fields: Annotated[dict[Key, Values], Field(min_length=1, max_length=MOST_FIELDS)] | None = None
    entry: Annotated[dict[Key, Words], Field(min_length=1, max_length=MOST_FIELDS)] | None = None
    hours: HoursSource | None = None
    since: SinceSource | None = None
    all: Annotated[tuple["ConditionSource", ...], Field(min_length=1, max_length=MOST_PARTS)] | None = None
    any: Annotated[tuple["ConditionSource", ...], Field(min_length=1, max_length=MOST_PARTS)] | None = None
    not_: Annotated["ConditionSource | None", Field(alias="not")] = None

    @property
    def parts(self) -> tuple["ConditionSource", ...]:
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))

    @property
    def depth(self) -> int:
        return 1 + max((part.depth for part in self.parts), default=0)

    @model_validator(mode="after")
    def _says_something(self) -> "ConditionSource":
        if all(getattr(self, name) is None for name in ConditionSource.model_fields):
            raise ValueError("it says nothing")
        return self


class TagsSource(Source):
    add: Annotated[tuple[Word, ...], Field(max_length=MOST_TAGS)] = ()
    remove: Annotated[tuple[Word, ...], Field(max_length=MOST_TAGS)] = ()


class AnswerSource(Source):
    """What the participant is told, by language, or as the macro with this key says it. May have placeholders."""

    id: Text | None = None
    en: Text | None = None
    macro: Key | None = None

    @model_validator(mode="after")
    def _has_words(self) -> "AnswerSource":
        own = self.id is not None and self.en is not None
        if own is (self.macro is not None) or (self.id is None) is not (self.en is None):
            raise ValueError("say `id` and `en`, or `macro`")
        return self


class ActsSource(Source):
    """What is done, in this order whatever the order it is written in. `none` stands for nothing."""

    topic: Word | None = None
    fields: Annotated[dict[Key, Value], Field(min_length=1, max_length=MOST_FIELDS)] | None = None
    priority: Priority | None = None
    tags: TagsSource | None = None
    assign: Word | None = None
    team: Word | None = None
    note: Text | None = None
    reply: AnswerSource | None = None
    state: CaseState | None = None
    reason: Key | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> "ActsSource":
        if all(getattr(self, name) is None for name in ActsSource.model_fields):
            raise ValueError("it does nothing")
        if self.assign is not None and self.team is not None:
            raise ValueError("either `assign` or `team`")
        if self.reason is not None and self.state is None:
            raise ValueError("a `reason` is that of a `state`")
        return self


class RuleSource(Source):
    """`key` stands in timelines for years. Of equal `order`, those of the file come first, as they stand in it."""

    key: Key
    label: Name
    enabled: StrictBool = True
    order: Order = 100
    once_per_case: StrictBool = False
    when: Annotated[tuple[Word, ...], Field(min_length=1, max_length=MOST_VALUES)]
    if_: Annotated[ConditionSource | None, Field(alias="if")] = None
    then: ActsSource

    @model_validator(mode="after")
    def _is_not_too_deep(self) -> "RuleSource":
        if self.if_ is not None and self.if_.depth > DEEPEST:
            raise ValueError(f"`if` is more than {DEEPEST} deep")
        return self
