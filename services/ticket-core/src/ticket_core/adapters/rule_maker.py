"""Makes rules of what people wrote, or says everything that is wrong with it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Locale
from kawal.errors import KawalError
from kawal.programme import Topics, load_yaml
from ticket_core.adapters.calendar_files import load_calendars
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.adapters.facts_files import load_gaps
from ticket_core.adapters.macro_source import FILE as MACROS
from ticket_core.adapters.macro_source import MacrosFile, MacroText
from ticket_core.adapters.programme import with_programme
from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.adapters.rule_source import ActsSource, AnswerSource, ConditionSource, RuleSource
from ticket_core.domain import tags
from ticket_core.domain.acts import Act, Answer, GiveTo, GiveToTeam, Move, Note, SetPriority, SetTopic, Tag, WriteDown
from ticket_core.domain.calendars import BusinessCalendar
from ticket_core.domain.conditions import (
    NONE,
    All,
    AnyOf,
    Condition,
    FieldIs,
    Hours,
    Member,
    Not,
    OneOf,
    Says,
    Since,
    What,
)
from ticket_core.domain.errors import InvalidRule
from ticket_core.domain.fields import FieldRule, FieldValue, checked
from ticket_core.domain.language import Lexicon
from ticket_core.domain.occasions import EVENTS, RULE, members_of
from ticket_core.domain.placeholders import Gaps, problems
from ticket_core.domain.policy import Policy
from ticket_core.domain.rules import Rule

AUTHORS = frozenset({*map(str, Author), RULE})
_TARGETS = frozenset({CaseState.OPEN, CaseState.PENDING, CaseState.ON_HOLD, CaseState.RESOLVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMaker:
    """What rules may name."""

    policy: Policy
    groups: frozenset[str]
    teams: frozenset[str]
    calendars: Mapping[str, BusinessCalendar]
    lexicon: Lexicon
    gaps: Gaps
    macros: Mapping[str, MacroText] = field(default_factory=dict)

    @classmethod
    def load(cls, programme: Path) -> "RuleMaker":
        """What the folder `programme` has; raises `ProgrammeError`."""
        macros = load_yaml(programme / MACROS, MacrosFile).macros
        return cls(
            policy=with_programme(Policy(), programme=programme),
            groups=frozenset(group.key for group in Topics.load(programme).groups),
            teams=frozenset(team.key for team in RoutingFile.load(programme).teams),
            calendars=load_calendars(programme),
            lexicon=load_matching(programme).lexicon,
            gaps=load_gaps(programme),
            macros={one.key: one.text for one in macros if one.text is not None},
        )

    def rule(self, source: RuleSource, *, version: int = 0) -> Rule:
        """Raises `InvalidRule`, with all that is wrong."""
        found: list[str] = []
        when = self._when(source, found)
        conditions = _Conditions(self, when, found)
        condition = conditions.made(source.if_, "if") if source.if_ is not None else All()
        acts = tuple(self.acts(source.then, found, names=self.gaps.names(agent=False)))
        if found:
            raise InvalidRule(found)
        return Rule(
            key=source.key,
            label=source.label.id,
            when=when,
            condition=condition,
            acts=acts,
            once_per_case=source.once_per_case,
            version=version,
        )

    def _when(self, source: RuleSource, found: list[str]) -> frozenset[str]:
        require_known(source.when, EVENTS, "when", found)
        return frozenset(source.when)

    def acts(self, source: ActsSource, found: list[str], *, names: Collection[str]) -> Iterator[Act]:
        """What is to be done, in its order; what is wrong with it is added to `found`."""
        if source.topic is not None:
            require_known([source.topic], self.policy.topics | {NONE}, "then.topic", found)
            yield SetTopic(_or_none(source.topic))
        if source.fields is not None:
            yield WriteDown(self.values(source.fields, "then.fields", found))
        if source.priority is not None:
            yield SetPriority(source.priority)
        if source.tags is not None:
            yield Tag(_tags(source.tags.add, "then.tags.add", found), _tags(source.tags.remove, "then.tags", found))
        if source.assign is not None:
            yield GiveTo(_or_none(source.assign))
        if source.team is not None:
            require_known([source.team], self.teams, "then.team", found)
            yield GiveToTeam(source.team)
        yield from _texts(source, found, names, self.macros)
        if source.state is not None:
            yield self._move(source.state, source.reason, found)

    def _move(self, state: CaseState, reason: str | None, found: list[str]) -> Move:
        reasons = {
            CaseState.ON_HOLD: self.policy.hold_reasons,
            CaseState.RESOLVED: self.policy.resolution_reasons,
        }.get(state, frozenset())
        if state not in _TARGETS:
            found.append(f"then.state: a rule can move a case to {', '.join(sorted(_TARGETS))}")
        elif reason is not None or state is CaseState.ON_HOLD:
            require_known([reason or NONE], reasons, "then.reason", found)
        return Move(state, reason)

    def values(
        self, given: Mapping[str, FieldValue | None], place: str, found: list[str]
    ) -> dict[str, FieldValue | None]:
        """Values of fields, whatever topic they belong to."""
        if not require_known(given, self.policy.fields, place, found):
            return {}
        rules: dict[str, FieldRule] = {
            key: replace(rule, topics=frozenset()) for key, rule in self.policy.fields.items()
        }
        return _collected(lambda: checked(given, rules=rules, topic=None), place, found) or {}


class _Conditions:
    def __init__(self, maker: RuleMaker, when: frozenset[str], found: list[str]) -> None:
        self._maker = maker
        self._when = when
        self._found = found

    def made(self, source: ConditionSource, place: str) -> Condition:
        parts = [*self._lists(source, place), *self._others(source, place), *self._nested(source, place)]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _lists(self, source: ConditionSource, place: str) -> Iterator[Condition]:
        maker = self._maker
        known: dict[What, Collection[str] | None] = {
            What.CHANNEL: None,
            What.TOPIC: maker.policy.topics | maker.groups | {NONE},
            What.STATE: None,
            What.PRIORITY: None,
            What.TAGS: None,
            What.ASSIGNEE: None,
            What.TEAM: maker.teams | {NONE},
            What.LANGUAGE: None,
            What.AUTHOR: AUTHORS,
        }
        for what, allowed in known.items():
            wanted = getattr(source, what)
            if wanted is None:
                continue
            if allowed is not None:
                require_known(wanted, allowed, f"{place}.{what}", self._found)
            if what is What.TAGS:
                wanted = _tags(wanted, f"{place}.tags", self._found)
            if what is What.ASSIGNEE:
                wanted = [one.lower() for one in wanted]
            yield OneOf(what, frozenset(map(str, wanted)))

    def _others(self, source: ConditionSource, place: str) -> Iterator[Condition]:
        if source.words is not None:
            yield self._says(source.words, f"{place}.words")
        for key, values in (source.fields or {}).items():
            if require_known([key], self._maker.policy.fields, f"{place}.fields", self._found):
                for value in values:
                    self._maker.values({key: value}, f"{place}.fields", self._found)
            yield FieldIs(key, values)
        for name, wanted in (source.entry or {}).items():
            require_known([name], members_of(self._when), f"{place}.entry", self._found)
            yield Member(name, frozenset(wanted))
        yield from self._times(source, place)

    def _times(self, source: ConditionSource, place: str) -> Iterator[Condition]:
        calendars = self._maker.calendars
        if source.hours is not None and self._has_calendar(source.hours.calendar, f"{place}.hours"):
            yield Hours(source.hours.calendar, calendars[source.hours.calendar], source.hours.open)
        since = source.since
        if since is not None and self._has_calendar(since.calendar, f"{place}.since"):
            yield Since(
                since.what,
                _hours(since.at_least_hours),
                _hours(since.at_most_hours),
                calendars[since.calendar] if since.calendar else None,
            )

    def _has_calendar(self, key: str | None, place: str) -> bool:
        return key is None or require_known([key], self._maker.calendars, f"{place}.calendar", self._found)

    def _nested(self, source: ConditionSource, place: str) -> Iterator[Condition]:
        if source.all is not None:
            yield All(tuple(self.made(one, f"{place}.all.{at}") for at, one in enumerate(source.all)))
        if source.any is not None:
            yield AnyOf(tuple(self.made(one, f"{place}.any.{at}") for at, one in enumerate(source.any)))
        if source.not_ is not None:
            yield Not(self.made(source.not_, f"{place}.not"))

    def _says(self, written: tuple[str, ...], place: str) -> Says:
        phrases = tuple(self._maker.lexicon.content(phrase).words for phrase in written)
        self._found += [
            f"{place}: {text!r} has no word that says anything"
            for text, phrase in zip(written, phrases, strict=True)
            if not phrase
        ]
        return Says(written, phrases)


def _texts(
    source: ActsSource, found: list[str], names: Collection[str], macros: Mapping[str, MacroText]
) -> Iterator[Act]:
    if source.note is not None:
        found += found_problems(source.note, "then.note", names)
        yield Note(source.note)
    if source.reply is not None:
        texts = _answer(source.reply, macros, found)
        for locale, text in texts.items():
            found += found_problems(text, f"then.reply.{locale}", names)
        yield Answer(texts)


def _answer(source: AnswerSource, macros: Mapping[str, MacroText], found: list[str]) -> dict[Locale, str]:
    """The rule's own words, or those of a macro."""
    words: AnswerSource | MacroText = source
    if source.macro is not None:
        if not require_known([source.macro], macros, "then.reply.macro", found):
            return {}
        words = macros[source.macro]
    return {Locale.INDONESIAN: words.id or "", Locale.ENGLISH: words.en or ""}


def found_problems(text: str, place: str, names: Collection[str]) -> list[str]:
    """What is wrong with the placeholders of a text."""
    return [f"{place}: {problem}" for problem in problems(text, known=names)]


def require_known(given: Iterable[str], known: Collection[str], place: str, found: list[str]) -> bool:
    """Whether all of `given` are known; those that are not are added to `found`."""
    unknown = [one for one in map(str, given) if one not in known]
    if unknown:
        found.append(f"{place}: there is no {', '.join(unknown)}; there are {', '.join(sorted(known)) or 'none'}")
    return not unknown


def _tags(written: Iterable[str], place: str, found: list[str]) -> tuple[str, ...]:
    return tuple(tag for one in written if (tag := _collected(lambda one=one: tags.tag_of(one), place, found)))  # type: ignore[misc]


def _collected(make: Callable[[], Any], place: str, found: list[str]) -> Any:
    try:
        return make()
    except KawalError as wrong:
        found.append(f"{place}: {wrong.title}. {wrong}")
        return None


def _or_none(word: str) -> str | None:
    return None if word == NONE else word


def _hours(amount: float | None) -> timedelta | None:
    return None if amount is None else timedelta(hours=amount)
