"""A rule in words that somebody who writes no YAML understands."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kawal.contracts.words import Locale
from ticket_core.adapters.rule_source import ActsSource, ConditionSource, RuleSource, SinceSource
from ticket_core.console import showing
from ticket_core.console.rule_choices import FIELD, Choices
from ticket_core.domain.conditions import What


@dataclass(frozen=True, slots=True)
class Line:
    """`what` is one of `values`; `parts` are conditions within this one."""

    what: str
    values: list[str] = field(default_factory=list)
    parts: "list[Line]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InWords:
    label: str
    when: list[str]
    conditions: list[Line]
    acts: list[Line]


def in_words(source: RuleSource, choices: Choices) -> InWords:
    label = source.label.id if choices.locale is Locale.INDONESIAN else source.label.en
    when = [choices.event(event) for event in source.when]
    conditions = list(_conditions(source.if_, choices)) if source.if_ else []
    return InWords(label, when, conditions, list(acts_in_words(source.then, choices)))


def _conditions(source: ConditionSource, choices: Choices) -> Iterator[Line]:
    for what in (*What, "words"):
        wanted = getattr(source, what)
        if wanted is not None:
            yield Line(choices.name(what), [choices.label(what, value) for value in wanted])
    for key, values in (source.fields or {}).items():
        yield Line(choices.name(FIELD + key), [choices.label(FIELD + key, value) for value in values])
    for name, words in (source.entry or {}).items():
        yield Line(choices.name(f"entry.{name}"), [choices.label(f"entry.{name}", word) for word in words])
    if source.hours is not None:
        calendar = choices.label("calendar", source.hours.calendar)
        yield Line(calendar, [choices.said("open" if source.hours.open else "shut")])
    if source.since is not None:
        yield _since(source.since, choices)
    yield from _nested(source, choices)


def _since(since: SinceSource, choices: Choices) -> Line:
    bounds = (("at_least", since.at_least_hours), ("at_most", since.at_most_hours))
    values = [f"{choices.said(key)} {hours:g} {choices.said('hours')}" for key, hours in bounds if hours is not None]
    if since.calendar is not None:
        values[-1] += f" ({choices.label('calendar', since.calendar)})"
    return Line(choices.label("moment", since.what), [" ".join(values)])


def _nested(source: ConditionSource, choices: Choices) -> Iterator[Line]:
    if source.all is not None:
        for part in source.all:
            yield from _conditions(part, choices)
    if source.any is not None:
        yield Line(choices.said("any"), parts=[line for part in source.any for line in _together(part, choices)])
    if source.not_ is not None:
        yield _negated(list(_conditions(source.not_, choices)), choices)


def _negated(lines: list[Line], choices: Choices) -> Line:
    if len(lines) == 1 and not lines[0].parts:
        return Line(f"{lines[0].what} {choices.said('is_not')}", lines[0].values)
    return Line(choices.said("not"), parts=lines)


def _together(source: ConditionSource, choices: Choices) -> list[Line]:
    """One line for what must all be so."""
    lines = list(_conditions(source, choices))
    return lines if len(lines) == 1 else [Line(choices.said("all"), parts=lines)]


def acts_in_words(then: ActsSource, choices: Choices) -> Iterator[Line]:
    """In the order in which they are done."""
    if then.topic is not None:
        yield Line(choices.name("topic"), [choices.label("topic", then.topic)])
    for key, value in (then.fields or {}).items():
        yield Line(choices.name(FIELD + key), [choices.label(FIELD + key, value)])
    if then.priority is not None:
        yield Line(choices.name("priority"), [choices.label("priority", then.priority)])
    if then.tags is not None:
        yield Line(choices.name("tags"), [showing.tag_changes(then.tags)])
    if then.assign is not None:
        yield Line(choices.name("assignee"), [choices.label("assignee", then.assign)])
    if then.team is not None:
        yield Line(choices.name("team"), [choices.label("team", then.team)])
    yield from _said(then, choices)
    if then.state is not None:
        reason = f" ({choices.words.reasons.label(then.reason, locale=choices.locale)})" if then.reason else ""
        yield Line(choices.name("state"), [choices.label("state", then.state) + reason])


def _said(then: ActsSource, choices: Choices) -> Iterator[Line]:
    if then.note is not None:
        yield Line(choices.name("note"), [then.note])
    if then.reply is not None and then.reply.macro is not None:
        macro = next((one.macro for one in choices.macros if one.macro.key == then.reply.macro), None)
        yield Line(choices.name("reply"), [macro.label[choices.locale] if macro else then.reply.macro])
    elif then.reply is not None:
        words = then.reply.id if choices.locale is Locale.INDONESIAN else then.reply.en
        yield Line(choices.name("reply"), [words or ""])
