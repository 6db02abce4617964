"""What rules would have done with what has happened: each entry is shown to them with the case as it was then.

What rules wrote themselves is passed over. What a rule would write is shown to the others, but does not change what
came later: people would perhaps have done something else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case, Conversation
from ticket_core.domain.conditions import Checked, failed
from ticket_core.domain.entries import Entry
from ticket_core.domain.evolve import evolve
from ticket_core.domain.language import Lexicon
from ticket_core.domain.occasions import Occasion, opens, rule_of
from ticket_core.domain.placeholders import Gaps
from ticket_core.domain.policy import Policy
from ticket_core.domain.roster import Roster
from ticket_core.domain.rules import Firing, Rule
from ticket_core.domain.ruling import Outcome, Ran, Ruling, Scene, firings

WOULD_BE = 1_000_000_000
"""Where the places of entries begin that were never written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is the same for all cases."""

    gaps: Gaps
    policy: Policy
    lexicon: Lexicon
    roster: Roster = field(default_factory=Roster)


@dataclass(frozen=True, slots=True)
class Then:
    """An entry, with the case after it and where it was told."""

    occasion: Occasion
    case: Case
    conversation: Conversation | None

    @property
    def by_rule(self) -> bool:
        return rule_of(self.occasion.entry.author_id) is not None

    @property
    def scene(self) -> Scene | None:
        """Where rules can act: not with cases that are over."""
        if self.conversation is None or self.case.state is CaseState.CLOSED:
            return None
        return Scene(case=self.case, conversation=self.conversation, participant=None)


def moments(entries: Sequence[Entry], conversations: Mapping[str, Conversation], stage: Stage) -> Iterator[Then]:
    """Every entry of a whole timeline, as it was then."""
    case: Case | None = None
    for place, entry in enumerate(entries):
        case = evolve(case, entry)
        said = entries[place + 1].text if opens(entry) and place + 1 < len(entries) else entry.text
        spoken = conversations.get(entry.conversation_id or case.conversation_id or "")
        occasion = Occasion(
            entry=entry,
            text=said,
            language=spoken.locale if spoken else None,
            lexicon=stage.lexicon,
            roster=stage.roster,
        )
        yield Then(occasion, case, conversations.get(case.conversation_id or ""))


class Rehearsal:
    """Of one case, from its first entry on."""

    def __init__(self, rules: Sequence[Rule], stage: Stage, *, participant: str | None) -> None:
        self._rules = rules
        self._stage = stage
        self._participant = participant
        self._fired: list[Firing] = []
        self._next = WOULD_BE

    def show(self, then: Then) -> list[Ran]:
        """What would have come of it, with what that would have set off."""
        if then.scene is None or then.by_rule:
            return []
        found: list[Ran] = []
        waiting = [(then.occasion, replace(then.scene, participant=self._participant))]
        while waiting:
            occasion, scene = waiting.pop(0)
            ran = self._run(occasion, scene)
            found += ran
            written = [entry for one in ran for entry in one.entries]
            after = replace(scene, case=reduce(evolve, written, scene.case))
            waiting += [(replace(occasion, entry=entry, text=entry.text), after) for entry in written]
        return found

    def _run(self, occasion: Occasion, scene: Scene) -> list[Ran]:
        case = scene.case._replace(last_seq=self._next)
        ruling = Ruling(occasion, gaps=self._stage.gaps, policy=self._stage.policy, now=occasion.at)
        # The latest first: `chain` looks for what led to an entry.
        ran = ruling.run(self._rules, replace(scene, case=case, fired=tuple(reversed(self._fired))))
        self._fired += firings(ran, case_id=case.id, seq=occasion.seq, now=occasion.at)
        self._next += sum(len(one.entries) for one in ran)
        return ran


class Because(StrEnum):
    """Why a rule acted on an entry, or did not."""

    ACTED = "acted"
    REFUSED = "refused"
    CASE_CLOSED = "case_closed"
    NOT_MET = "not_met"
    ONCE_PER_CASE = "once_per_case"
    NOTHING_TO_CHANGE = "nothing_to_change"
    LOOP = "loop"
    TOO_OFTEN = "too_often"
    WOULD_ACT = "would_act"
    WOULD_BE_REFUSED = "would_be_refused"


_BECAUSE = {
    Outcome.FIRED: Because.WOULD_ACT,
    Outcome.REFUSED: Because.WOULD_BE_REFUSED,
    Outcome.LOOP: Because.LOOP,
    Outcome.TOO_OFTEN: Because.TOO_OFTEN,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of one rule at one entry. `failed` are the conditions for want of which it did nothing.

    `would_act`: it has not, but by what is known now it would; perhaps it is newer than the entry, or was disabled.
    """

    seq: int
    because: Because
    checked: Checked
    failed: list[Checked]
    refused: str | None = None


def reasons(
    rule: Rule, history: Iterable[Then], fired: Sequence[Firing], stage: Stage, *, participant: str | None
) -> Iterator[Reason]:
    """At every entry that the rule waits for; `fired` is what rules really did with the case."""
    for then in history:
        if not rule.when.isdisjoint(then.occasion.events):
            checked = rule.condition.explain(then.case, then.occasion)
            because, refused = _because(rule, then, fired, stage, participant=participant, met=checked.met)
            yield Reason(then.occasion.seq, because, checked, failed(checked), refused)


def _because(
    rule: Rule, then: Then, fired: Sequence[Firing], stage: Stage, *, participant: str | None, met: bool
) -> tuple[Because, str | None]:
    mine = [one for one in fired if one.rule == rule.key]
    done = next((one for one in mine if one.seq == then.occasion.seq), None)
    if done is not None:
        return (Because.REFUSED, done.refused) if done.refused else (Because.ACTED, None)
    if then.scene is None:
        return Because.CASE_CLOSED, None
    if not met:
        return Because.NOT_MET, None
    before = tuple(one for one in fired if one.seq < then.occasion.seq)
    if rule.once_per_case and any(one.refused is None for one in mine if one.seq < then.occasion.seq):
        return Because.ONCE_PER_CASE, None
    ruling = Ruling(then.occasion, gaps=stage.gaps, policy=stage.policy, now=then.occasion.at)
    ran = ruling.run([rule], replace(then.scene, participant=participant, fired=before))
    return (_BECAUSE[ran[0].outcome], ran[0].refused) if ran else (Because.NOTHING_TO_CHANGE, None)
