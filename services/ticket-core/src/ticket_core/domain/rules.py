"""Rules: when something happens to a case, and this holds, then do that. `ruling` lets them act."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ticket_core.domain.acts import Act
from ticket_core.domain.case import Case
from ticket_core.domain.conditions import All, Condition
from ticket_core.domain.occasions import Occasion, rule_of

LONGEST_CHAIN = 5
"""Rules that set off one another, one after the other; the next one is cut off."""
MOST_IN_A_WHILE = 20
WHILE = timedelta(hours=1)
"""Of one case: whatever goes round in a circle outside of us (a machine that answers each of our answers) ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`when` are events, of which one is enough (`occasions.EVENTS`). `acts` happen all or none, in their order.

    `once_per_case`: whatever happens later, it does not act on the case again. `version` counts its changes.
    """

    key: str
    label: str
    when: frozenset[str]
    condition: Condition = field(default_factory=All)
    acts: tuple[Act, ...]
    once_per_case: bool = False
    version: int = 0

    def answers(self, case: Case, occasion: Occasion) -> bool:
        """Whether it would act, as far as it is about the case and the occasion alone."""
        return not self.when.isdisjoint(occasion.events) and self.condition.holds(case, occasion)


class Firing(NamedTuple):
    """The rule acted because of the entry `seq`, and wrote the entries `first` to `last`; or it was `refused`."""

    case_id: str
    seq: int
    rule: str
    version: int
    at: datetime
    first: int | None = None
    last: int | None = None
    refused: str | None = None


def chain(occasion: Occasion, fired: Sequence[Firing]) -> tuple[str, ...]:
    """The rules that led to an entry, the latest first; none, if no rule wrote it."""
    found: list[str] = []
    seq, rule = occasion.seq, rule_of(occasion.entry.author_id)
    while rule is not None:
        found.append(rule)
        cause = next((one for one in fired if _wrote(one, rule, seq)), None)
        if cause is None:
            break
        seq = cause.seq
        rule = next((one.rule for one in fired if one.first is not None and one.first <= seq <= (one.last or 0)), None)
    return tuple(found)


def acted_often(fired: Sequence[Firing], *, now: datetime) -> bool:
    """Whether rules have acted on the case so often lately that something must be wrong."""
    return sum(one.refused is None and now - one.at < WHILE for one in fired) >= MOST_IN_A_WHILE


def _wrote(firing: Firing, rule: str, seq: int) -> bool:
    return firing.rule == rule and firing.first is not None and firing.first <= seq <= (firing.last or 0)
