"""What rules make of an entry: pure, for the real thing, a dry run and an explanation alike.

Each rule sees what the ones before it did. Each does all of its acts or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Channel
from kawal.errors import KawalError
from ticket_core.domain.acts import Act, Answer
from ticket_core.domain.case import Agent, Case, Conversation
from ticket_core.domain.decide import decide
from ticket_core.domain.doing import Doer
from ticket_core.domain.entries import AutomaticAnswer, Entry
from ticket_core.domain.evolve import advance
from ticket_core.domain.inputs import RunRules
from ticket_core.domain.occasions import Occasion, rule_id
from ticket_core.domain.pen import Pen
from ticket_core.domain.placeholders import Gaps, fill
from ticket_core.domain.policy import Policy
from ticket_core.domain.rules import LONGEST_CHAIN, Firing, Rule, acted_often, chain
from ticket_core.domain.timekeeping import caught_up
from ticket_core.domain.world import Step, World


class Outcome(StrEnum):
    """What became of a rule that would change something. The last two are for want of sense, not of will."""

    FIRED = "fired"
    REFUSED = "refused"
    LOOP = "loop"
    TOO_OFTEN = "too_often"


@dataclass(frozen=True, slots=True)
class Ran:
    """A rule, what it wrote if it `fired`, and the code of why not if it was refused."""

    rule: Rule
    outcome: Outcome
    entries: tuple[Entry, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class RulesRan:
    """What became of the rules that an entry was shown to."""

    case_id: str
    seq: int
    ran: tuple[Ran, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The case as it is, where its participant is answered, his name, and what rules did with it before."""

    case: Case
    conversation: Conversation
    participant: str | None
    fired: tuple[Firing, ...] = ()


class Ruling:
    def __init__(self, occasion: Occasion, *, gaps: Gaps, policy: Policy, now: datetime) -> None:
        self._occasion = occasion
        self._gaps = gaps
        self._policy = policy
        self._now = now

    def run(self, rules: Sequence[Rule], scene: Scene) -> list[Ran]:
        """Show the occasion to the rules, in their order; what comes of those that would change something."""
        led_here = chain(self._occasion, scene.fired)
        fired, ran = list(scene.fired), list[Ran]()
        case, conversation = scene.case, scene.conversation
        for rule in rules:
            if _has_acted(rule, self._occasion, fired) or not rule.answers(case, self._occasion):
                continue
            one = self._try(rule, case, conversation, scene.participant)
            if one is None:
                continue
            if rule.key in led_here or len(led_here) >= LONGEST_CHAIN:
                one = Ran(rule, Outcome.LOOP)
            elif acted_often(fired, now=self._now):
                one = Ran(rule, Outcome.TOO_OFTEN)
            ran.append(one)
            fired += firings([one], case_id=case.id, seq=self._occasion.seq, now=self._now)
            case, conversation = advance(case, conversation, one.entries)
        return ran

    def _try(self, rule: Rule, case: Case, conversation: Conversation, participant: str | None) -> Ran | None:
        """What the rule would write; `None`, when all is so already."""
        doer = self._doer(rule, case, conversation, participant)
        entries: list[Entry] = []
        try:
            for act in rule.acts:
                written = self._signed(self._entries(act, doer, case, conversation), rule)
                case, conversation = advance(case, conversation, written)
                entries += written
        except KawalError as refused:
            return Ran(rule, Outcome.REFUSED, refused=refused.code)
        return Ran(rule, Outcome.FIRED, tuple(entries)) if entries else None

    def _doer(self, rule: Rule, case: Case, conversation: Conversation, participant: str | None) -> Doer:
        name = conversation.name or participant
        values = self._gaps.values(locale=conversation.locale, number=case.number, participant=name)
        return Doer(agent=Agent(rule_id(rule.key), rule.label), roster=self._occasion.roster, values=values)

    def _entries(self, act: Act, doer: Doer, case: Case, conversation: Conversation) -> list[Entry]:
        if isinstance(act, Answer):
            return self._answer(act, doer, case, conversation)
        command = doer.command(act, case)
        if command is None:
            return []
        return decide(case, command, conversation=conversation, policy=self._policy, now=self._now)

    def _answer(self, act: Answer, doer: Doer, case: Case, conversation: Conversation) -> list[Entry]:
        """Nobody is called up by a rule: whoever speaks on the phone is answered by people."""
        if conversation.channel is Channel.VOICE:
            return []
        pen = Pen.on(case, conversation=conversation)
        text = fill(act.texts[conversation.locale], doer.values)
        pen.system(AutomaticAnswer(), at=self._now, visible=True, text=text)
        return pen.entries

    def _signed(self, entries: Sequence[Entry], rule: Rule) -> list[Entry]:
        """By the rule, because of the occasion. What participants see does not name it."""
        return [
            entry._replace(
                author=Author.SYSTEM,
                author_id=rule_id(rule.key),
                author_name=rule.label if entry.conversation_seq is None else None,
                about=self._occasion.seq,
            )
            for entry in entries
        ]


def run_rules(world: World, given: RunRules, *, policy: Policy, now: datetime) -> RulesRan:
    """Let the rules act on the case as it is now. Nothing is done with one that is closed, or part of another."""
    case, seq = world.cases[given.case_id], given.occasion.seq
    conversation = world.conversations.get(case.conversation_id or "")
    if conversation is None or not world.are_one(conversation.participant_id, case.participant_id):
        return RulesRan(case.id, seq, ())
    if case.state is CaseState.CLOSED:
        return RulesRan(case.id, seq, ())
    fired = tuple(world.fired.get(case.id, ()))
    name = world.name_of(case.participant_id)
    late, current = caught_up(case, now=now)
    scene = Scene(case=current, conversation=conversation, participant=name, fired=fired)
    ran = Ruling(given.occasion, gaps=given.gaps, policy=policy, now=now).run(given.rules, scene)
    step = Step(fired=firings(ran, case_id=case.id, seq=seq, now=now))
    entries = [entry for one in ran for entry in one.entries]
    if entries:
        written = [*late, *entries]
        step.record(written, case=case, conversation=conversation, traceparent=given.traceparent, sla=policy.sla)
    world.accept(step)
    return RulesRan(case.id, seq, tuple(ran))


def firings(ran: Sequence[Ran], *, case_id: str, seq: int, now: datetime) -> list[Firing]:
    """What is to be remembered of what became of rules."""
    return [
        Firing(
            case_id,
            seq,
            one.rule.key,
            one.rule.version,
            now,
            one.entries[0].seq if one.entries else None,
            one.entries[-1].seq if one.entries else None,
            one.refused,
        )
        for one in ran
        if one.outcome in (Outcome.FIRED, Outcome.REFUSED)
    ]


def _has_acted(rule: Rule, occasion: Occasion, fired: Sequence[Firing]) -> bool:
    """On this very entry; or at all, if once is enough."""
    mine = (one for one in fired if one.rule == rule.key)
    return any(one.seq == occasion.seq or (rule.once_per_case and one.refused is None) for one in mine)
