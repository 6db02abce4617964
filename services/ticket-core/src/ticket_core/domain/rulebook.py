"""All rules that hold, in the order in which they act."""

from collections.abc import Iterable

from ticket_core.domain.acts import Act, GiveTo, GiveToTeam, Note
from ticket_core.domain.conditions import All, AnyOf, Condition, Not, OneOf, What
from ticket_core.domain.placeholders import Gaps
from ticket_core.domain.rules import Rule

_WHO = (What.ASSIGNEE, What.TEAM)


class RuleBook:
    """`events` are what any rule waits for. `asks_who`: some rule names people or teams."""

    def __init__(self, rules: Iterable[Rule] = (), *, gaps: Gaps | None = None) -> None:
        self.rules = tuple(rules)
        self.gaps = gaps or Gaps()
        self.events = frozenset(event for rule in self.rules for event in rule.when)
        self.asks_who = any(name_people(rule.acts) or _asks_who(rule.condition) for rule in self.rules)
        self._waiting: dict[frozenset[str], tuple[Rule, ...]] = {}

    def waiting_for(self, events: frozenset[str]) -> tuple[Rule, ...]:
        """The rules for which one of `events` is enough."""
        found = self._waiting.get(events)
        if found is None:
            found = self._waiting[events] = tuple(rule for rule in self.rules if not rule.when.isdisjoint(events))
        return found


def name_people(acts: Iterable[Act]) -> bool:
    """Whether one has to know who works here. A note may call somebody."""
    return any(isinstance(act, GiveTo | GiveToTeam) or (isinstance(act, Note) and "@" in act.text) for act in acts)


def _asks_who(condition: Condition) -> bool:
    match condition:
        case All(parts=parts) | AnyOf(parts=parts):
            return any(map(_asks_who, parts))
        case Not(part=part):
            return _asks_who(part)
        case OneOf(what=what):
            return what in _WHO
        case _:
            return False
